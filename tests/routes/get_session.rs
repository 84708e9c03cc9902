//! `GET /get-session`.

use super::sign_up;
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    a_bad_cookie_is_no_session,
    a_session_is_extended_when_due,
    an_expired_session_is_removed,
    post_needs_an_option,
    a_deferred_extension_is_left_to_post,
    an_extension_that_will_not_come_is_not_announced,
    a_server_that_never_extends
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

async fn a_deferred_extension_is_left_to_post(place: Place) {
    let server = Fixture::start(&place, "session.defer_session_refresh = true").await;
    let cookie = sign_up(&server).await.cookie();
    assert_eq!(server.get("/get-session", &cookie).await.json()["needsRefresh"], false);
    server.pass_secs(86_400);
    let before = server.records("session").await;
    let due = server.get("/get-session", &cookie).await;
    assert_eq!((&due.json()["needsRefresh"], due.headers.get("set-cookie")), (&true.into(), None));
    assert_eq!(server.get("/list-accounts", &cookie).await.status, 200);
    assert_eq!(server.records("session").await, before);
    let extended = server.post_as("/get-session", &cookie, &serde_json::json!({})).await;
    assert_eq!(extended.json()["session"]["expiresAt"], "2026-01-09T00:00:00.000Z");
    assert!(extended.json().get("needsRefresh").is_none());
    assert_eq!(extended.cookie(), cookie);
    server.pass_secs(604_800);
    assert_eq!(server.get("/get-session", &cookie).await.text, "null");
    assert_eq!(server.rows("session").await, 1);
    assert_eq!(server.post_as("/get-session", &cookie, &serde_json::json!({})).await.text, "null");
    assert_eq!(server.rows("session").await, 0);
}

async fn an_extension_that_will_not_come_is_not_announced(place: Place) {
    let server = Fixture::start(&place, "session.defer_session_refresh = true").await;
    let body = super::with(super::ada(), "rememberMe", false.into());
    let cookies = server.post("/sign-up/email", &body).await.cookies();
    let (token, _) = cookies.split_once("; ").unwrap();
    for (path, cookie) in [("/get-session", cookies.as_str()), ("/get-session?disableRefresh=1", token)] {
        assert!(server.get(path, cookie).await.json().get("needsRefresh").is_none());
    }
}

async fn a_server_that_never_extends(place: Place) {
    let server = Fixture::start(&place, "session.disable_session_refresh = true").await;
    let cookie = sign_up(&server).await.cookie();
    server.pass_secs(604_799);
    let answer = server.get("/get-session", &cookie).await;
    assert_ne!(answer.text, "null");
    assert!(answer.headers.get("set-cookie").is_none());
}
