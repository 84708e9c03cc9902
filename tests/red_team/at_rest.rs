//! Secrets at rest: who reads the database cannot act.

use doorward::auth::{session_token, user_change};
use doorward::store::{Models, eq};
use serde_json::{Value as Json, json};

use super::{ALL_ON, JSON, OWN_ORIGIN, address, escaped};
use crate::fixture::Fixture;
use crate::routes::{sign_in, sign_up, token};
use crate::store::{Place, on_both};

on_both!(
    mailed_links_are_hashed_and_those_in_clear_are_redeemed_for_their_life,
    a_waiting_mail_is_sealed,
    tokens_of_sessions_are_hashed_where_the_operator_wants_it,
    sessions_outlive_the_change_of_their_form,
);

async fn mailed_links_are_hashed_and_those_in_clear_are_redeemed_for_their_life(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    let cookie = sign_up(&server).await.cookie();
    server.post("/request-password-reset", &address("ada@example.com")).await;
    server.post_as("/delete-user", &cookie, &json!({})).await;
    let secrets = [
        server.mail("reset-password").await.data["token"].as_str().unwrap().to_owned(),
        server.mail("delete-account").await.data["token"].as_str().unwrap().to_owned(),
    ];
    let rows = server.records("verification").await;
    assert_eq!(rows.len(), 2);
    for row in &rows {
        let (identifier, value) = (row.text("identifier"), row.text("value"));
        assert!(secrets.iter().all(|secret| !identifier.contains(secret) && !value.contains(secret)), "{identifier}");
        // What the table holds redeems nothing.
        for given in [identifier, value, row.text("id")] {
            let reset = json!({ "newPassword": "correct horse 9", "token": given });
            assert_eq!(server.post("/reset-password", &reset).await.status, 400, "{given}");
            let path = format!("/delete-user/callback?token={}", escaped(given));
            assert_eq!(server.get(&path, &cookie).await.status, 404, "{given}");
        }
    }
    let plain = Fixture::start(&place, &format!("{ALL_ON}\nverification.store_identifier = \"plain\"")).await;
    plain.post("/request-password-reset", &address("ada@example.com")).await;
    let secret = plain.mail("reset-password").await.data["token"].as_str().unwrap().to_owned();
    let found = plain.store().count("verification", &[eq("identifier", format!("reset-password:{secret}"))]).await;
    assert_eq!(found.unwrap(), 1, "as the reference");
    let reset = json!({ "newPassword": "correct horse 2", "token": secret });
    assert_eq!(server.post("/reset-password", &reset).await.status, 200, "a row from before is redeemed");
}

async fn a_waiting_mail_is_sealed(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    sign_up(&server).await;
    server.stop().await;
    server.post("/request-password-reset", &address("ada@example.com")).await;
    let row = server.records("doorward_outbox").await.remove(0);
    let payload = row.get("payload").to_json();
    let mut names: Vec<&str> = payload.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!((names, &payload["to"]), (vec!["endsAt", "sealed", "to"], &json!("ada@example.com")));
    let sealed = payload["sealed"].as_str().unwrap().to_owned();
    assert!(!sealed.contains("reset-password") && !sealed.contains("Ada"), "{sealed}");
    // Rows of older releases have the data in clear, and those of a lost secret are given up.
    let old = json!({ "to": "old@example.com", "data": { "url": "https://x/old" } });
    let lost = json!({ "to": "lost@example.com", "sealed": "00" });
    for (id, payload) in [("old", old), ("lost", lost)] {
        doorward::store::outbox::enqueue(server.store(), id, "reset-password", payload, server.now()).await.unwrap();
    }
    let next = Fixture::start(&place, ALL_ON).await;
    let mut sent: Vec<(String, Json)> =
        next.mails().await.iter().map(|mail| (mail.to.clone(), mail.data["url"].clone())).collect();
    sent.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(sent.len(), 2);
    assert!(sent[0].1.as_str().unwrap().contains("/reset-password/"), "{sent:?}");
    assert_eq!(sent[1], ("old@example.com".to_owned(), json!("https://x/old")));
}

const HASHED: &str = "session.token_storage = \"hashed\"\nsession.update_age = 0";

/// Presents `value` as a session cookie whose signature is right: as good as a bare token.
async fn presents(server: &Fixture, value: &str) -> bool {
    let signed = server.auth().cookies.token_signer.sign(value).unwrap_or_else(|| escaped(value));
    server.get("/get-session", &format!("better-auth.session_token={signed}")).await.text != "null"
}

async fn tokens_of_sessions_are_hashed_where_the_operator_wants_it(place: Place) {
    let server = Fixture::start(&place, HASHED).await;
    let opened = sign_up(&server).await;
    let (cookie, secret) = (opened.cookie(), token(&opened));
    assert_eq!(secret.len(), 32);
    let row = server.records("session").await.remove(0);
    assert_eq!(row.text("token"), session_token::stored(server.auth(), &secret));
    assert!(row.text("token").starts_with("sha256:"));
    assert!(presents(&server, &secret).await);
    assert!(!presents(&server, row.text("token")).await, "what the table holds is no token");
    // Every answer shows the token to its owner, also after the session was extended or changed.
    server.pass_secs(60);
    let extended = server.get("/get-session", &cookie).await;
    assert_eq!(extended.json()["session"]["token"], json!(secret));
    assert!(extended.headers.all("set-cookie").any(|line| line.starts_with(&cookie)), "{:?}", extended.headers);
    let body =
        json!({ "currentPassword": "correct horse 1", "newPassword": "correct horse 1", "revokeOtherSessions": true });
    let replaced = server.post_as("/change-password", &cookie, &body).await;
    assert!(presents(&server, replaced.json()["token"].as_str().unwrap()).await);
    assert!(!presents(&server, &secret).await);
    // A list shows the hash, which ends a session as the token does.
    let (first, second) = (sign_in(&server).await, sign_in(&server).await);
    let listed = server.get("/list-sessions", &second.cookie()).await.json();
    let shown: Vec<&str> = listed.as_array().unwrap().iter().map(|one| one["token"].as_str().unwrap()).collect();
    assert!(shown.iter().all(|shown| shown.starts_with("sha256:")), "{shown:?}");
    let hash = session_token::stored(server.auth(), &token(&first));
    assert!(shown.contains(&hash.as_str()));
    assert_eq!(server.post_as("/revoke-session", &second.cookie(), &json!({ "token": hash })).await.status, 200);
    assert!(!presents(&server, &token(&first)).await);
    assert!(presents(&server, &token(&second)).await);
    let others = server.post_as("/revoke-other-sessions", &second.cookie(), &json!({})).await;
    assert_eq!((others.status, server.rows("session").await), (200, 1));
    let own = session_token::stored(server.auth(), &token(&second));
    let ended = server.post_as("/revoke-session", &second.cookie(), &json!({ "token": own })).await;
    assert!(ended.cookie_changes().contains(&"-session_token".to_owned()), "its own session");
    let last = sign_in(&server).await.cookie();
    let headers = [JSON, OWN_ORIGIN, ("cookie", last.as_str())];
    assert_eq!(server.send("POST", "/sign-out", &headers, "{}").await.status, 200);
    assert_eq!(server.rows("session").await, 0);
}

async fn sessions_outlive_the_change_of_their_form(place: Place) {
    let plain = Fixture::start(&place, "").await;
    for user in plain.records("user").await {
        user_change::delete(plain.auth(), &plain.scope(), user.text("id")).await.unwrap();
    }
    let before = token(&sign_up(&plain).await);
    let hashed = Fixture::start(&place, HASHED).await;
    let after = token(&sign_in(&hashed).await);
    for server in [&plain, &hashed] {
        for secret in [&before, &after] {
            assert!(presents(server, secret).await);
        }
        for row in server.records("session").await {
            let stored = row.text("token");
            assert_eq!(presents(server, stored).await, stored == before, "{stored}");
        }
    }
}
