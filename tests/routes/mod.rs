//! Routes, one file per path: what each answers, and that a refusal leaves nothing behind.

mod additional_fields;
mod backend_calls;
mod change_email;
mod change_password;
mod cookie_cache;
mod cors;
mod delete_user;
mod get_session;
mod guards;
mod ids;
mod list_accounts;
mod list_sessions;
mod mail_queue;
mod management;
mod origin;
mod rate_limit;
mod request_password_reset;
mod reset_password;
mod revoke_other_sessions;
mod revoke_session;
mod revoke_sessions;
mod send_verification_email;
mod session_gate;
mod session_guards;
mod session_life;
mod sign_in_email;
mod sign_out;
mod sign_up_email;
mod unlink_account;
mod update_session;
mod update_user;
mod verify_email;
mod verify_password;

use doorward::store::{Database, Models, Record, eq};
use serde_json::{Value as Json, json};

use crate::fixture::{Answer, Fixture};

/// A sign-up that succeeds.
pub async fn sign_up(server: &Fixture) -> Answer {
    let answer = server.post("/sign-up/email", &ada()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

/// The body of Ada's sign-up.
pub fn ada() -> Json {
    json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse 1" })
}

/// A body with one field changed.
pub fn with(mut body: Json, field: &str, value: Json) -> Json {
    body[field] = value;
    body
}

/// Signs another user up; returns the session's cookie.
pub async fn sign_up_as(server: &Fixture, email: &str) -> String {
    let answer = server.post("/sign-up/email", &with(ada(), "email", json!(email))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.cookie()
}

/// Signs Ada in once more.
pub async fn sign_in(server: &Fixture) -> Answer {
    let answer = server.post("/sign-in/email", &ada()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

/// The token of the session that an answer opened.
pub fn token(answer: &Answer) -> String {
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// Gives a user an account at a provider.
pub async fn link(server: &Fixture, user_id: &str, provider: &str) {
    server.pass_secs(1);
    let mut account = row(server, "account", provider);
    account.set("providerId", provider).unwrap();
    account.set("accountId", "subject").unwrap();
    account.set("userId", user_id).unwrap();
    account.set("accessToken", "secret-of-the-provider").unwrap();
    account.set("scope", "openid,email").unwrap();
    server.store().insert(account).await.unwrap();
}

/// Gives a user `count` more sessions, in one transaction.
pub async fn many_sessions(server: &Fixture, user_id: &str, count: usize) {
    let transaction = server.store().begin().await.unwrap();
    for index in 0..count {
        let name = format!("session-{index}");
        let mut session = row(server, "session", &name);
        session.set("token", name).unwrap();
        session.set("userId", user_id).unwrap();
        session.set("expiresAt", server.now().plus_secs(604_800)).unwrap();
        transaction.insert(session).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// A row with an id and both dates.
fn row(server: &Fixture, model: &str, id: &str) -> Record {
    let mut row = Record::new(server.store().schema().model(model).unwrap());
    row.set("id", id).unwrap();
    row.set("createdAt", server.now()).unwrap();
    row.set("updatedAt", server.now()).unwrap();
    row
}

/// The status of a sign-in.
pub async fn sign_in_status(server: &Fixture, email: &str, password: &str) -> u16 {
    server.post("/sign-in/email", &json!({ "email": email, "password": password })).await.status
}

/// Marks every address as verified.
pub async fn verify_all(server: &Fixture) {
    for user in server.records("user").await {
        server.store().update("user", &[eq("id", user.text("id"))], &[("emailVerified", true.into())]).await.unwrap();
    }
}
