//! Remembers how a user signed in last: in a cookie that the page can read, and in a field of the user if asked for.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

const COOKIE: &str = "better-auth.last_used_login_method";

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    cookie_name: String,
    max_age: u64,
    store_in_database: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { cookie_name: COOKIE.to_owned(), max_age: 30 * 24 * 60 * 60, store_in_database: false }
    }
}

/// The whole plugin: its options, its cookie, its field and the endpoints after which it looks.
pub fn plugin() -> Plugin {
    Plugin::new("last-login-method", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .cookie(CookieRule::literal(COOKIE).or_option("cookie_name"))
        .user_field(FieldRule::new("lastLoginMethod", FieldType::String).when_option("store_in_database"))
        .after("/sign-in/email", remember)
        .after("/sign-up/email", remember)
        .after("/callback/*", remember)
        .after("/magic-link/verify", remember)
        .after("/passkey/verify-authentication", remember)
        .after("/siwe/*", remember)
}

fn remember(request: &Request, reply: &Reply) -> Result<()> {
    // A challenged sign-in deletes the session cookie; the method counts as used then, too.
    if !reply.writes_session_cookie() {
        return Ok(());
    }
    let options: Options = config::options()?;
    let path = request.path();
    let method = method_of(&path);
    cookies::set(
        &options.cookie_name,
        method,
        cookies::Attributes { max_age_secs: Some(options.max_age), http_only: false },
    )?;
    if options.store_in_database {
        store(reply, method)?;
    }
    Ok(())
}

/// The endpoint's own name for the way to sign in: `email`, the provider of a callback, `magic-link`, `passkey`, `siwe`.
fn method_of(path: &str) -> &str {
    match path.split('/').nth(1).unwrap_or_default() {
        feature @ ("magic-link" | "passkey" | "siwe") => feature,
        _ => path.rsplit('/').next().unwrap_or_default(),
    }
}

fn store(reply: &Reply, method: &str) -> Result<()> {
    let Some(new) = reply.new_session() else { return Ok(()) };
    let Some(id) = new.pointer("/user/id").and_then(Value::as_str) else { return Ok(()) };
    users::update(id, &json!({ "lastLoginMethod": method }))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake::{self, RawReply, RawRequest};

    fn after(path: &str, reply: &RawReply) -> Option<String> {
        fake::with(|world| world.cookies.clear());
        let hooks = plugin();
        RawRequest::post(path, &json!({})).run_after(&hooks, reply).expect("hook");
        fake::with(|world| world.cookies.get(COOKIE).cloned())
    }

    #[test]
    fn the_method_is_named_after_the_endpoint() {
        fake::reset();
        let cases = [
            ("/sign-in/email", "email"),
            ("/sign-up/email", "email"),
            ("/callback/google", "google"),
            ("/magic-link/verify", "magic-link"),
            ("/passkey/verify-authentication", "passkey"),
            ("/siwe/verify", "siwe"),
        ];
        for (path, method) in cases {
            assert_eq!(after(path, &RawReply::signed_in(&json!({ "id": "u" }))).as_deref(), Some(method), "{path}");
        }
    }

    #[test]
    fn a_failed_sign_in_sets_nothing() {
        fake::reset();
        assert_eq!(after("/sign-in/email", &RawReply::plain(401)), None);
    }

    #[test]
    fn the_field_is_written_only_when_asked_for() {
        fake::reset();
        let user = users::create(&json!({ "email": "ada@example.com" })).expect("user");
        let reply = RawReply::signed_in(&json!({ "id": user.id() }));
        let stored = || users::find_by_id(&user.id()).expect("store").expect("user").get("lastLoginMethod").cloned();
        after("/sign-in/email", &reply);
        assert_eq!(stored(), None);
        fake::with(|world| world.options = r#"{"store_in_database":true}"#.to_owned());
        after("/sign-in/email", &reply);
        assert_eq!(stored(), Some(json!("email")));
    }
}
