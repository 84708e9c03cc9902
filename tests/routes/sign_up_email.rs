//! `POST /sign-up/email`.

use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::json;

use super::{ada, sign_up, with};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    a_user_a_credential_and_a_session_are_made,
    refusals_leave_nothing_behind,
    a_race_for_one_address_has_one_winner,
    existing_users_are_hidden_without_auto_sign_in,
    fields_that_are_not_input_are_ignored,
);

async fn a_user_a_credential_and_a_session_are_made(place: Place) {
    let server = Fixture::start(&place, "").await;
    let answer = sign_up(&server).await;
    allow_duplicates! {
        assert_json_snapshot!(answer.json(), { ".token" => "[token]", ".user.id" => "[id]" }, @r#"
    {
      "token": "[token]",
      "user": {
        "name": "Ada",
        "email": "ada@example.com",
        "emailVerified": false,
        "image": null,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "id": "[id]"
      }
    }
    "#);
    }
    let account = server.records("account").await.remove(0);
    assert_eq!(account.text("providerId"), "credential");
    assert_eq!(account.text("accountId"), account.text("userId"));
    assert!(account.text("password").starts_with("$argon2id$"), "{}", account.text("password"));
    assert_eq!(server.records("session").await.remove(0).text("ipAddress"), "127.0.0.1");
}

async fn refusals_leave_nothing_behind(place: Place) {
    let server = Fixture::start(&place, "").await;
    for (field, value, expected) in [
        ("name", json!(null), "400 VALIDATION_ERROR [body.name] Invalid input: expected string, received null"),
        ("email", json!({}), "400 VALIDATION_ERROR [body.email] Invalid input: expected string, received object"),
        ("email", json!("a@x.com,b@y.com"), "400 VALIDATION_ERROR [body.email] Invalid email address"),
        ("email", json!("a@x.com\r\nBcc: b@y.com"), "400 VALIDATION_ERROR [body.email] Invalid email address"),
        ("password", json!("1234567"), "400 PASSWORD_TOO_SHORT Password too short"),
        ("password", json!("x".repeat(129)), "400 PASSWORD_TOO_LONG Password too long"),
        ("name", json!("a\0b"), "400 VALIDATION_ERROR Null characters are not allowed"),
        ("callbackURL", json!("//evil.example"), "403 INVALID_CALLBACK_URL Invalid callbackURL"),
        ("callbackURL", json!([]), "400 - Invalid callbackURL: expected a string"),
    ] {
        let answer = server.post("/sign-up/email", &with(ada(), field, value)).await;
        assert_eq!(answer.refusal(), expected);
        assert!(answer.headers.get("set-cookie").is_none());
    }
    for body in ["", "{", "[]", "\"x\"", "{\"email\":"] {
        let answer = server.send("POST", "/sign-up/email", &[("content-type", "application/json")], body).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    let deep = "[".repeat(100_000);
    let answer = server.send("POST", "/sign-up/email", &[("content-type", "application/json")], deep).await;
    assert_eq!(answer.refusal(), "400 BAD_REQUEST Invalid JSON in request body");
    assert_eq!([server.rows("user").await, server.rows("account").await, server.rows("session").await], [0, 0, 0]);
}

async fn a_race_for_one_address_has_one_winner(place: Place) {
    let server = Fixture::start(&place, "").await;
    let racers = (0..20).map(|number| {
        let email = if number % 2 == 0 { "ada@example.com" } else { "ADA@Example.com" };
        let body = with(ada(), "email", json!(email));
        let server = &server;
        async move { server.post("/sign-up/email", &body).await }
    });
    let answers = futures_util::future::join_all(racers).await;
    let winners = answers.iter().filter(|answer| answer.status == 200).count();
    let losers = answers.iter().filter(|answer| answer.refusal().starts_with("422 USER_ALREADY_EXISTS")).count();
    assert_eq!((winners, losers), (1, 19));
    assert_eq!([server.rows("user").await, server.rows("account").await, server.rows("session").await], [1, 1, 1]);
}

async fn existing_users_are_hidden_without_auto_sign_in(place: Place) {
    let server = Fixture::start(&place, "email_and_password.auto_sign_in = false").await;
    let first = server.post("/sign-up/email", &ada()).await;
    let second = server.post("/sign-up/email", &ada()).await;
    let shape = |answer: &crate::fixture::Answer| {
        let mut body = answer.json();
        assert_ne!(body["user"]["id"].take(), json!(null));
        (answer.status, body.to_string(), answer.text.len(), answer.headers.get("set-cookie").is_some())
    };
    assert_eq!(shape(&first), shape(&second));
    assert_eq!(server.rows("user").await, 1);
}

async fn fields_that_are_not_input_are_ignored(place: Place) {
    let server = Fixture::start(&place, "").await;
    let mut body = ada();
    for (field, value) in
        [("id", json!("mine")), ("emailVerified", json!(true)), ("createdAt", json!("1970-01-01T00:00:00Z"))]
    {
        body = with(body, field, value);
    }
    let user = server.post("/sign-up/email", &body).await.json()["user"].clone();
    assert_eq!(user["emailVerified"], json!(false));
    assert_ne!(user["id"], json!("mine"));
    assert_eq!(user["createdAt"], json!("2026-01-01T00:00:00.000Z"));
}
