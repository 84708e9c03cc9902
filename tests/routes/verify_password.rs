//! `POST /verify-password`.

use serde_json::json;

use super::sign_up;
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(only_the_right_password_is_confirmed);

async fn only_the_right_password_is_confirmed(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let before = server.counts().await;
    let answer = server.post_as("/verify-password", &cookie, &json!({ "password": "correct horse 1" })).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{\"status\":true}"));
    for (password, expected) in [
        (json!("correct horse 2"), "400 INVALID_PASSWORD Invalid password"),
        (json!(""), "400 INVALID_PASSWORD Invalid password"),
        (json!("a".repeat(129)), "400 PASSWORD_TOO_LONG Password too long"),
        (json!(null), "400 VALIDATION_ERROR [body.password] Invalid input: expected string, received null"),
    ] {
        let answer = server.post_as("/verify-password", &cookie, &json!({ "password": password })).await;
        assert_eq!(answer.refusal(), expected);
    }
    assert_eq!(server.counts().await, before);
}
