//! `POST /two-factor/verify-backup-code`: a code of the list that the user keeps, used once.

use crate::backup_codes::BackupCodes;
use crate::caller::Caller;
use crate::enrolment::{self, Enrolment};
use crate::errors::{
    BACKUP_CODES_NOT_ENABLED, INVALID_BACKUP_CODE, INVALID_TWO_FACTOR_COOKIE, LOCKED, TOO_MANY_ATTEMPTS,
};
use crate::lockout::Lockout;
use crate::options::Options;
use doorward_sdk::prelude::*;

pub const REFUSALS: &[ErrorCode] =
    &[INVALID_TWO_FACTOR_COOKIE, BACKUP_CODES_NOT_ENABLED, LOCKED, TOO_MANY_ATTEMPTS, INVALID_BACKUP_CODE];

pub struct VerifyBackupCode {
    code: String,
    disable_session: Option<bool>,
    trust_device: Option<bool>,
}

impl Input for VerifyBackupCode {
    fn read(fields: &mut Fields<'_>) -> Self {
        VerifyBackupCode {
            code: fields.required("code"),
            disable_session: fields.optional("disableSession"),
            trust_device: fields.optional("trustDevice"),
        }
    }
}

pub fn verify_backup_code(_request: &Request, input: VerifyBackupCode) -> Result<Response> {
    let options: Options = config::options()?;
    let caller = Caller::find()?;
    let row = enrolment::of(&caller.user().id())?.ok_or(BACKUP_CODES_NOT_ENABLED)?;
    let lockout = Lockout::of(&options, &caller, Some(&row));
    lockout.refuse_locked()?;
    caller.count_attempt()?;
    lockout.count()?;
    let user_id = caller.user().id();
    let codes = BackupCodes::open(&row.backup_codes)?;
    let left = codes.and_then(|codes| codes.without(&user_id, &input.code)).ok_or(INVALID_BACKUP_CODE)?;
    let left = left.close(&user_id, options.backup_code_options.store_backup_codes)?;
    let strike = || strike(&row, &left);
    lockout.reset()?;
    match caller {
        caller if input.disable_session != Some(true) => {
            caller.pass(&options, input.trust_device == Some(true), strike)
        }
        Caller::SignedIn(session) => {
            strike()?;
            crate::caller::answer(session.token(), &session.user)
        }
        // The challenge is answered and nobody is signed in.
        Caller::Challenged(challenge) => {
            transactions::run(|| match challenge.redeem()? {
                true => strike(),
                false => Err(INVALID_TWO_FACTOR_COOKIE.into()),
            })?;
            Response::json(&json!({ "user": challenge.user }))
        }
    }
}

/// Writes what is left, unless the codes changed since they were read.
fn strike(row: &Enrolment, left: &str) -> Result<()> {
    if enrolment::replace_backup_codes(&row.id, &row.backup_codes, left)? {
        return Ok(());
    }
    let message = Some("Failed to verify backup code. Please try again.".to_owned());
    Err(Error::Api(ApiError { status: 409, code: None, message }))
}

#[cfg(test)]
mod tests {
    use crate::testing::{challenged, enrolled, post};
    use doorward_sdk::fake;
    use doorward_sdk::prelude::*;

    fn verify(body: Value) -> std::result::Result<Value, String> {
        post("/two-factor/verify-backup-code", &body)
    }

    #[test]
    fn a_code_is_used_once_and_the_rest_is_hashed() {
        enrolled("{}");
        challenged();
        assert_eq!(verify(json!({ "code": "aaaaa11111" })), Err("401 INVALID_BACKUP_CODE".into()));
        verify(json!({ "code": "aaaaa-11111" })).expect("signed in");
        let column = fake::with(|world| world.tables["twoFactor"][0]["backupCodes"].to_string());
        assert!(!column.contains("bbbbb-22222"), "{column}");
        challenged();
        assert_eq!(verify(json!({ "code": "aaaaa-11111" })), Err("401 INVALID_BACKUP_CODE".into()));
        verify(json!({ "code": "bbbbb-22222" })).expect("signed in");
    }

    #[test]
    fn an_answer_without_a_session_ends_the_challenge() {
        enrolled("{}");
        challenged();
        let answer = verify(json!({ "code": "aaaaa-11111", "disableSession": true })).expect("right");
        assert_eq!((answer.get("token"), &answer["user"]["email"]), (None, &json!("ada@example.com")));
        assert_eq!(verify(json!({ "code": "bbbbb-22222" })), Err("401 INVALID_TWO_FACTOR_COOKIE".into()));
        assert!(fake::with(|world| world.sessions.is_empty()));
    }

    #[test]
    fn who_has_no_codes_is_told() {
        enrolled("{}");
        fake::with(|world| world.tables.clear());
        challenged();
        assert_eq!(verify(json!({ "code": "aaaaa-11111" })), Err("400 BACKUP_CODES_NOT_ENABLED".into()));
    }
}
