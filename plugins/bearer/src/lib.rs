//! Sessions for clients without cookies: the `Authorization` header of a request replaces the session cookie.
//!
//! Answers that set the session cookie carry its value in the header `set-auth-token`, too.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Refuses bare tokens, as the database holds them: a token needs its signature.
    require_signature: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { require_signature: true }
    }
}

/// The whole plugin: its option and its two hooks.
pub fn plugin() -> Plugin {
    Plugin::new("bearer", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .before(On::any_path().when_header("authorization").ahead_of_scripts(), present)
        .secret("set-auth-token")
        .after(On::any_path().when_session_cookie_is_set().changes_answer(), issue)
}

fn present(_request: &Request) -> Result<Flow> {
    if let Some(token) = session_tokens::bearer() {
        let options: Options = config::options()?;
        // A wrong signature changes nothing: a session in the cookie still counts.
        session_tokens::present(&token, options.require_signature)?;
    }
    Ok(Flow::Proceed)
}

fn issue(_request: &Request, reply: &Reply) -> Result<()> {
    match session_tokens::issued() {
        Some(token) => reply.expose_header("set-auth-token", &token),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake::{self, RawReply, RawRequest};

    /// The user of a request that has this token and no cookie.
    fn bearer(token: Option<&str>, require_signature: bool) -> Option<String> {
        fake::reset();
        fake::with(|world| {
            let session = json!({ "session": { "token": "t" }, "user": { "id": "ada" } });
            world.live.insert("t".to_owned(), session);
            world.bearer = token.map(str::to_owned);
            world.options = json!({ "require_signature": require_signature }).to_string();
        });
        RawRequest::get("/get-session", &[]).run_before(&plugin()).expect("hook");
        sessions::current().expect("session").map(|session| session.user.id())
    }

    #[test]
    fn a_token_in_the_header_is_a_session() {
        let cases = [
            (Some("t"), false, Some("ada")),
            (Some("t.signature"), false, Some("ada")),
            (Some("t.other"), false, None),
            (Some("unknown"), false, None),
            (None, false, None),
            (Some("t"), true, None),
            (Some("t.signature"), true, Some("ada")),
        ];
        for (token, require_signature, user) in cases {
            assert_eq!(bearer(token, require_signature).as_deref(), user, "{token:?} {require_signature}");
        }
    }

    #[test]
    fn the_answer_of_a_sign_in_carries_the_token() {
        fake::reset();
        let reply = RawReply::plain(200);
        let run = || RawRequest::get("/x", &[]).run_after(&plugin(), &reply).expect("hook");
        run();
        assert_eq!(Reply::new(&reply).header("set-auth-token"), None);
        let user = users::create(&json!({ "email": "ada@example.com" })).expect("user");
        sessions::open(&user, "email").expect("session");
        run();
        assert_eq!(Reply::new(&reply).header("set-auth-token").as_deref(), Some("token-1.signature"));
        assert_eq!(Reply::new(&reply).header("access-control-expose-headers").as_deref(), Some("set-auth-token"));
    }
}
