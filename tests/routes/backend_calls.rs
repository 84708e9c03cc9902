//! The calls of an application's own backend: every endpoint by name, on the management address.

use serde_json::{Value as Json, json};

use super::{ada, sign_up, with};
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(
    a_backend_signs_people_up_and_in,
    neither_origins_nor_addresses_limit_a_backend,
    redirects_lead_to_trusted_places_as_ever,
    scopes_are_names_of_endpoints,
    an_endpoint_gets_its_method_its_parameters_and_its_query,
    the_client_is_who_the_backend_says,
);

const KEY: &str = "key-for-everything-0123456789-012345";
const OPTIONS: &str = r#"
[management]
address = "127.0.0.1:0"
keys = [
    { name = "all", value = "key-for-everything-0123456789-012345", scopes = ["*"] },
    { name = "few", value = "key-for-a-few-things-0123456789-0123", scopes = ["get-session", "sign-in/email"] },
]
"#;

async fn call(server: &Fixture, name: &str, body: &Json) -> Answer {
    server.call_function(KEY, name, body).await
}

async fn a_backend_signs_people_up_and_in(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    let up = call(&server, "sign-up-email", &json!({ "body": ada() })).await;
    assert_eq!((up.status, &up.json()["user"]["email"]), (200, &json!("ada@example.com")), "{}", up.text);
    assert_eq!(up.cookie_changes(), ["session_token"]);
    let answer = call(&server, "sign-in-email", &json!({ "body": ada() })).await;
    assert_eq!(answer.cookie_changes(), ["session_token"]);
    // The cookie that the backend passes on is good for a browser, and a browser's for the backend.
    let cookie = answer.cookie();
    assert_eq!(server.get("/get-session", &cookie).await.json()["user"]["name"], "Ada");
    let session = call(&server, "get-session", &json!({ "headers": { "cookie": cookie } })).await;
    assert_eq!(session.json()["user"]["name"], "Ada");
    assert_eq!(call(&server, "get-session", &json!({})).await.text, "null");
    let out = call(&server, "sign-out", &json!({ "headers": { "cookie": cookie } })).await;
    assert_eq!((out.status, out.json()), (200, json!({ "success": true })));
    assert!(out.cookie_changes().contains(&"-session_token".to_owned()));
    assert_eq!(server.get("/get-session", &cookie).await.text, "null");
    let wrong =
        call(&server, "sign-in-email", &json!({ "body": with(ada(), "password", json!("wrong horse 1")) })).await;
    assert_eq!(wrong.refusal(), "401 INVALID_EMAIL_OR_PASSWORD Invalid email or password");
    // None of these names is a path of the public address.
    for name in ["/sign-in-email", "/sign-up-email"] {
        assert_eq!(server.post(name, &ada()).await.status, 404, "{name}");
    }
}

async fn neither_origins_nor_addresses_limit_a_backend(place: Place) {
    let server = Fixture::start_limited(&place, OPTIONS).await;
    sign_up(&server).await;
    let headers = json!({ "origin": "https://elsewhere.example", "cookie": "a=b", "sec-fetch-site": "cross-site" });
    for _ in 0..10 {
        let answer = call(&server, "sign-in-email", &json!({ "body": ada(), "headers": headers })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    // Guesses are counted by account, whoever asks.
    let guess = json!({ "body": with(ada(), "password", json!("wrong horse 1")) });
    let mut statuses = Vec::new();
    for _ in 0..25 {
        statuses.push(call(&server, "sign-in-email", &guess).await.status);
    }
    assert_eq!((statuses.first(), statuses.last()), (Some(&401), Some(&429)), "{statuses:?}");
}

async fn redirects_lead_to_trusted_places_as_ever(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    let body = with(ada(), "callbackURL", json!("https://evil.example"));
    let answer = call(&server, "sign-up-email", &json!({ "body": body })).await;
    assert_eq!(answer.refusal(), "403 INVALID_CALLBACK_URL Invalid callbackURL");
    assert_eq!(server.rows("user").await, 0);
}

async fn scopes_are_names_of_endpoints(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    sign_up(&server).await;
    let key = "key-for-a-few-things-0123456789-0123";
    for (name, status) in [
        ("get-session", 200),
        ("sign-in-email", 200),
        ("sign-in/email", 200),
        ("sign-up-email", 403),
        ("list-sessions", 403),
        ("set-password", 403),
        ("no-such-endpoint", 403),
    ] {
        assert_eq!(server.call_function(key, name, &json!({ "body": ada() })).await.status, status, "{name}");
    }
    assert_eq!(
        call(&server, "no-such-endpoint", &json!({})).await.refusal(),
        "404 FUNCTION_NOT_FOUND There is no such function"
    );
    for name in ["dev-mailbox", "dev/mailbox.json"] {
        assert_eq!(call(&server, name, &json!({})).await.status, 404, "{name}");
    }
}

async fn an_endpoint_gets_its_method_its_parameters_and_its_query(place: Place) {
    let server = Fixture::start(&place, &format!("session.defer_session_refresh = true\n{OPTIONS}")).await;
    let cookie = sign_up(&server).await.cookie();
    let refreshed = call(&server, "get-session", &json!({ "method": "POST", "headers": { "cookie": cookie } })).await;
    assert_eq!(refreshed.json()["user"]["name"], "Ada", "{}", refreshed.text);
    let link = json!({ "params": { "token": "unknown" }, "query": { "callbackURL": "/done" } });
    let answer = call(&server, "request-password-reset-callback", &link).await;
    assert_eq!(
        (answer.status, answer.headers.get("location")),
        (302, Some("http://localhost:3000/done?error=INVALID_TOKEN"))
    );
    let verified = call(&server, "verify-email", &json!({ "query": { "token": "x" } })).await;
    assert_eq!(verified.refusal(), "401 INVALID_TOKEN Invalid token");
    for (name, body, message) in [
        ("get-session", json!({ "method": "PUT" }), "`method` must be a method of this endpoint"),
        ("get-session", json!({ "method": 1 }), "`method` must be a method of this endpoint"),
        ("request-password-reset-callback", json!({}), "`params` must have every parameter of the path"),
        (
            "request-password-reset-callback",
            json!({ "params": { "token": "a/b" } }),
            "`params` must have every parameter of the path",
        ),
        ("get-session", json!({ "params": [] }), "`params` must be an object of strings"),
        (
            "get-session",
            json!({ "cookies": {} }),
            "A call has no other members than `body`, `query`, `headers`, `params` and `method`",
        ),
    ] {
        assert_eq!(call(&server, name, &body).await.refusal(), format!("400 BAD_REQUEST {message}"), "{body}");
    }
}

async fn the_client_is_who_the_backend_says(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    let headers = json!({ "x-forwarded-for": "203.0.113.7", "user-agent": "their browser" });
    call(&server, "sign-up-email", &json!({ "body": ada(), "headers": headers })).await;
    let sessions = server.records("session").await;
    assert_eq!((sessions[0].text("ipAddress"), sessions[0].text("userAgent")), ("203.0.113.7", "their browser"));
}
