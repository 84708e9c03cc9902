//! `POST /multi-session/set-active`: makes one of the browser's sessions the current one.

use crate::{INVALID_SESSION_TOKEN, device};
use doorward_sdk::prelude::*;

pub struct SessionToken(pub String);

impl Input for SessionToken {
    fn read(fields: &mut Fields<'_>) -> Self {
        SessionToken(fields.required("sessionToken"))
    }
}

pub fn set_active(_request: &Request, SessionToken(named): SessionToken) -> Result<Response> {
    let token = device::token(&named)?.ok_or(INVALID_SESSION_TOKEN)?;
    match browser_sessions::resume(&token, None)? {
        Some(session) => Response::json(&session),
        None => {
            device::forget(&token)?;
            Err(INVALID_SESSION_TOKEN.into())
        }
    }
}
