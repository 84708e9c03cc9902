//! Remembers how a user signed in last: in a cookie that the page can read, and in a field of the user if asked for.

mod method;
mod options;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

/// The whole plugin: its options, its cookie, its field, and when it looks.
pub fn plugin() -> Plugin {
    Plugin::new("last-login-method", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .cookie(CookieRule::literal(options::COOKIE).or_option("cookie_name"))
        .user_field(FieldRule::new("lastLoginMethod", FieldType::String).when_option("store_in_database"))
        .after(On::any_path().when_session_cookie_is_written(), show)
}

/// A challenged sign-in deletes the session cookie; the method counts as used then, too.
fn show(request: &Request, reply: &Reply) -> Result<()> {
    let options: Options = config::options()?;
    let Some(method) = method::of(&request.path(), &options) else { return Ok(()) };
    let attributes = cookies::Attributes { max_age_secs: Some(options.max_age), http_only: false };
    cookies::set(&options.cookie_name, &method, attributes)?;
    if options.store_in_database {
        store(reply, &method)?;
    }
    Ok(())
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
        RawRequest::post(path, &json!({})).run_after(&plugin(), reply).expect("hook");
        fake::with(|world| world.cookies.get(options::COOKIE).cloned())
    }

    #[test]
    fn the_cookie_has_the_method_of_the_endpoint() {
        fake::reset();
        let reply = RawReply::signed_in(&json!({ "id": "u" }));
        assert_eq!(after("/callback/google", &reply).as_deref(), Some("google"));
        assert_eq!(after("/sign-in/username", &reply), None);
        let options = json!({ "custom_resolve_method": { "/sign-in/username": "username" } });
        fake::with(|world| world.options = options.to_string());
        assert_eq!(after("/sign-in/username", &reply).as_deref(), Some("username"));
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
