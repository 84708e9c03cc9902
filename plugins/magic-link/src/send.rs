//! `POST /sign-in/magic-link`: mails a link to an address. The answer is the same whether or not a user has it.

use crate::link::Link;
use crate::options::Options;
use doorward_sdk::prelude::*;

const TOKEN_LENGTH: u32 = 32;

pub struct Send {
    email: String,
    name: Option<String>,
    callback_url: Option<String>,
    new_user_callback_url: Option<String>,
    error_callback_url: Option<String>,
    metadata: Option<Map<String, Value>>,
}

impl Input for Send {
    fn read(fields: &mut Fields<'_>) -> Self {
        Send {
            email: fields.email("email"),
            name: fields.optional("name"),
            callback_url: fields.optional("callbackURL"),
            new_user_callback_url: fields.optional("newUserCallbackURL"),
            error_callback_url: fields.optional("errorCallbackURL"),
            metadata: fields.optional("metadata"),
        }
    }
}

pub fn send(_request: &Request, input: Send) -> Result<Response> {
    let options: Options = config::options()?;
    let token = crypto::random_string(TOKEN_LENGTH, crypto::LETTERS)?;
    let mut mail = json!({ "email": input.email, "url": url(&input, &token), "token": token });
    if let Some(metadata) = input.metadata {
        mail["metadata"] = Value::Object(metadata);
    }
    transactions::run(|| {
        Link::new(input.email.clone(), input.name.clone()).store(&token, options.store_token, options.expires_in)?;
        mail::enqueue("magic-link", &input.email, &mail)
    })?;
    Response::json(&json!({ "status": true }))
}

fn url(input: &Send, token: &str) -> String {
    let mut url = links::with_query(&links::endpoint("/magic-link/verify"), "token", token);
    url = links::with_query(&url, "callbackURL", given(&input.callback_url).unwrap_or("/"));
    let optional =
        [("newUserCallbackURL", &input.new_user_callback_url), ("errorCallbackURL", &input.error_callback_url)];
    for (name, target) in optional {
        if let Some(target) = given(target) {
            url = links::with_query(&url, name, target);
        }
    }
    url
}

/// An empty target is none.
fn given(target: &Option<String>) -> Option<&str> {
    target.as_deref().filter(|target| !target.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::plugin;
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    #[test]
    fn the_link_carries_the_targets_and_the_mail_the_metadata() {
        fake::reset();
        let body = json!({ "email": "Ada@Example.com", "callbackURL": "/home", "errorCallbackURL": "/oops", "metadata": { "a": 1 } });
        RawRequest::post("/sign-in/magic-link", &body).send(&plugin()).expect("sent");
        let (kind, to, data) = fake::with(|world| world.mails.remove(0));
        assert_eq!((kind.as_str(), to.as_str()), ("magic-link", "Ada@Example.com"));
        assert_eq!(data["metadata"], json!({ "a": 1 }));
        let token = data["token"].as_str().expect("token").to_owned();
        let expected = format!(
            "http://localhost:3000/api/auth/magic-link/verify?token={token}&callbackURL=%2Fhome&errorCallbackURL=%2Foops"
        );
        assert_eq!(data["url"], json!(expected));
        assert!(fake::with(|world| world.verifications.contains_key(&format!("magic-link:{token}"))));
    }

    #[test]
    fn a_hashed_token_is_not_in_the_store() {
        fake::reset();
        fake::with(|world| world.options = r#"{"store_token":"hashed"}"#.to_owned());
        RawRequest::post("/sign-in/magic-link", &json!({ "email": "a@b.co" })).send(&plugin()).expect("sent");
        let (_, _, data) = fake::with(|world| world.mails.remove(0));
        let token = data["token"].as_str().expect("token").to_owned();
        assert!(fake::with(|world| world.verifications.keys().all(|identifier| !identifier.contains(&token))));
        let query = [("token", token.as_str())];
        RawRequest::get("/magic-link/verify", &query).send(&plugin()).expect("redeemed");
    }

    #[test]
    fn bad_input_is_refused_and_nothing_is_sent() {
        let cases = [
            (json!({}), "[body.email] Invalid input: expected string, received undefined"),
            (json!({ "email": "x" }), "[body.email] Invalid email address"),
            (json!([]), "[body] Invalid input: expected object, received array"),
            (
                json!({ "email": 1, "metadata": "x" }),
                "[body.email] Invalid input: expected string, received number; [body.metadata] Invalid input: expected record, received string",
            ),
        ];
        for (body, message) in cases {
            fake::reset();
            let refusal =
                RawRequest::post("/sign-in/magic-link", &body).send(&plugin()).expect_err("refused").refusal();
            assert_eq!((refusal.status, refusal.code.as_deref()), (400, Some("VALIDATION_ERROR")));
            assert_eq!(refusal.message.as_deref(), Some(message));
            assert!(fake::with(|world| world.mails.is_empty() && world.verifications.is_empty()));
        }
    }
}
