//! `POST /two-factor/verify-otp`: a code that was mailed.

use crate::caller::{self, Caller};
use crate::errors::{
    FAILED_TO_CREATE_SESSION, INVALID_CODE, INVALID_TWO_FACTOR_COOKIE, LOCKED, OTP_HAS_EXPIRED, TOO_MANY_ATTEMPTS,
};
use crate::lockout::Lockout;
use crate::mailed_code::{self, MailedCode};
use crate::options::Options;
use crate::verify_totp::Verify;
use crate::{ENABLED, enrolment, replacement};
use doorward_sdk::prelude::*;

pub const REFUSALS: &[ErrorCode] =
    &[INVALID_TWO_FACTOR_COOKIE, LOCKED, OTP_HAS_EXPIRED, TOO_MANY_ATTEMPTS, INVALID_CODE, FAILED_TO_CREATE_SESSION];

pub fn verify_otp(_request: &Request, input: Verify) -> Result<Response> {
    let options: Options = config::options()?;
    let caller = Caller::find()?;
    let row = enrolment::of(&caller.user().id())?;
    let lockout = Lockout::of(&options, &caller, row.as_ref());
    lockout.refuse_locked()?;
    let mailed = MailedCode::of(&caller);
    let kept = mailed.count_attempt(&options.otp_options)?;
    lockout.count()?;
    if !mailed_code::is_right(&options.otp_options, &kept, &input.code)? {
        return Err(INVALID_CODE.into());
    }
    lockout.reset()?;
    let is_enabled = caller.user().get(ENABLED).and_then(Value::as_bool) == Some(true);
    match &caller {
        Caller::SignedIn(session) if !is_enabled => {
            let new = transactions::run(|| {
                mailed.redeem()?;
                replacement::switch(session, true)
            })?;
            caller::answer(new.token(), &new.user)
        }
        Caller::Challenged(_) if !is_enabled => Err(FAILED_TO_CREATE_SESSION.into()),
        _ => caller.pass(&options, input.trust_device == Some(true), || mailed.redeem()),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{challenged, enrolled, post};
    use doorward_sdk::fake;
    use doorward_sdk::prelude::*;

    fn verify(code: &str) -> std::result::Result<Value, String> {
        post("/two-factor/verify-otp", &json!({ "code": code }))
    }

    fn sent() -> String {
        post("/two-factor/send-otp", &json!({})).expect("sent");
        let (kind, to, data) = fake::with(|world| world.mails.pop()).expect("mail");
        assert_eq!((kind.as_str(), to.as_str()), ("two-factor-otp", "ada@example.com"));
        data["otp"].as_str().expect("code").to_owned()
    }

    #[test]
    fn a_code_signs_in_in_every_form_it_is_stored() {
        for how in ["plain", "hashed", "encrypted"] {
            enrolled(&json!({ "otp_options": { "store_otp": how } }).to_string());
            challenged();
            assert_eq!(verify("123456"), Err("400 OTP_HAS_EXPIRED".into()));
            let code = sent();
            assert_eq!(verify("x"), Err("401 INVALID_CODE".into()));
            verify(&code).expect(how);
            assert!(fake::with(|world| world.verifications.is_empty()), "{how}");
        }
    }

    #[test]
    fn five_answers_then_a_new_code_is_needed() {
        enrolled("{}");
        challenged();
        let code = sent();
        for _ in 0..5 {
            assert_eq!(verify("x"), Err("401 INVALID_CODE".into()));
        }
        assert_eq!(verify(&code), Err("400 TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE".into()));
        assert_eq!(verify(&code), Err("400 OTP_HAS_EXPIRED".into()));
        verify(&sent()).expect("a new code");
    }

    #[test]
    fn a_code_ends_and_a_newer_one_replaces_it() {
        enrolled("{}");
        challenged();
        let old = sent();
        let new = sent();
        assert_eq!(verify(&old), Err("401 INVALID_CODE".into()));
        fake::with(|world| world.now_millis += 180_000);
        assert_eq!(verify(&new), Err("400 OTP_HAS_EXPIRED".into()));
    }

    #[test]
    fn who_has_mail_alone_is_locked_out_too() {
        enrolled("{}");
        fake::with(|world| world.tables.clear());
        for _ in 0..2 {
            challenged();
            sent();
            for _ in 0..5 {
                assert_eq!(verify("x"), Err("401 INVALID_CODE".into()));
            }
        }
        challenged();
        let code = sent();
        assert_eq!(verify(&code), Err("429 ACCOUNT_TEMPORARILY_LOCKED".into()));
        fake::with(|world| world.now_millis += 900_000);
        challenged();
        verify(&sent()).expect("the pause is over");
    }

    #[test]
    fn the_first_code_switches_it_on() {
        enrolled("{}");
        fake::with(|world| {
            _ = world.users.get_mut("user-1").expect("user").insert("twoFactorEnabled".into(), json!(false))
        });
        fake::sign_in(&users::find_by_id("user-1").expect("store").expect("user"));
        let answer = verify(&sent()).expect("enabled");
        assert_eq!((&answer["token"], &answer["user"]["twoFactorEnabled"]), (&json!("token-1"), &json!(true)));
    }
}
