//! What the endpoints on sessions and accounts share: no session, another origin and a wrong body change nothing.

use serde_json::{Value as Json, json};

use super::{sign_in, sign_up};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(without_a_session_nothing_happens, from_another_origin_nothing_happens, a_wrong_body_comes_first);

/// Endpoints that change something, each with a body that is right.
fn changing() -> [(&'static str, Json); 5] {
    [
        ("/revoke-session", json!({ "token": "x" })),
        ("/revoke-sessions", json!({})),
        ("/revoke-other-sessions", json!({})),
        ("/update-session", json!({ "theme": "dark" })),
        ("/unlink-account", json!({ "accountId": "x" })),
    ]
}

async fn without_a_session_nothing_happens(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    sign_in(&server).await;
    let before = (server.records("session").await, server.records("account").await);
    let forged = cookie.replacen('.', "x.", 2).replacen("betterx.", "better.", 1);
    for (path, body) in changing() {
        for answer in [server.post(path, &body).await, server.post_as(path, &forged, &body).await] {
            assert_eq!(answer.refusal(), "401 UNAUTHORIZED Unauthorized", "{path}");
            assert!(answer.headers.get("set-cookie").is_none());
        }
    }
    for path in ["/list-sessions", "/list-accounts"] {
        assert_eq!(server.send("GET", path, &[], "").await.refusal(), "401 UNAUTHORIZED Unauthorized", "{path}");
        assert_eq!(server.get(path, &forged).await.refusal(), "401 UNAUTHORIZED Unauthorized", "{path}");
    }
    assert_eq!((server.records("session").await, server.records("account").await), before);
}

async fn from_another_origin_nothing_happens(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    sign_in(&server).await;
    let before = (server.records("session").await, server.records("account").await);
    for (path, body) in changing() {
        for (origin, expected) in [
            (Some("https://evil.example"), "403 INVALID_ORIGIN Invalid origin"),
            (Some("null"), "403 MISSING_OR_NULL_ORIGIN Missing or null Origin"),
            (None, "403 MISSING_OR_NULL_ORIGIN Missing or null Origin"),
        ] {
            let mut headers = vec![("content-type", "application/json"), ("cookie", cookie.as_str())];
            headers.extend(origin.map(|origin| ("origin", origin)));
            assert_eq!(server.send("POST", path, &headers, body.to_string()).await.refusal(), expected, "{path}");
        }
    }
    assert_eq!((server.records("session").await, server.records("account").await), before);
}

async fn a_wrong_body_comes_first(place: Place) {
    let server = Fixture::start(&place, "").await;
    for (path, body, issue) in [
        ("/revoke-session", json!({}), "[body.token] Invalid input: expected string, received undefined"),
        ("/revoke-session", json!({ "token": 1 }), "[body.token] Invalid input: expected string, received number"),
        ("/unlink-account", json!({}), "[body.accountId] Invalid input: expected string, received undefined"),
        ("/update-session", json!([]), "[body] Invalid input: expected record, received array"),
        ("/update-session", json!(null), "[body] Invalid input: expected record, received null"),
    ] {
        assert_eq!(server.post(path, &body).await.refusal(), format!("400 VALIDATION_ERROR {issue}"), "{path}");
    }
}
