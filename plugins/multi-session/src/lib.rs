//! Several accounts in one browser: each sign-in leaves a cookie of its own, and the user switches between them.

mod device;
mod list;
mod options;
mod remember;
mod revoke;
mod set_active;
mod sign_out;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

const INVALID_SESSION_TOKEN: ErrorCode = ErrorCode::new(401, "INVALID_SESSION_TOKEN", "Invalid session token");

/// The whole plugin: its cookies, its endpoints and what it does when sessions begin and end.
pub fn plugin() -> Plugin {
    Plugin::new("multi-session", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .cookie(CookieRule::prefixed(device::PREFIX).all_that_begin_so())
        .route(
            Route::get("/multi-session/list-device-sessions", list::list)
                .summary("Lists the sessions of this browser")
                .answers(|| schema::list(schema::any_object())),
        )
        .route(
            Route::post("/multi-session/set-active", set_active::set_active)
                .summary("Makes another session of this browser the present one")
                .refuses(&[INVALID_SESSION_TOKEN]),
        )
        .route(
            Route::post("/multi-session/revoke", revoke::revoke)
                .summary("Ends a session of this browser")
                .answers(|| schema::object(&[("status", schema::boolean())]))
                .refuses(&[ErrorCode::UNAUTHORIZED, INVALID_SESSION_TOKEN]),
        )
        .after(On::any_path().when_session_cookie_is_set(), remember::remember)
        .after("/sign-out", sign_out::sign_out)
        .error(INVALID_SESSION_TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake::{self, RawReply, RawRequest};

    /// Signs a user in, in the one browser of the test.
    fn sign_in(email: &str) -> String {
        let user = match users::find_by_email(email).expect("store") {
            Some(user) => user,
            None => users::create(&json!({ "email": email })).expect("user"),
        };
        let session = sessions::open(&user, "email").expect("session");
        let reply = RawReply::signed_in(&json!({ "id": user.id() }));
        remember::remember(&Request::new(&RawRequest::get("/", &[])), &Reply::new(&reply)).expect("hook");
        session.token().to_owned()
    }

    fn begin(maximum_sessions: usize) {
        fake::reset();
        fake::with(|world| {
            world.options = json!({ "maximum_sessions": maximum_sessions }).to_string();
            world.core_options.insert("session".to_owned(), json!({ "expires_in": 604_800 }));
        });
    }

    fn call(action: &str, token: &str) -> Result<Response> {
        RawRequest::post(&format!("/multi-session/{action}"), &json!({ "sessionToken": token })).send(&plugin())
    }

    fn current() -> Option<String> {
        sessions::current().expect("store").map(|session| session.token().to_owned())
    }

    #[test]
    fn an_account_has_one_session_in_a_browser() {
        begin(5);
        let (first, bob) = (sign_in("ada@example.com"), sign_in("bob@example.com"));
        let second = sign_in("ada@example.com");
        assert_eq!(device::tokens().expect("cookies"), [bob, second]);
        assert!(fake::with(|world| !world.live.contains_key(&first)));
    }

    #[test]
    fn beyond_the_limit_nothing_is_kept() {
        begin(2);
        let kept = [sign_in("a@example.com"), sign_in("b@example.com")];
        let third = sign_in("c@example.com");
        assert_eq!(device::tokens().expect("cookies"), kept);
        assert_eq!(current(), Some(third));
    }

    #[test]
    fn dead_sessions_and_impersonations_do_not_count() {
        begin(2);
        let (dead, live) = (sign_in("a@example.com"), sign_in("b@example.com"));
        fake::with(|world| world.live.remove(&dead));
        let third = sign_in("c@example.com");
        assert_eq!(device::tokens().expect("cookies"), [live.clone(), third.clone()]);
        // An administrator acts as someone who has a session here.
        let user = users::find_by_email("b@example.com").expect("store").expect("user");
        session_administration::impersonate(&user, "impersonation", 60, &json!({ "impersonatedBy": "admin" }))
            .expect("session");
        let reply = RawReply::signed_in(&json!({ "id": user.id() }));
        remember::remember(&Request::new(&RawRequest::get("/", &[])), &Reply::new(&reply)).expect("hook");
        assert_eq!(device::tokens().expect("cookies"), [live, third]);
    }

    #[test]
    fn the_current_session_changes_and_ends() {
        begin(5);
        let (ada, bob) = (sign_in("ada@example.com"), sign_in("bob@example.com"));
        call("set-active", &ada.to_uppercase()).expect("resumed");
        assert_eq!(current(), Some(ada.clone()));
        call("revoke", &ada).expect("revoked");
        assert_eq!(current(), Some(bob.clone()));
        call("revoke", &bob).expect("revoked");
        assert_eq!(current(), None);
        assert_eq!(call("revoke", &bob).expect_err("refused").refusal().code.as_deref(), Some("UNAUTHORIZED"));
    }

    #[test]
    fn a_cookie_counts_only_under_its_own_name() {
        begin(5);
        let ada = sign_in("ada@example.com");
        let stolen = device::cookie_name("victim");
        fake::with(|world| world.cookies.insert(stolen, ada));
        assert_eq!(call("set-active", "victim").expect_err("refused").refusal().status, 401);
        assert_eq!(device::tokens().expect("cookies").len(), 1);
    }

    #[test]
    fn a_dead_session_is_refused_and_forgotten() {
        begin(5);
        let ada = sign_in("ada@example.com");
        fake::with(|world| world.live.clear());
        assert_eq!(
            call("set-active", &ada).expect_err("refused").refusal().code.as_deref(),
            Some("INVALID_SESSION_TOKEN")
        );
        assert!(fake::with(|world| world.cookies.is_empty()));
    }
}
