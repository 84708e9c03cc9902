//! Every sign-in of a user with a second factor waits for it, unless the device is trusted.

use crate::ENABLED;
use crate::challenge::{self, FirstFactor};
use crate::enrolment;
use crate::options::Options;
use crate::trusted_devices;
use doorward_sdk::prelude::*;

/// The plugin whose sessions passed already.
const OWN: &str = "two-factor";
/// Ways to sign in that prove no more than that someone reads the user's mail.
const BY_MAIL: [&str; 3] = ["magic-link", "email-otp", "verify-email"];

pub fn check(attempt: &Attempt) -> Result<Verdict> {
    let (user, plugin) = (attempt.user()?, attempt.plugin());
    if user.get(ENABLED).and_then(Value::as_bool) != Some(true) || plugin.as_deref() == Some(OWN) {
        return Ok(Verdict::Admit);
    }
    let options: Options = config::options()?;
    let method = attempt.method();
    if !options.enforces(plugin.as_deref(), &method) {
        return Ok(Verdict::Admit);
    }
    let user_id = user.get("id").and_then(Value::as_str).unwrap_or_default();
    if trusted_devices::renew(user_id, options.trust_device_max_age)? {
        return Ok(Verdict::Admit);
    }
    let has_app = !options.totp_options.disable && enrolment::of(user_id)?.is_some_and(|row| row.is_active());
    // More mail proves nothing to who signed in by mail; those who have nothing else are asked for it all the same.
    let first = if has_app && BY_MAIL.contains(&method.as_str()) { FirstFactor::Mail } else { FirstFactor::Other };
    let mut methods = Vec::new();
    methods.extend(has_app.then_some("totp"));
    methods.extend((options.otp_options.is_on() && first == FirstFactor::Other).then_some("otp"));
    challenge::begin(user_id, first, options.two_factor_cookie_max_age)?;
    let answer = json!({ "twoFactorRedirect": true, "twoFactorMethods": methods });
    Ok(Verdict::Challenge(Response::json(&answer)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::enrolled;
    use doorward_sdk::fake::{self, RawAttempt, RawChange};

    fn ask(attempt: RawAttempt) -> Option<Value> {
        match check(&Attempt::new(&attempt)).expect("decided") {
            Verdict::Admit => None,
            Verdict::Challenge(answer) => answer.body(),
        }
    }

    fn attempt(method: &str) -> RawAttempt {
        RawAttempt::new(&fake::with(|world| Value::Object(world.users["user-1"].clone())), method)
    }

    #[test]
    fn who_has_no_second_factor_passes_untouched() {
        fake::reset();
        users::create(&json!({ "email": "ada@example.com", "twoFactorEnabled": false })).expect("user");
        assert_eq!(ask(attempt("email")), None);
        assert!(fake::with(|world| world.verifications.is_empty() && world.cookies.is_empty()));
    }

    #[test]
    fn every_way_to_sign_in_is_challenged_but_those_that_are_two_factors() {
        enrolled("{}");
        for method in ["email", "username", "google", "passkey-presence"] {
            assert_eq!(ask(attempt(method)).expect(method)["twoFactorMethods"], json!(["totp", "otp"]), "{method}");
        }
        assert_eq!(ask(attempt("passkey").of_plugin("passkey")), None);
        for foreign in ["another", "social", "magic-link"] {
            for method in ["passkey", "impersonation"] {
                assert!(ask(attempt(method).of_plugin(foreign)).is_some(), "{foreign} {method}");
            }
        }
        assert_eq!(ask(attempt("impersonation").of_plugin("admin")), None);
        assert_eq!(ask(attempt("two-factor").of_plugin("two-factor")), None);
        assert!(ask(attempt("two-factor").of_plugin("another")).is_some(), "the name of a way is not the way");
    }

    #[test]
    fn more_mail_is_no_second_factor_after_mail() {
        enrolled("{}");
        for method in ["magic-link", "email-otp", "verify-email"] {
            assert_eq!(ask(attempt(method)).expect(method)["twoFactorMethods"], json!(["totp"]), "{method}");
        }
        fake::with(|world| world.tables.clear());
        assert_eq!(ask(attempt("magic-link")).expect("challenge")["twoFactorMethods"], json!(["otp"]));
    }

    #[test]
    fn only_what_is_set_up_is_offered() {
        enrolled(r#"{"totp_options":{"disable":true}}"#);
        assert_eq!(ask(attempt("email")).expect("challenge")["twoFactorMethods"], json!(["otp"]));
        enrolled(r#"{"otp_options":{"send_otp":false}}"#);
        assert_eq!(ask(attempt("email")).expect("challenge")["twoFactorMethods"], json!(["totp"]));
        enrolled("{}");
        fake::with(|world| world.core_options.clear());
        assert_eq!(ask(attempt("email")).expect("challenge")["twoFactorMethods"], json!(["totp"]));
    }

    #[test]
    fn a_trusted_device_passes_and_its_trust_is_renewed() {
        enrolled("{}");
        trusted_devices::trust("user-1", 60).expect("trusted");
        let cookie = || fake::with(|world| world.cookies.get(trusted_devices::COOKIE).cloned());
        let old = cookie().expect("cookie");
        assert_eq!(ask(attempt("email")), None);
        assert_ne!(cookie().expect("renewed"), old);
        assert_eq!(fake::with(|world| world.verifications.len()), 1);
        for useless in [old, "x!trust-device-unknown".to_owned()] {
            fake::with(|world| world.cookies.insert(trusted_devices::COOKIE.to_owned(), useless));
            assert!(ask(attempt("email")).is_some());
            assert_eq!(cookie(), None);
        }
    }

    #[test]
    fn trust_ends_when_anything_about_the_ways_in_changes() {
        enrolled("{}");
        trusted_devices::trust("user-1", 60).expect("trusted");
        fake::with(|world| world.credential_changes.insert("user-1".to_owned(), "a passkey".to_owned()));
        assert!(ask(attempt("email")).is_some());
        assert_eq!(fake::with(|world| world.cookies.get(trusted_devices::COOKIE).cloned()), None);
        // What the reference trusted stands in no table of this plugin, and its hash is of another key.
        enrolled("{}");
        let identifier = format!("{}{}", trusted_devices::PREFIX, "a".repeat(32));
        verifications::create(&identifier, "user-1", 60).expect("stored");
        let cookie = format!("{}!{identifier}", "b".repeat(43));
        fake::with(|world| world.cookies.insert(trusted_devices::COOKIE.to_owned(), cookie));
        assert_eq!(ask(attempt("email")), None);
    }

    #[test]
    fn two_people_in_one_browser_keep_their_trust_each() {
        enrolled("{}");
        let bob = json!({ "email": "bob@example.com", "twoFactorEnabled": true });
        let bob = users::create(&bob).expect("user");
        let of_bob = || RawAttempt::new(&json!(users::find_by_id(&bob.id()).expect("store")), "email");
        trusted_devices::trust("user-1", 60).expect("trusted");
        assert!(ask(of_bob()).is_some(), "ada's trust is not his");
        trusted_devices::trust(&bob.id(), 60).expect("trusted");
        for _ in 0..2 {
            assert_eq!((ask(attempt("email")), ask(of_bob())), (None, None));
        }
        trusted_devices::forget_this(&bob.id()).expect("forgotten");
        assert!(ask(of_bob()).is_some());
        assert_eq!(ask(attempt("email")), None);
    }

    #[test]
    fn trust_ends_with_its_time_and_when_all_devices_are_forgotten() {
        enrolled("{}");
        trusted_devices::trust("user-1", 60).expect("trusted");
        let kept = fake::with(|world| world.clone());
        fake::with(|world| world.now_millis += 60_000);
        assert!(ask(attempt("email")).is_some());
        fake::with(|world| *world = kept);
        let kept = fake::with(|world| world.clone());
        for (provider, is_trusted) in [("google", true), ("credential", false)] {
            fake::with(|world| *world = kept.clone());
            let row = json!({ "providerId": provider, "userId": "user-1" });
            RawChange::new("account", Action::Update, &row).run_after(&crate::plugin()).expect("noted");
            assert_eq!(ask(attempt("email")).is_none(), is_trusted, "{provider}");
        }
    }
}
