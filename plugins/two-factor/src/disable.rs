//! `POST /two-factor/disable`: takes the second factor and everything that belongs to it away.

use crate::errors::INVALID_PASSWORD;
use crate::options::Options;
use crate::{enrolment, password, replacement, trusted_devices};
use doorward_sdk::prelude::*;

pub const REFUSALS: &[ErrorCode] = &[ErrorCode::UNAUTHORIZED, INVALID_PASSWORD, ErrorCode::PASSWORD_TOO_LONG];

pub struct Disable {
    password: Option<String>,
}

impl Input for Disable {
    fn read(fields: &mut Fields<'_>) -> Self {
        Disable { password: password::read(fields) }
    }
}

pub fn disable(_request: &Request, input: Disable) -> Result<Response> {
    let options: Options = config::options()?;
    let session = sessions::require()?;
    password::check(&options, &session.user, input.password.as_deref())?;
    let user_id = session.user.id();
    transactions::run(|| {
        enrolment::remove(&user_id)?;
        trusted_devices::forget_all(&user_id)?;
        replacement::switch(&session, false)?;
        trusted_devices::forget_this(&user_id)
    })?;
    Response::json(&json!({ "status": true }))
}
