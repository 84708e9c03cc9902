//! Calls of other endpoints by a plugin: with the caller's rights, and no others.

use serde_json::{Value as Json, json};

use super::{built, signed_in};
use crate::fixture::Fixture;
use crate::hostile::entry;
use crate::store::{Place, on_both};

const GRANTS: &str = r#"grants = ["pages", "transactions", "observes:/ok", "calls:/list-sessions", "calls:/update-user", "calls:/sign-in/email", "calls:/verify-password", "calls:/caller/**", "calls:/get-session", "secrets:/get-session"]"#;

fn caller() -> String {
    entry("caller", &built().join("caller.wasm"), GRANTS)
}

async fn read(server: &Fixture, cookie: &str, method: &str, path: &str) -> Json {
    server.get(&format!("/caller/read?method={method}&path={path}"), cookie).await.json()
}

async fn write(server: &Fixture, cookie: &str, path: &str, body: &Json) -> Json {
    server.post_as(&format!("/caller/write?method=POST&path={path}"), cookie, body).await.json()
}

on_both!(
    an_endpoint_is_called_with_the_rights_of_who_asks,
    what_reads_changes_nothing,
    what_is_not_named_or_opens_a_session_is_not_called,
    called_endpoints_have_their_limits,
);

async fn an_endpoint_is_called_with_the_rights_of_who_asks(place: Place) {
    let server = Fixture::start(&place, &caller()).await;
    let cookie = signed_in(&server).await;
    assert_eq!(read(&server, "", "GET", "/list-sessions").await["status"], json!(401));
    let seen = read(&server, &cookie, "GET", "/list-sessions").await;
    assert_eq!(seen["status"], json!(200));
    assert_eq!(seen["body"][0]["token"], json!("[redacted]"), "a secret field is a mark");
    let seen = read(&server, &cookie, "GET", "/get-session").await;
    assert_eq!(seen["body"]["user"]["email"], json!("ada@example.com"));
    assert!(seen["body"]["session"]["token"].as_str().unwrap().len() > 20, "with the grant it is seen: {seen}");

    let page = server.send_to_root("GET", "/caller?method=GET&path=/get-session", &[("cookie", &cookie)]).await;
    assert_eq!(page.json()["body"]["user"]["name"], json!("Ada"));
    let changed = write(&server, &cookie, "/update-user", &json!({ "name": "Ada Lovelace" })).await;
    assert_eq!(changed["status"], json!(200));
    let wrong = write(&server, &cookie, "/update-user", &json!({ "email": "eve@example.com" })).await;
    assert_eq!((&wrong["status"], wrong["body"]["code"].is_string()), (&json!(400), true), "{wrong}");
    let seen = read(&server, &cookie, "GET", "/get-session").await;
    assert_eq!(seen["body"]["user"]["name"], json!("Ada Lovelace"));
}

async fn what_reads_changes_nothing(place: Place) {
    let server = Fixture::start(&place, &caller()).await;
    let cookie = signed_in(&server).await;
    let refused = json!({ "denied": "while a GET is answered, only endpoints that are GET can be called" });
    assert_eq!(read(&server, &cookie, "POST", "/update-user").await, refused);
    let page = server.send_to_root("GET", "/caller?method=POST&path=/update-user", &[("cookie", &cookie)]).await;
    assert_eq!(page.json(), refused);
    let inside = server.post_as("/caller/inside", &cookie, &json!({})).await;
    assert!(inside.text.contains("while a transaction is open"), "{}", inside.text);
}

async fn what_is_not_named_or_opens_a_session_is_not_called(place: Place) {
    let server = Fixture::start(&place, &caller()).await;
    let cookie = signed_in(&server).await;
    for path in ["/list-accounts", "/caller", "/nowhere"] {
        let seen = read(&server, &cookie, "GET", path).await;
        assert_eq!(seen, json!({ "denied": format!("the manifest names no calls of `{path}`") }));
    }
    assert_eq!(read(&server, &cookie, "GET", "/caller/none").await, json!({ "status": 404, "body": null }));
    let body = json!({ "email": "ada@example.com", "password": "correct horse 1" });
    let refused = json!({ "denied": "an endpoint that signs people in cannot be called" });
    assert_eq!(write(&server, "", "/sign-in/email", &body).await, refused);
    assert_eq!(server.get("/list-sessions", &cookie).await.json().as_array().unwrap().len(), 1);
    // It calls itself, which calls itself, …
    let mut seen = read(&server, &cookie, "GET", "/caller/read").await;
    for _ in 0..3 {
        assert_eq!(seen["status"], json!(200), "{seen}");
        seen = seen["body"].take();
    }
    assert_eq!(seen, json!({ "denied": "requests call each other at most 3 deep" }));
    let many = server.get("/caller/read?method=GET&path=/get-session&times=100", &cookie).await;
    assert_eq!(many.status, 422, "calls count: {}", many.text);
    assert_eq!(server.get("/ok?method=GET&path=/get-session", &cookie).await.status, 200, "a hook calls nothing");
    let poor = entry("caller", &built().join("caller.wasm"), r#"grants = ["pages", "transactions", "observes:/ok"]"#);
    let error = Fixture::try_start(&place, &poor).await.err().unwrap();
    assert!(error.contains("calls /update-user with all that whoever makes the request may do there"), "{error}");
}

async fn called_endpoints_have_their_limits(place: Place) {
    let limits = "[rate_limit.custom_rules]\n\"/list-sessions\" = { window = 60, max = 2 }\n";
    let server = Fixture::start_limited(&place, &format!("{}{limits}", caller())).await;
    let cookie = signed_in(&server).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(read(&server, &cookie, "GET", "/list-sessions").await["status"].clone());
    }
    assert_eq!(seen, [200, 200, 429]);
}
