//! `POST /two-factor/verify-totp`: a code of the authenticator app, for a sign-in, an enrolment or a second look.

use crate::caller::Caller;
use crate::enrolment::{self, Enrolment};
use crate::errors::{
    AUTHENTICATOR_UNREADABLE, INVALID_CODE, INVALID_TWO_FACTOR_COOKIE, LOCKED, TOO_MANY_ATTEMPTS, TOTP_NOT_ENABLED,
    TOTP_SWITCHED_OFF,
};
use crate::lockout::Lockout;
use crate::options::Options;
use crate::totp::SKEW;
use crate::{ENABLED, replacement};
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;

pub const REFUSALS: &[ErrorCode] = &[
    TOTP_SWITCHED_OFF,
    INVALID_TWO_FACTOR_COOKIE,
    TOTP_NOT_ENABLED,
    LOCKED,
    TOO_MANY_ATTEMPTS,
    INVALID_CODE,
    AUTHENTICATOR_UNREADABLE,
];

pub struct Verify {
    pub code: String,
    pub trust_device: Option<bool>,
}

impl Input for Verify {
    fn read(fields: &mut Fields<'_>) -> Self {
        Verify { code: fields.required("code"), trust_device: fields.optional("trustDevice") }
    }
}

pub fn verify_totp(_request: &Request, input: Verify) -> Result<Response> {
    let options: Options = config::options()?;
    if options.totp_options.disable {
        return Err(TOTP_SWITCHED_OFF.into());
    }
    let caller = Caller::find()?;
    let row = enrolment::of(&caller.user().id())?.ok_or(TOTP_NOT_ENABLED)?;
    if matches!(caller, Caller::Challenged(_)) && !row.is_active() {
        return Err(TOTP_NOT_ENABLED.into());
    }
    let lockout = Lockout::of(&options, &caller, Some(&row));
    lockout.refuse_locked()?;
    let seed = row.seed()?;
    caller.count_attempt()?;
    lockout.count()?;
    let step = seed.check(&options.totp_options, &input.code, clock::now_millis() / 1000);
    let step = step.ok_or(INVALID_CODE)?;
    if !options.allow_code_reuse && !is_first_use(&options, &row, step)? {
        return Err(INVALID_CODE.into());
    }
    lockout.reset()?;
    let is_enrolling = caller.user().get(ENABLED).and_then(Value::as_bool) != Some(true);
    match &caller {
        Caller::SignedIn(session) if row.verified != Some(true) && is_enrolling => return enrol(session, &row),
        _ => {}
    }
    caller.pass(&options, input.trust_device == Some(true), || match row.verified {
        Some(true) => Ok(()),
        _ => enrolment::verify(&row.id),
    })
}

/// Finishes an enrolment. The answer shows the session and the user as they were, as the reference does; the new session is
/// in the cookie.
fn enrol(session: &Session, row: &Enrolment) -> Result<Response> {
    transactions::run(|| {
        enrolment::verify(&row.id)?;
        replacement::switch(session, true)
    })?;
    crate::caller::answer(session.token(), &session.user)
}

/// Uses a step's code up, and with it those of earlier steps: a code that was seen on its way is worth nothing later.
fn is_first_use(options: &Options, row: &Enrolment, step: u64) -> Result<bool> {
    let reach = 2 * SKEW;
    let lives = options.totp_options.period * 3;
    let mut uses =
        (step.saturating_sub(reach)..=step).rev().map(|step| counters::hit(&format!("step:{}:{step}", row.id), lives));
    let is_first = uses.next().transpose()? == Some(1);
    if is_first {
        uses.try_for_each(|earlier| earlier.map(drop))?;
    }
    Ok(is_first)
}

#[cfg(test)]
mod tests {
    use crate::testing::{challenged, code, enrolled, post};
    use doorward_sdk::fake;
    use doorward_sdk::prelude::*;

    fn verify(code: &str) -> std::result::Result<Value, String> {
        post("/two-factor/verify-totp", &json!({ "code": code }))
    }

    fn row() -> Value {
        fake::with(|world| Value::Object(world.tables["twoFactor"][0].clone()))
    }

    #[test]
    fn a_right_code_becomes_a_session_once() {
        enrolled("{}");
        challenged();
        let now = code(0);
        let answer = verify(&now).expect("signed in");
        assert_eq!((&answer["token"], &answer["user"]["email"]), (&json!("token-1"), &json!("ada@example.com")));
        assert!(fake::with(|world| world.verifications.is_empty() && world.cookies.is_empty()));
        fake::with(|world| world.session = None);
        assert_eq!(verify(&now), Err("401 INVALID_TWO_FACTOR_COOKIE".into()));
        assert_eq!(fake::with(|world| world.sessions.len()), 1);
    }

    #[test]
    fn a_used_code_stays_used_and_with_it_those_before() {
        enrolled("{}");
        challenged();
        let (before, now, after) = (code(-1), code(0), code(1));
        verify(&now).expect("first use");
        for used in [&now, &before] {
            challenged();
            assert_eq!(verify(used), Err("401 INVALID_CODE".into()));
        }
        fake::with(|world| world.now_millis += 30_000);
        assert_eq!(verify(&now), Err("401 INVALID_CODE".into()), "in the step after its own");
        verify(&after).expect("a code of its own");
        enrolled(r#"{"allow_code_reuse":true}"#);
        for _ in 0..2 {
            challenged();
            verify(&now).expect("as the reference does");
        }
    }

    #[test]
    fn ten_wrong_codes_in_a_row_are_a_pause() {
        enrolled("{}");
        for round in 0..2 {
            challenged();
            for _ in 0..5 {
                assert_eq!(verify("000000"), Err("401 INVALID_CODE".into()));
            }
            if round == 0 {
                assert_eq!(verify(&code(0)), Err("400 TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE".into()));
            }
        }
        assert_eq!(row()["failedVerificationCount"], json!(10));
        challenged();
        assert_eq!(verify(&code(0)), Err("429 ACCOUNT_TEMPORARILY_LOCKED".into()));
        fake::with(|world| world.now_millis += 899_000);
        challenged();
        assert_eq!(verify(&code(0)), Err("429 ACCOUNT_TEMPORARILY_LOCKED".into()));
        fake::with(|world| world.now_millis += 1_000);
        verify(&code(0)).expect("the pause is over");
        assert_eq!((&row()["failedVerificationCount"], &row()["lockedUntil"]), (&json!(0), &Value::Null));
    }

    #[test]
    fn a_seed_that_the_server_cannot_read_is_told_and_counts_no_wrong_answer() {
        enrolled("{}");
        fake::with(|world| {
            _ = world.tables.get_mut("twoFactor").expect("table")[0].insert("secret".into(), json!("of another secret"))
        });
        for _ in 0..12 {
            challenged();
            assert_eq!(verify(&code(0)), Err("409 AUTHENTICATOR_UNREADABLE".into()));
        }
        assert_eq!(row()["failedVerificationCount"], json!(0));
        challenged();
        post("/two-factor/verify-backup-code", &json!({ "code": "aaaaa-11111" })).expect("another way is open");
    }

    #[test]
    fn the_tenth_answer_may_be_right() {
        enrolled("{}");
        fake::with(|world| {
            _ = world.tables.get_mut("twoFactor").expect("table")[0].insert("failedVerificationCount".into(), json!(9))
        });
        challenged();
        verify(&code(0)).expect("signed in");
        assert_eq!((&row()["failedVerificationCount"], &row()["lockedUntil"]), (&json!(0), &Value::Null));
    }

    #[test]
    fn who_is_signed_in_cannot_guess_either() {
        enrolled("{}");
        fake::sign_in(&users::find_by_id("user-1").expect("store").expect("user"));
        for _ in 0..100 {
            assert_eq!(verify("000000"), Err("401 INVALID_CODE".into()));
        }
        assert_eq!(verify(&code(0)), Err("429 ACCOUNT_TEMPORARILY_LOCKED".into()));
        assert_eq!(row()["failedVerificationCount"], json!(0), "sign-ins are not locked by a session");
    }

    #[test]
    fn an_enrolment_is_finished_by_its_first_code() {
        enrolled("{}");
        fake::with(|world| {
            _ = world.tables.get_mut("twoFactor").expect("table")[0].insert("verified".into(), json!(false));
            _ = world.users.get_mut("user-1").expect("user").insert("twoFactorEnabled".into(), json!(false));
        });
        challenged();
        assert_eq!(verify(&code(0)), Err("400 TOTP_NOT_ENABLED".into()), "it satisfies no sign-in before");
        fake::sign_in(&users::find_by_id("user-1").expect("store").expect("user"));
        let answer = verify(&code(0)).expect("enrolled");
        assert_eq!((&answer["token"], &answer["user"]["twoFactorEnabled"]), (&json!("token-0"), &json!(false)));
        assert_eq!(row()["verified"], json!(true));
        assert!(fake::with(|world| !world.live.contains_key("token-0") && world.live.contains_key("token-1")));
    }
}
