//! What every endpoint that changes a user shares: no session, another origin and a wrong body change nothing.

use serde_json::{Value as Json, json};

use super::sign_up;
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(without_a_session_nothing_happens, from_another_origin_nothing_happens, untrusted_targets_are_refused);

const OPTIONS: &str = "mail.transport = \"mailbox\"\nuser.change_email.enabled = true\nuser.delete_user.enabled = true";

/// Endpoints that need a session, with a body that is right.
fn protected() -> [(&'static str, Json); 5] {
    [
        ("/update-user", json!({ "name": "Eve" })),
        ("/change-email", json!({ "newEmail": "eve@example.com" })),
        ("/delete-user", json!({ "password": "correct horse 1" })),
        ("/change-password", json!({ "currentPassword": "correct horse 1", "newPassword": "correct horse 2" })),
        ("/verify-password", json!({ "password": "correct horse 1" })),
    ]
}

async fn without_a_session_nothing_happens(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    let cookie = sign_up(&server).await.cookie();
    let before = (server.counts().await, server.records("user").await, server.records("account").await);
    let (name, value) = cookie.split_once('=').unwrap();
    let forged = format!("{name}={}", value.replace('.', "x."));
    for (path, body) in protected() {
        let unauthorized = "401 UNAUTHORIZED Unauthorized";
        assert_eq!(server.post(path, &body).await.refusal(), unauthorized, "{path}");
        assert_eq!(server.post_as(path, &forged, &body).await.refusal(), unauthorized, "{path}");
        assert_eq!(server.post(path, &json!([])).await.status, 400, "{path}: a wrong body comes first");
    }
    let callback = server.get("/delete-user/callback?token=x", "a=b").await;
    assert_eq!(callback.refusal(), "404 FAILED_TO_GET_USER_INFO Failed to get user info");
    assert_eq!((server.counts().await, server.records("user").await, server.records("account").await), before);
}

async fn from_another_origin_nothing_happens(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    let cookie = sign_up(&server).await.cookie();
    let before = (server.counts().await, server.records("user").await, server.records("account").await);
    let open = [
        ("/request-password-reset", json!({ "email": "ada@example.com" })),
        ("/reset-password", json!({ "newPassword": "correct horse 2", "token": "x" })),
        ("/send-verification-email", json!({ "email": "ada@example.com" })),
    ];
    for (path, body) in protected().into_iter().chain(open) {
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
    assert!(server.mails().await.is_empty());
    assert_eq!((server.counts().await, server.records("user").await, server.records("account").await), before);
}

async fn untrusted_targets_are_refused(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    let cookie = sign_up(&server).await.cookie();
    let before = server.counts().await;
    for target in
        ["https://evil.example", "//evil.example", "/\\evil.example", "/%5Cevil.example", "javascript:alert(1)"]
    {
        for (path, name) in [
            ("/request-password-reset", "redirectTo"),
            ("/send-verification-email", "callbackURL"),
            ("/change-email", "callbackURL"),
            ("/delete-user", "callbackURL"),
        ] {
            let body = json!({ "email": "ada@example.com", "newEmail": "new@example.com", name: target });
            let answer = server.post_as(path, &cookie, &body).await;
            assert_eq!(answer.status, 403, "{path} {target} {}", answer.text);
        }
        let escaped: String = target.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in ["/verify-email?token=x", "/reset-password/x?a=b", "/delete-user/callback?token=x"] {
            let answer = server.get(&format!("{path}&callbackURL={escaped}"), &cookie).await;
            assert_eq!(answer.refusal(), "403 INVALID_CALLBACK_URL Invalid callbackURL", "{path} {target}");
            assert!(answer.headers.get("location").is_none());
        }
    }
    assert!(server.mails().await.is_empty());
    assert_eq!(server.counts().await, before);
}
