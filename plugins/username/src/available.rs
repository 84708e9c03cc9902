//! `POST /is-username-available`: whether a name is valid and nobody has it.

use crate::errors::{INVALID, TOO_LONG, TOO_SHORT};
use crate::names;
use crate::options::Options;
use doorward_sdk::prelude::*;

pub const REFUSALS: &[ErrorCode] = &[TOO_SHORT.with_status(422), TOO_LONG.with_status(422), INVALID.with_status(422)];

pub struct Available {
    username: String,
}

impl Input for Available {
    fn read(fields: &mut Fields<'_>) -> Self {
        Available { username: fields.required("username") }
    }
}

pub fn is_available(_request: &Request, input: Available) -> Result<Response> {
    if input.username.is_empty() {
        return Err(INVALID.with_status(422).into());
    }
    let options: Options = config::options()?;
    if let Some(fault) = options.fault(&input.username) {
        return Err(names::refusal(fault).with_status(422).into());
    }
    let holder = names::holder(&input.username, &options)?;
    Response::json(&json!({ "available": holder.is_none() }))
}
