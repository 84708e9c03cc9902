//! What belongs to a session, with whatever cookies it comes: its life, what the application stored in it, its copies.

use serde_json::json;

use super::{ada, sign_up, with};
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(
    a_brief_session_gets_no_more_time,
    a_replaced_session_keeps_what_the_application_stored,
    a_replaced_brief_session_stays_brief,
    a_copy_from_before_the_cache_was_off_is_removed,
    accounts_are_not_told_to_a_copy,
    mailed_links_ask_for_a_click
);

async fn sign_up_briefly(server: &Fixture) -> Answer {
    server.post("/sign-up/email", &with(ada(), "rememberMe", json!(false))).await
}

/// Also without the browser's mark: a client that keeps its token alone has the same session.
async fn a_brief_session_gets_no_more_time(place: Place) {
    let options = ["", "session.cookie_cache.enabled = true", "session.defer_session_refresh = true"];
    for (number, options) in options.into_iter().enumerate() {
        let server = Fixture::start(&place, options).await;
        let email = json!(format!("ada{number}@example.com"));
        let body = with(with(ada(), "rememberMe", json!(false)), "email", email);
        let cookie = server.post("/sign-up/email", &body).await.cookie();
        server.pass_secs(86_390);
        let seen = server.get("/get-session", &cookie).await;
        assert_eq!(seen.json()["session"]["expiresAt"], "2026-01-02T00:00:00.000Z", "{options}");
        assert!(!seen.cookie_changes().contains(&"session_token".to_owned()), "{options}");
        _ = server.post_as("/get-session", &cookie, &json!({})).await;
        server.pass_secs(20);
        assert_eq!(server.get("/get-session", &cookie).await.text, "null", "{options}");
    }
}

const FIELDS: &str = "session.additional_fields = { theme = { type = \"string\" }, hidden = { type = \"string\", input = false, returned = false } }";

async fn a_replaced_session_keeps_what_the_application_stored(place: Place) {
    let server = Fixture::start(&place, FIELDS).await;
    let cookie = sign_up(&server).await.cookie();
    let set = server.post_as("/update-session", &cookie, &json!({ "theme": "dark" })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let change =
        json!({ "currentPassword": "correct horse 1", "newPassword": "another horse 1", "revokeOtherSessions": true });
    let changed = server.post_as("/change-password", &cookie, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_ne!(changed.cookie(), cookie);
    assert_eq!(server.get("/get-session", &changed.cookie()).await.json()["session"]["theme"], "dark");
    // A new sign-in begins anew.
    let fresh = server.post("/sign-in/email", &with(ada(), "password", json!("another horse 1"))).await;
    assert_eq!(server.get("/get-session", &fresh.cookie()).await.json()["session"]["theme"], json!(null));
}

async fn a_replaced_brief_session_stays_brief(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up_briefly(&server).await.cookie();
    let change =
        json!({ "currentPassword": "correct horse 1", "newPassword": "another horse 1", "revokeOtherSessions": true });
    let changed = server.post_as("/change-password", &cookie, &change).await;
    let session = server.get("/get-session", &changed.cookie()).await.json()["session"].clone();
    assert_eq!(session["expiresAt"], "2026-01-02T00:00:00.000Z");
    let token = changed.headers.all("set-cookie").find(|line| line.contains("session_token=")).unwrap().to_owned();
    assert!(!token.contains("Max-Age"), "{token}");
}

async fn a_copy_from_before_the_cache_was_off_is_removed(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    for (stale, removed) in [
        ("better-auth.session_data=x", vec!["-session_data"]),
        ("better-auth.session_data.0=x; better-auth.session_data.1=y", vec!["-session_data.0", "-session_data.1"]),
    ] {
        let answer = server.get("/get-session", &format!("{cookie}; {stale}")).await;
        assert_eq!(answer.json()["user"]["email"], "ada@example.com");
        assert_eq!(answer.cookie_changes(), removed, "{stale}");
    }
    assert!(server.get("/get-session", &cookie).await.cookie_changes().is_empty());
}

async fn accounts_are_not_told_to_a_copy(place: Place) {
    let server = Fixture::start(&place, "session.cookie_cache.enabled = true").await;
    let signed_up = sign_up(&server).await;
    let other = server.post("/sign-in/email", &ada()).await;
    assert_eq!(server.get("/list-accounts", &signed_up.cookies()).await.status, 200);
    let ended = server.post_as("/revoke-other-sessions", &other.cookies(), &json!({})).await;
    assert_eq!(ended.status, 200);
    assert_ne!(server.get("/get-session", &signed_up.cookies()).await.text, "null", "the copy lives");
    assert_eq!(server.get("/list-accounts", &signed_up.cookies()).await.status, 401);
}

async fn mailed_links_ask_for_a_click(place: Place) {
    let options =
        "mail.transport = \"mailbox\"\nemail_verification.send_on_sign_up = true\nadvanced.confirm_links = true";
    let server = Fixture::start(&place, options).await;
    sign_up(&server).await;
    let mail = server.mail("verify-email").await;
    let is_verified = async || server.records("user").await[0].boolean("emailVerified");
    let page = server.follow(&mail, "").await;
    assert_eq!(page.headers.get("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.headers.get("cache-control"), Some("no-store"));
    assert!(page.text.contains("<button>") && page.text.contains("name=\"token\""), "{}", page.text);
    assert_eq!(is_verified().await, Some(false));
    let query = mail.data["url"].as_str().unwrap().split_once("/api/auth").unwrap().1;
    let hostile = server.get("/verify-email?token=%22%3E%3Cscript%3E&confirmed=no", "").await;
    assert!(hostile.text.contains("value=\"&quot;&gt;&lt;script&gt;\"") && !hostile.text.contains("<script"));
    server.get(&format!("{query}&confirmed=1"), "").await;
    assert_eq!(is_verified().await, Some(true));
}
