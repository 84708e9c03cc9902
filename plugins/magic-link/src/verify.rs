//! `GET /magic-link/verify`: redeems a link once, finds or creates its user and signs them in.

use crate::link::Link;
use crate::options::Options;
use doorward_sdk::prelude::*;
use doorward_sdk::users::User;

pub struct Verify {
    token: String,
    callback_url: Option<String>,
    error_callback_url: Option<String>,
    new_user_callback_url: Option<String>,
}

impl Input for Verify {
    fn read(fields: &mut Fields<'_>) -> Self {
        Verify {
            token: fields.required("token"),
            callback_url: fields.optional("callbackURL"),
            error_callback_url: fields.optional("errorCallbackURL"),
            new_user_callback_url: fields.optional("newUserCallbackURL"),
        }
    }
}

pub fn verify(_request: &Request, input: Verify) -> Result<Response> {
    let options: Options = config::options()?;
    let Some(link) = Link::redeem(&input.token, options.store_token)? else {
        return Ok(failed(&input, "INVALID_TOKEN"));
    };
    let (user, is_new) = match user_of(&link, &options) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(failed(&input, "new_user_signup_disabled")),
        // A field that the operator requires and nobody gave.
        Err(Error::Host(HostError::Invalid(fault))) => {
            log::warn(&format!("no user could be made for a link: {fault}"));
            return Ok(failed(&input, "unable_to_create_user"));
        }
        // What forbids the new user says so on the page that shows errors.
        Err(Error::Host(HostError::Refused(ApiError { code: Some(code), message, .. }))) => {
            let url = failed_at(&input, &code);
            let described = message.map(|message| links::with_query(&url, "error_description", &message));
            return Ok(Response::redirect(described.unwrap_or(url)));
        }
        Err(error) => return Err(error),
    };
    let callback = input.callback_url.as_deref().filter(|callback| !callback.is_empty());
    let opened = match (sessions::open_as_chosen(&user, "magic-link"), callback) {
        (Ok(opened), _) => opened,
        (Err(error), Some(callback)) => return links::challenge_at(&links::absolute(callback), error),
        (Err(error), None) => return Err(error),
    };
    let Some(callback) = callback else {
        let (token, user, session) = (opened.token(), &opened.user, opened.fields());
        return Response::json(&json!({ "token": token, "user": user, "session": session }));
    };
    let welcome = input.new_user_callback_url.as_deref().filter(|url| is_new && !url.is_empty());
    Ok(Response::redirect(links::absolute(welcome.unwrap_or(callback))))
}

/// The user whose address the link went to, and whether they are new; none when they would be and new ones are not wanted.
fn user_of(link: &Link, options: &Options) -> Result<Option<(User, bool)>> {
    if let Some(user) = users::find_by_email(&link.email)? {
        return proven(user).map(|user| Some((user, false)));
    }
    if options.disable_sign_up {
        return Ok(None);
    }
    let name = link.name.as_deref().unwrap_or_default();
    match users::create(&json!({ "email": link.email, "emailVerified": true, "name": name })) {
        Ok(user) => Ok(Some((user, true))),
        // Another link to the same address was faster.
        Err(Error::Host(HostError::Conflict(_))) => {
            let user = users::find_by_email(&link.email)?.ok_or_else(Error::internal)?;
            proven(user).map(|user| Some((user, false)))
        }
        Err(error) => Err(error),
    }
}

/// Whoever signed up with the address without proving it may have been someone else.
fn proven(user: User) -> Result<User> {
    if user.is_email_verified() { Ok(user) } else { email_ownership::confirm(&user) }
}

fn failed(input: &Verify, code: &str) -> Response {
    Response::redirect(failed_at(input, code))
}

fn failed_at(input: &Verify, code: &str) -> String {
    let targets = [&input.error_callback_url, &input.callback_url];
    let target = targets.into_iter().flatten().find(|target| !target.is_empty());
    links::with_query(&links::absolute(target.map_or("/", String::as_str)), "error", code)
}

#[cfg(test)]
mod tests {
    use crate::plugin;
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    fn link(query: &[(&str, &str)]) -> Response {
        RawRequest::get("/magic-link/verify", query).send(&plugin()).expect("answer")
    }

    fn store(token: &str, email: &str) {
        let value = json!({ "type": "magic-link", "email": email, "name": "Ada" }).to_string();
        verifications::create(&format!("magic-link:{token}"), &value, 300).expect("stored");
    }

    fn location(response: &Response) -> String {
        fake::header(response, "location").unwrap_or_default()
    }

    #[test]
    fn a_new_user_is_created_verified_and_sent_to_the_welcome_page() {
        fake::reset();
        store("t", "Ada@Example.com");
        let query = [("token", "t"), ("callbackURL", "/home"), ("newUserCallbackURL", "/welcome")];
        assert_eq!(location(&link(&query)), "http://localhost:3000/welcome");
        let user = users::find_by_email("ada@example.com").expect("store").expect("user");
        assert!(user.is_email_verified());
        assert_eq!(fake::with(|world| world.sessions.clone()), [user.id()]);
        assert_eq!(location(&link(&query)), "http://localhost:3000/home?error=INVALID_TOKEN");
        assert_eq!(fake::with(|world| world.sessions.len()), 1);
    }

    #[test]
    fn a_known_user_goes_to_the_callback_and_no_callback_is_json() {
        fake::reset();
        users::create(&json!({ "email": "ada@example.com" })).expect("user");
        store("t", "ada@example.com");
        let query = [("token", "t"), ("callbackURL", "/home"), ("newUserCallbackURL", "/welcome")];
        assert_eq!(location(&link(&query)), "http://localhost:3000/home");
        store("u", "ada@example.com");
        assert_eq!(fake::body(&link(&[("token", "u")]))["token"], "token-2");
    }

    #[test]
    fn errors_go_to_the_error_page_and_open_nothing() {
        let cases: [(&[(&str, &str)], &str); 5] = [
            (&[("token", ""), ("callbackURL", "")], "http://localhost:3000/?error=INVALID_TOKEN"),
            (
                &[("token", "x"), ("callbackURL", "/a b?q=a%20b#top")],
                "http://localhost:3000/a%20b?q=a+b&error=INVALID_TOKEN#top",
            ),
            (&[("token", "x")], "http://localhost:3000/?error=INVALID_TOKEN"),
            (&[("token", "x"), ("callbackURL", "/home?a=1")], "http://localhost:3000/home?a=1&error=INVALID_TOKEN"),
            (
                &[("token", "x"), ("callbackURL", "/home"), ("errorCallbackURL", "/oops")],
                "http://localhost:3000/oops?error=INVALID_TOKEN",
            ),
        ];
        for (query, expected) in cases {
            fake::reset();
            assert_eq!(location(&link(query)), expected);
            assert!(fake::with(|world| world.sessions.is_empty()));
        }
    }

    #[test]
    fn a_value_that_is_no_link_is_an_invalid_one() {
        for value in ["x", r#"{"type":"other","email":"a@b.co"}"#, r#"{"type":"magic-link","email":"a@b.co","to":"c"}"#]
        {
            fake::reset();
            verifications::create("magic-link:t", value, 300).expect("stored");
            assert_eq!(location(&link(&[("token", "t")])), "http://localhost:3000/?error=INVALID_TOKEN", "{value}");
        }
    }

    #[test]
    fn with_sign_up_off_a_stranger_stays_one() {
        fake::reset();
        fake::with(|world| world.options = r#"{"disable_sign_up":true}"#.to_owned());
        store("t", "ada@example.com");
        assert_eq!(location(&link(&[("token", "t")])), "http://localhost:3000/?error=new_user_signup_disabled");
        assert!(fake::with(|world| world.users.is_empty() && world.sessions.is_empty()));
    }

    #[test]
    fn a_user_who_cannot_be_made_is_told_on_the_page() {
        fake::reset();
        fake::with(|world| world.required_user_fields = vec!["plan".to_owned()]);
        store("t", "ada@example.com");
        let query = [("token", "t"), ("callbackURL", "/home"), ("errorCallbackURL", "/oops")];
        assert_eq!(location(&link(&query)), "http://localhost:3000/oops?error=unable_to_create_user");
        assert!(fake::with(|world| world.users.is_empty() && world.sessions.is_empty()));
    }

    #[test]
    fn an_expired_link_is_an_invalid_one() {
        fake::reset();
        store("t", "ada@example.com");
        fake::with(|world| world.now_millis += 301_000);
        assert_eq!(location(&link(&[("token", "t")])), "http://localhost:3000/?error=INVALID_TOKEN");
    }
}
