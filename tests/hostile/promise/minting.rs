//! Thieves that mint: what proves something to the core is made by the core alone.

use serde_json::{Value as Json, json};

use super::thief::{Thief, UNLIMITED, act, email, someone};
use crate::fixture::Fixture;
use crate::routes::sign_in_status;
use crate::store::{Place, on_both};

on_both!(
    a_token_that_resets_a_password,
    a_token_that_deletes_an_account,
    prefixes_of_the_core,
    old_passwords_that_are_remembered,
    beginnings_of_ones_own_prefix,
);

const DELETES: &str = "user.delete_user = { enabled = true }\n";

/// The thief that declares this prefix, on a server that may take it in.
async fn with_prefix(place: &Place, prefix: &str, options: &str) -> Option<Fixture> {
    let thief = Thief::new("verifications").with("verification_prefixes", json!([prefix]));
    match thief.start(place, &["verifications"], &format!("{UNLIMITED}{options}")).await {
        Ok(server) => Some(server),
        Err(error) => {
            assert!(error.contains(&format!("`{prefix}`")), "{error}");
            None
        }
    }
}

async fn victim(server: &Fixture, name: &str) -> (String, Json) {
    let answer = server.post("/sign-up/email", &someone(name)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    (answer.cookie(), answer.json()["user"]["id"].clone())
}

async fn a_token_that_resets_a_password(place: Place) {
    let mut harmed = Vec::new();
    for (round, prefix) in ["reset-password:", "reset-", "reset-password:of-the-thief:"].into_iter().enumerate() {
        let Some(server) = with_prefix(&place, prefix, "").await else { continue };
        let name = format!("victim{round}");
        let (_, id) = victim(&server, &name).await;
        let token = format!("of-the-thief:{round}");
        let deed = json!({ "do": "create", "identifier": format!("reset-password:{token}"), "value": id });
        act(&server, "/thief/", deed).await;
        server.post("/reset-password", &json!({ "newPassword": "password of eve", "token": token })).await;
        if sign_in_status(&server, &email(&name), "password of eve").await == 200 {
            harmed.push(prefix);
        }
    }
    assert!(harmed.is_empty(), "a new password by {harmed:?}");
}

async fn a_token_that_deletes_an_account(place: Place) {
    let mut harmed = Vec::new();
    for (round, prefix) in ["delete-account-", "delete-", "delete-account-of-the-thief-"].into_iter().enumerate() {
        let Some(server) = with_prefix(&place, prefix, DELETES).await else { continue };
        let (cookie, id) = victim(&server, &format!("victim{round}")).await;
        let token = format!("of-the-thief-{round}");
        let deed = json!({ "do": "create", "identifier": format!("delete-account-{token}"), "value": id });
        act(&server, "/thief/", deed).await;
        let before = server.rows("user").await;
        server.get(&format!("/delete-user/callback?token={token}"), &cookie).await;
        if server.rows("user").await < before {
            harmed.push(prefix);
        }
    }
    assert!(harmed.is_empty(), "an account is gone by {harmed:?}");
}

/// In any way of writing that leads to the same identifiers.
async fn prefixes_of_the_core(place: Place) {
    let mut faults = Vec::new();
    let prefixes = [
        "reset-password:",
        "reset-",
        "reset-password:x:",
        "delete-account-",
        "delete-",
        "delete-account-x-",
        "old-passwords:",
        "old-",
    ];
    for prefix in prefixes {
        let thief = Thief::new("verifications").with("verification_prefixes", json!(["thief:", prefix]));
        for grants in [&["verifications"][..], &[]] {
            faults.extend(thief.fault(&place, grants, &[&format!("`{prefix}`")]).await);
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The hashes of a user's old passwords, which a policy compares new ones with.
async fn old_passwords_that_are_remembered(place: Place) {
    let Some(server) = with_prefix(&place, "old-passwords:", "").await else { return };
    let deed = json!({ "do": "create", "identifier": "old-passwords:x", "value": "[]" });
    let made = act(&server, "/thief/", deed).await;
    assert!(made["error"].is_string(), "{made}");
}

/// What does not begin with one's own prefix is neither seen, nor made, nor redeemed.
async fn beginnings_of_ones_own_prefix(place: Place) {
    let server = Thief::new("verifications").loaded(&place, &["verifications"], "mail.transport = \"mailbox\"").await;
    victim(&server, "victim").await;
    server.post("/request-password-reset", &json!({ "email": email("victim") })).await;
    let row = &server.records("verification").await[0];
    let (identifier, value) = (row.text("identifier").to_owned(), row.text("value").to_owned());
    for identifier in [identifier.as_str(), "thief", "THIEF:x", " thief:x", "reset-password:x"] {
        for deed in ["find", "consume", "create", "replace"] {
            let deed = json!({ "do": deed, "identifier": identifier, "value": "x", "current": value });
            let done = act(&server, "/thief/", deed).await;
            assert!(done["error"].as_str().unwrap_or_default().contains("Denied"), "{identifier}: {done}");
        }
    }
    assert_eq!(server.rows("verification").await, 1);
    assert_eq!(server.records("verification").await[0].text("value"), value);
}
