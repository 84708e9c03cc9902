//! `GET /get-session`.

use super::sign_up;
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    a_bad_cookie_is_no_session,
    a_session_is_extended_when_due,
    an_expired_session_is_removed,
    post_needs_an_option
);

async fn a_bad_cookie_is_no_session(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let (name, value) = cookie.split_once('=').unwrap();
    let (token, signature) = value.split_once('.').unwrap();
    let flipped = signature.replacen(&signature[..1], if signature.starts_with('A') { "B" } else { "A" }, 1);
    let huge = "x".repeat(40_000);
    for bad in [
        token.to_owned(),
        format!("{token}."),
        format!("{token}.{flipped}"),
        format!("{token}.{}", signature.trim_end_matches("%3D")),
        format!(".{signature}"),
        format!("{token}x.{signature}"),
        value.replace('%', "%25"),
        "%".into(),
        "%zz".into(),
        "\u{fffd}".into(),
        huge,
    ] {
        let answer = server.get("/get-session", &format!("{name}={bad}")).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "null"), "{bad:.80}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    assert_eq!(server.get("/get-session", &format!("__Secure-{cookie}")).await.text, "null");
    assert_ne!(server.get("/get-session", &cookie).await.text, "null");
}

async fn a_session_is_extended_when_due(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    server.pass_secs(86_399);
    assert!(server.get("/get-session", &cookie).await.headers.get("set-cookie").is_none());
    server.pass_secs(1);
    assert!(server.get("/get-session?disableRefresh=true", &cookie).await.headers.get("set-cookie").is_none());
    let extended = server.get("/get-session", &cookie).await;
    assert_eq!(extended.cookie(), cookie);
    assert_eq!(extended.json()["session"]["expiresAt"], "2026-01-09T00:00:00.000Z");
    assert!(server.get("/get-session", &cookie).await.headers.get("set-cookie").is_none());
}

async fn an_expired_session_is_removed(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    server.pass_secs(604_800);
    let answer = server.get("/get-session", &cookie).await;
    assert_eq!(answer.text, "null");
    assert!(answer.headers.all("set-cookie").all(|cookie| cookie.contains("Max-Age=0")));
    assert_eq!(answer.headers.all("set-cookie").count(), 3);
    assert_eq!(server.rows("session").await, 0);
}

async fn post_needs_an_option(place: Place) {
    let server = Fixture::start(&place, "").await;
    let answer = server.post("/get-session", &serde_json::json!({})).await;
    let expected = "405 METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED POST method requires deferSessionRefresh to be enabled \
                    in session config";
    assert_eq!(answer.refusal(), expected);
}
