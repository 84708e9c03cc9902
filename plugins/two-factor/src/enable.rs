//! `POST /two-factor/enable`: begins an enrolment with an authenticator app, or switches codes by mail on.

use crate::backup_codes::{self, BackupCodes};
use crate::enrolment::{self, Enrolment};
use crate::errors::{INVALID_PASSWORD, OTP_NOT_CONFIGURED, TOTP_ALREADY_ENABLED, TOTP_NOT_CONFIGURED};
use crate::options::Options;
use crate::totp::Seed;
use crate::{password, replacement};
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;

pub const REFUSALS: &[ErrorCode] = &[
    ErrorCode::UNAUTHORIZED,
    INVALID_PASSWORD,
    ErrorCode::PASSWORD_TOO_LONG,
    OTP_NOT_CONFIGURED,
    TOTP_NOT_CONFIGURED,
    TOTP_ALREADY_ENABLED,
];

pub struct Enable {
    password: Option<String>,
    method: Option<String>,
    issuer: Option<String>,
}

impl Input for Enable {
    fn read(fields: &mut Fields<'_>) -> Self {
        Enable {
            password: password::read(fields),
            method: fields.optional_choice("method", &["otp", "totp"]),
            issuer: fields.optional("issuer"),
        }
    }
}

pub fn enable(_request: &Request, input: Enable) -> Result<Response> {
    let options: Options = config::options()?;
    let session = sessions::require()?;
    password::check(&options, &session.user, input.password.as_deref())?;
    if input.method.as_deref() == Some("otp") {
        return enable_mail(&options, &session);
    }
    if options.totp_options.disable {
        return Err(TOTP_NOT_CONFIGURED.into());
    }
    let present = enrolment::of(&session.user.id())?;
    if present.as_ref().is_some_and(Enrolment::is_active) {
        return Err(TOTP_ALREADY_ENABLED.into());
    }
    enrol(&options, &session, present, input.issuer.as_deref())
}

fn enable_mail(options: &Options, session: &Session) -> Result<Response> {
    if !options.otp_options.is_on() {
        return Err(OTP_NOT_CONFIGURED.into());
    }
    transactions::run(|| replacement::switch(session, true))?;
    Response::json(&json!({ "method": "otp" }))
}

/// A new seed and new backup codes, in the place of those of an enrolment that was never finished.
fn enrol(options: &Options, session: &Session, present: Option<Enrolment>, issuer: Option<&str>) -> Result<Response> {
    let (user_id, how) = (session.user.id(), &options.backup_code_options);
    let codes = backup_codes::draw(how)?;
    let text = Seed::draw()?;
    let kept = BackupCodes::Readable(codes.clone()).close(&user_id, how.store_backup_codes)?;
    let row = json!({
        "secret": sealing::seal(&text)?,
        "backupCodes": kept,
        "verified": options.skip_verification_on_enable,
    });
    transactions::run(|| {
        enrolment::put(&user_id, present.as_ref(), row)?;
        if options.skip_verification_on_enable {
            replacement::switch(session, true)?;
        }
        Ok(())
    })?;
    let issuer = issuer.filter(|issuer| !issuer.is_empty()).map_or_else(|| options.issuer(), str::to_owned);
    let uri = Seed::of(&text).map(|seed| seed.uri(&options.totp_options, &issuer, &session.user.email()));
    Response::json(&json!({ "method": "totp", "totpURI": uri, "backupCodes": codes }))
}
