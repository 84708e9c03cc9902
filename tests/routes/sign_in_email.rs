//! `POST /sign-in/email`.

use doorward::store::{Models, eq};
use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::json;

use super::{sign_up, with};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    a_session_is_opened,
    unknown_and_wrong_look_alike,
    an_imported_hash_is_replaced,
    unverified_users_wait_when_the_operator_says_so,
    a_browser_session_ends_in_a_day,
);

fn credentials() -> serde_json::Value {
    json!({ "email": "ADA@example.com", "password": "correct horse 1" })
}

async fn a_session_is_opened(place: Place) {
    let server = Fixture::start(&place, "").await;
    sign_up(&server).await;
    let answer = server.post("/sign-in/email", &with(credentials(), "callbackURL", json!("/home"))).await;
    allow_duplicates! {
        assert_json_snapshot!(answer.json(), { ".token" => "[token]", ".user.id" => "[id]" }, @r#"
    {
      "redirect": true,
      "token": "[token]",
      "url": "/home",
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
    assert_eq!(answer.headers.get("location"), Some("/home"));
    assert_eq!(server.rows("session").await, 2);
    assert_eq!(server.get("/get-session", &answer.cookie()).await.json()["session"]["token"], answer.json()["token"]);
}

async fn unknown_and_wrong_look_alike(place: Place) {
    let server = Fixture::start(&place, "").await;
    sign_up(&server).await;
    let wrong = server.post("/sign-in/email", &with(credentials(), "password", json!("correct horse 2"))).await;
    let unknown = server.post("/sign-in/email", &with(credentials(), "email", json!("eve@example.com"))).await;
    assert_eq!(wrong.refusal(), "401 INVALID_EMAIL_OR_PASSWORD Invalid email or password");
    let names =
        |answer: &crate::fixture::Answer| answer.headers.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    assert_eq!((unknown.text.as_str(), names(&unknown)), (wrong.text.as_str(), names(&wrong)));
    assert_eq!(server.rows("session").await, 1);
}

async fn an_imported_hash_is_replaced(place: Place) {
    let server = Fixture::start(&place, "").await;
    sign_up(&server).await;
    let scrypt = include_str!("../wire/scrypt-hash.txt").trim();
    let provider = [eq("providerId", "credential")];
    server.store().update("account", &provider, &[("password", scrypt.into())]).await.unwrap();
    let wrong = server.post("/sign-in/email", &with(credentials(), "password", json!("correct horse 2"))).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(server.records("account").await[0].text("password"), scrypt);
    for _ in 0..2 {
        assert_eq!(server.post("/sign-in/email", &credentials()).await.status, 200);
        assert!(server.records("account").await[0].text("password").starts_with("$argon2id$"));
    }
}

async fn unverified_users_wait_when_the_operator_says_so(place: Place) {
    let server = Fixture::start(&place, "email_and_password.require_email_verification = true").await;
    assert_eq!(sign_up(&server).await.json()["token"], json!(null));
    let right = server.post("/sign-in/email", &credentials()).await;
    assert_eq!(right.refusal(), "403 EMAIL_NOT_VERIFIED Email not verified");
    let wrong = server.post("/sign-in/email", &with(credentials(), "password", json!("correct horse 2"))).await;
    assert_eq!(wrong.status, 401, "what is not proven is not told");
    assert_eq!(server.rows("session").await, 0);
}

async fn a_browser_session_ends_in_a_day(place: Place) {
    let server = Fixture::start(&place, "").await;
    sign_up(&server).await;
    let answer = server.post("/sign-in/email", &with(credentials(), "rememberMe", json!(false))).await;
    let cookies: Vec<&str> = answer.headers.all("set-cookie").collect();
    assert_eq!(cookies.len(), 2);
    assert!(cookies.iter().all(|cookie| !cookie.contains("Max-Age")), "{cookies:?}");
    server.pass_secs(86_399);
    assert_ne!(server.get("/get-session", &answer.cookie()).await.text, "null");
    server.pass_secs(1);
}
