//! `POST /reset-password`.

use doorward::store::{Models, eq};
use serde_json::json;

use super::{sign_in_status, sign_up, with};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    the_token_sets_a_password_once,
    sessions_end_unless_the_operator_says_otherwise,
    a_user_without_a_password_gets_one,
    refusals_change_nothing
);

const MAIL: &str = "mail.transport = \"mailbox\"";

/// Asks for a link and returns the body that redeems it.
async fn ask(server: &Fixture) -> serde_json::Value {
    server.post("/request-password-reset", &json!({ "email": "ada@example.com" })).await;
    let mail = server.mail("reset-password").await;
    json!({ "newPassword": "correct horse 2", "token": mail.data["token"] })
}

async fn the_token_sets_a_password_once(place: Place) {
    let server = Fixture::start(&place, MAIL).await;
    let cookie = sign_up(&server).await.cookie();
    let body = ask(&server).await;
    let answer = server.post("/reset-password", &body).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{\"status\":true}"));
    assert!(answer.headers.get("set-cookie").is_none());
    let again = server.post("/reset-password", &with(body, "newPassword", json!("correct horse 3"))).await;
    assert_eq!(again.refusal(), "400 INVALID_TOKEN Invalid token");
    assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 1").await, 401);
    assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 2").await, 200);
    assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 3").await, 401);
    assert_eq!(server.get("/get-session", &cookie).await.text, "null", "the sessions ended");
    let token = ask(&server).await["token"].as_str().unwrap().to_owned();
    let in_query = server
        .post(&format!("/reset-password?token={token}"), &json!({ "newPassword": "correct horse 4", "token": "" }))
        .await;
    assert_eq!(in_query.status, 200, "{}", in_query.text);
}

async fn sessions_end_unless_the_operator_says_otherwise(place: Place) {
    let options = format!("{MAIL}\nemail_and_password.revoke_sessions_on_password_reset = false");
    let kept = Fixture::start(&place, &options).await;
    let cookie = sign_up(&kept).await.cookie();
    super::verify_all(&kept).await;
    assert_eq!(kept.post("/reset-password", &ask(&kept).await).await.status, 200);
    assert_ne!(kept.get("/get-session", &cookie).await.text, "null");
    let server = Fixture::start(&place, MAIL).await;
    let bob = super::sign_up_as(&server, "bob@example.com").await;
    assert_eq!(server.post("/reset-password", &ask(&server).await).await.status, 200);
    assert_eq!(server.get("/get-session", &cookie).await.text, "null");
    assert_ne!(server.get("/get-session", &bob).await.text, "null", "only the user's own");
}

async fn a_user_without_a_password_gets_one(place: Place) {
    let server = Fixture::start(&place, MAIL).await;
    sign_up(&server).await;
    server.store().delete("account", &[eq("providerId", "credential")]).await.unwrap();
    assert_eq!(server.post("/reset-password", &ask(&server).await).await.status, 200);
    assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 2").await, 200);
}

async fn refusals_change_nothing(place: Place) {
    let server = Fixture::start(&place, MAIL).await;
    sign_up(&server).await;
    let body = ask(&server).await;
    let before = (server.counts().await, server.records("account").await);
    for (field, value, expected) in [
        ("token", json!("wrong"), "400 INVALID_TOKEN Invalid token"),
        ("token", json!(""), "400 INVALID_TOKEN Invalid token"),
        ("token", json!(7), "400 VALIDATION_ERROR [body.token] Invalid input: expected string, received number"),
        ("newPassword", json!("short"), "400 PASSWORD_TOO_SHORT Password too short"),
        ("newPassword", json!("a".repeat(129)), "400 PASSWORD_TOO_LONG Password too long"),
        (
            "newPassword",
            json!(null),
            "400 VALIDATION_ERROR [body.newPassword] Invalid input: expected string, received null",
        ),
    ] {
        assert_eq!(server.post("/reset-password", &with(body.clone(), field, value)).await.refusal(), expected);
    }
    assert_eq!((server.counts().await, server.records("account").await), before);
    server.store().delete("user", &[eq("email", "ada@example.com")]).await.unwrap();
    let answer = server.post("/reset-password", &body).await;
    assert_eq!(answer.refusal(), "400 USER_NOT_FOUND User not found");
}
