//! Remembers how a user signed in last: in a cookie that the page can read, and in a field of the user if asked for.

mod method;
mod options;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

const FIELD: &str = "lastLoginMethod";

/// The whole plugin: its options, its cookie, its field, and when it looks.
pub fn plugin() -> Plugin {
    Plugin::new("last-login-method", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .public_option("cookie_name")
        .cookie(CookieRule::literal(options::COOKIE).or_option("cookie_name"))
        .user_field(FieldRule::new(FIELD, FieldType::String).when_option(options::STORES))
        .event(Event::before("user", Action::Create, store_with_user).when_option(options::STORES))
        .event(Event::after("session", Action::Create, store).when_option(options::STORES))
        .after(On::any_path().when_session_cookie_is_written(), show)
}

/// A challenged sign-in deletes the session cookie; the method counts as used then, too.
fn show(request: &Request, _reply: &Reply) -> Result<()> {
    let options: Options = config::options()?;
    let Some(method) = method::of(&request.path(), &options) else { return Ok(()) };
    let attributes = cookies::Attributes { max_age_secs: Some(options.max_age), http_only: false };
    cookies::set(&options.cookie_name, &method, attributes)?;
    Ok(())
}

/// An event: a user whom a sign-in makes is stored with its method.
fn store_with_user(change: &Change) -> Result<()> {
    match method_of(change)? {
        Some(method) => change.set(&json!({ FIELD: method })),
        None => Ok(()),
    }
}

/// An event: the method of a new session is stored with its user, in one transaction.
fn store(change: &Change) -> Result<()> {
    let session = change.data()?;
    let Some(id) = session.get("userId").and_then(Value::as_str) else { return Ok(()) };
    let Some(method) = method_of(change)? else { return Ok(()) };
    let user = users::find_by_id(id)?;
    // A user who was made a moment ago has it already.
    if user.is_some_and(|user| user.get(FIELD).and_then(Value::as_str) != Some(&method)) {
        users::update(id, &json!({ FIELD: method }))?;
    }
    Ok(())
}

fn method_of(change: &Change) -> Result<Option<String>> {
    let options: Options = config::options()?;
    Ok(change.path().and_then(|path| method::of(&path, &options)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake::{self, RawChange, RawReply, RawRequest};

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

    fn stores(is_on: bool) {
        fake::with(|world| world.options = json!({ (options::STORES): is_on }).to_string());
    }

    fn stored(id: &str) -> Option<Value> {
        users::find_by_id(id).expect("store").expect("user").get(FIELD).cloned()
    }

    fn session_of(id: &str, path: &'static str) {
        let change = RawChange::new("session", Action::Create, &json!({ "userId": id })).at(path);
        change.run_after(&plugin()).expect("stored");
    }

    #[test]
    fn a_new_user_has_the_method_of_the_sign_up() {
        fake::reset();
        stores(true);
        let made =
            |path| RawChange::new("user", Action::Create, &json!({})).at(path).run_before(&plugin()).expect("made");
        assert_eq!(made("/sign-up/email").get(FIELD), Some(&json!("email")));
        assert_eq!(made("/magic-link/verify").get(FIELD), Some(&json!("magic-link")));
        assert_eq!(made("/admin/create-user").get(FIELD), None);
    }

    #[test]
    fn a_new_session_leaves_its_method_with_the_user() {
        fake::reset();
        stores(true);
        let id = users::create(&json!({ "email": "ada@example.com" })).expect("user").id();
        session_of(&id, "/sign-in/email");
        assert_eq!(stored(&id), Some(json!("email")));
        session_of(&id, "/admin/impersonate-user");
        assert_eq!(stored(&id), Some(json!("email")));
        session_of(&id, "/callback/google");
        assert_eq!(stored(&id), Some(json!("google")));
        stores(false);
        session_of(&id, "/sign-in/email");
        assert_eq!(stored(&id), Some(json!("google")), "the option is off");
    }
}
