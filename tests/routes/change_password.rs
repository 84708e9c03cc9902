//! `POST /change-password`.

use doorward::store::{Models, eq};
use serde_json::json;

use super::{sign_in_status, sign_up, with};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    the_password_changes_and_sessions_stay,
    other_sessions_end_when_asked,
    refusals_change_nothing,
    of_two_changes_at_once_one_wins
);

fn change() -> serde_json::Value {
    json!({ "currentPassword": "correct horse 1", "newPassword": "correct horse 2" })
}

async fn the_password_changes_and_sessions_stay(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let answer = server.post_as("/change-password", &cookie, &change()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["token"], json!(null));
    assert_eq!(answer.json()["user"]["email"], json!("ada@example.com"));
    assert!(answer.headers.get("set-cookie").is_none());
    assert_ne!(server.get("/get-session", &cookie).await.text, "null");
    assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 1").await, 401);
    assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 2").await, 200);
}

async fn other_sessions_end_when_asked(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let other = server.post("/sign-in/email", &super::ada()).await.cookie();
    let answer = server.post_as("/change-password", &cookie, &with(change(), "revokeOtherSessions", json!(true))).await;
    let fresh = answer.cookie();
    assert_ne!(fresh, cookie, "the caller's session is replaced");
    assert_eq!(
        server.get("/get-session", &fresh).await.json()["session"]["token"],
        answer.json()["token"],
        "and it lives"
    );
    for dead in [&cookie, &other] {
        assert_eq!(server.get("/get-session", dead).await.text, "null");
    }
    assert_eq!(server.rows("session").await, 1);
}

async fn refusals_change_nothing(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let before = (server.counts().await, server.records("account").await);
    for (field, value, expected) in [
        ("currentPassword", json!("wrong"), "400 INVALID_PASSWORD Invalid password"),
        ("newPassword", json!("short"), "400 PASSWORD_TOO_SHORT Password too short"),
        ("newPassword", json!("a".repeat(129)), "400 PASSWORD_TOO_LONG Password too long"),
        ("currentPassword", json!("a".repeat(129)), "400 PASSWORD_TOO_LONG Password too long"),
        (
            "revokeOtherSessions",
            json!("yes"),
            "400 VALIDATION_ERROR [body.revokeOtherSessions] Invalid input: expected boolean, received string",
        ),
    ] {
        let answer = server.post_as("/change-password", &cookie, &with(change(), field, value)).await;
        assert_eq!(answer.refusal(), expected);
        assert!(answer.headers.get("set-cookie").is_none());
    }
    assert_eq!((server.counts().await, server.records("account").await), before);
    server.store().delete("account", &[eq("providerId", "credential")]).await.unwrap();
    let answer = server.post_as("/change-password", &cookie, &change()).await;
    assert_eq!(answer.refusal(), "400 CREDENTIAL_ACCOUNT_NOT_FOUND Credential account not found");
}

async fn of_two_changes_at_once_one_wins(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let racers = (0..20).map(|number| {
        let body = with(change(), "newPassword", json!(format!("correct horse {number:02}")));
        let (server, cookie) = (&server, &cookie);
        async move { server.post_as("/change-password", cookie, &body).await.status }
    });
    let statuses = futures_util::future::join_all(racers).await;
    let winners: Vec<usize> = (0..20).filter(|number| statuses[*number] == 200).collect();
    let mut working = Vec::new();
    for number in 0..20 {
        if sign_in_status(&server, "ada@example.com", &format!("correct horse {number:02}")).await == 200 {
            working.push(number);
        }
    }
    assert_eq!((winners.len(), winners), (1, working), "{statuses:?}");
}
