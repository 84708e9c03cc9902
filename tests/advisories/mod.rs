//! What hit servers of this kind, tried here: each test is named after the id of its advisory. `docs/security.md` lists them.
//!
//! What needs a provider or an authenticator is in the `*.test.mjs` beside.

mod administration;
mod codes;
mod keys;
mod outside;
mod purposes;
mod requests;
mod sessions;

use serde_json::json;

use crate::fixture::{Answer, Fixture};
use crate::routes::{ada, with};

/// Options that load these official plugins, each with more lines of its entry.
fn official(plugins: &[(&str, &str)]) -> String {
    let entry = |(id, more): &(&str, &str)| format!("[[plugins]]\nid = \"{id}\"\n{more}\n");
    let entries: String = plugins.iter().map(entry).collect();
    format!("plugin_folder = \"{}\"\nmail.transport = \"mailbox\"\n{entries}", crate::hostile::official().display())
}

/// A user at `example.com` with the usual password.
async fn member(server: &Fixture, name: &str) -> Answer {
    let answer = server.post("/sign-up/email", &with(ada(), "email", json!(format!("{name}@example.com")))).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.text);
    answer
}

/// A member whose second factor is mail, and the cookies of a sign-in that waits for it.
async fn challenged(server: &Fixture, name: &str) -> String {
    let cookie = member(server, name).await.cookies();
    let body = json!({ "password": ada()["password"], "method": "otp" });
    let enabled = server.post_as("/two-factor/enable", &cookie, &body).await;
    assert_eq!(enabled.status, 200, "{}", enabled.text);
    let answer = sign_in_as(server, name).await;
    assert_eq!(answer.json()["twoFactorRedirect"], json!(true), "{}", answer.text);
    answer.cookies()
}

async fn sign_in_as(server: &Fixture, name: &str) -> Answer {
    server.post("/sign-in/email", &with(ada(), "email", json!(format!("{name}@example.com")))).await
}

/// Has a code mailed for the sign-in with these cookies.
async fn mailed_code(server: &Fixture, cookies: &str) -> String {
    let sent = server.post_as("/two-factor/send-otp", cookies, &json!({})).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    server.mail("two-factor-otp").await.data["otp"].as_str().unwrap().to_owned()
}

/// Text as it stands in a query.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
