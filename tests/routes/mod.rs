//! Routes, one file a path: what each answers, and that a refusal leaves nothing behind.

mod get_session;
mod origin;
mod rate_limit;
mod sign_in_email;
mod sign_out;
mod sign_up_email;

use serde_json::{Value as Json, json};

use crate::fixture::{Answer, Fixture};

/// A sign-up that succeeds.
async fn sign_up(server: &Fixture) -> Answer {
    let answer = server.post("/sign-up/email", &ada()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

/// The body of Ada's sign-up.
fn ada() -> Json {
    json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse 1" })
}

/// A body with one field changed.
fn with(mut body: Json, field: &str, value: Json) -> Json {
    body[field] = value;
    body
}
