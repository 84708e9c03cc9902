//! What an attacker would try, by the ids of the threat list; each case runs on both databases, races at once.

mod at_rest;
mod connections;
mod credentials;
mod deliveries;
mod enumeration;
mod faults;
mod guesses;
mod input;
mod leaks;
mod leftovers;
mod mail;
mod mailbox;
mod mass_assignment;
mod notices;
mod origin;
mod rate_limits;
pub mod server;
mod sessions;
mod single_use;
mod sizes;
mod takeover;

pub use mail::signed_body;
use serde_json::{Value as Json, json};

use crate::fixture::{Answer, Fixture};
use crate::routes::{sign_up, sign_up_as};

/// Every feature that mails a secret, on.
const ALL_ON: &str = "mail.transport = \"mailbox\"\n\
     user.change_email = { enabled = true, send_change_email_confirmation = true }\n\
     user.delete_user = { enabled = true, send_delete_account_verification = true }";

/// The token in the newest mail of a kind.
async fn token(server: &Fixture, kind: &str) -> String {
    server.mail(kind).await.data["token"].as_str().unwrap().to_owned()
}

/// Asks for a password reset for `email` and returns the token.
async fn reset_token(server: &Fixture, email: &str) -> String {
    assert_eq!(server.post("/request-password-reset", &json!({ "email": email })).await.status, 200);
    token(server, "reset-password").await
}

async fn redeem_reset(server: &Fixture, token: &str, password: &str) -> Answer {
    server.post("/reset-password", &json!({ "newPassword": password, "token": token })).await
}

/// Text as it stands in a query.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Names of all headers of an answer but the one that differs in every answer.
fn header_names(answer: &Answer) -> Vec<String> {
    answer.headers.iter().map(|(name, _)| name.to_owned()).collect()
}

/// A body with an address.
fn address(email: &str) -> Json {
    json!({ "email": email })
}

const JSON: (&str, &str) = ("content-type", "application/json");
const OWN_ORIGIN: (&str, &str) = ("origin", "http://localhost:3000");

/// Ada's credentials with this password.
fn credentials(password: &str) -> Json {
    json!({ "email": "ada@example.com", "password": password })
}

/// A wrong guess at Ada's password, with more headers.
async fn guess(server: &Fixture, headers: &[(&str, &str)]) -> Answer {
    let headers = [&[JSON], headers].concat();
    server.send("POST", "/sign-in/email", &headers, credentials("wrong horse 1").to_string()).await
}
