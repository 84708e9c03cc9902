//! `POST /two-factor/get-totp-uri`: shows the seed once more, to who knows the password.

use crate::errors::{AUTHENTICATOR_UNREADABLE, INVALID_PASSWORD, TOTP_NOT_ENABLED, TOTP_SWITCHED_OFF};
use crate::options::Options;
use crate::{enrolment, password};
use doorward_sdk::prelude::*;

pub const REFUSALS: &[ErrorCode] = &[
    ErrorCode::UNAUTHORIZED,
    TOTP_SWITCHED_OFF,
    TOTP_NOT_ENABLED,
    INVALID_PASSWORD,
    ErrorCode::PASSWORD_TOO_LONG,
    AUTHENTICATOR_UNREADABLE,
];

pub struct GetTotpUri {
    password: Option<String>,
}

impl Input for GetTotpUri {
    fn read(fields: &mut Fields<'_>) -> Self {
        GetTotpUri { password: password::read(fields) }
    }
}

pub fn get_totp_uri(_request: &Request, input: GetTotpUri) -> Result<Response> {
    let options: Options = config::options()?;
    let session = sessions::require()?;
    if options.totp_options.disable {
        return Err(TOTP_SWITCHED_OFF.into());
    }
    let row = enrolment::of(&session.user.id())?.ok_or(TOTP_NOT_ENABLED)?;
    password::check(&options, &session.user, input.password.as_deref())?;
    let uri = row.seed()?.uri(&options.totp_options, &options.issuer(), &session.user.email());
    Response::json(&json!({ "totpURI": uri }))
}
