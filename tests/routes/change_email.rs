//! `POST /change-email` and the links that it mails.

use serde_json::{Value as Json, json};

use super::{sign_up, sign_up_as, verify_all};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    the_new_address_is_asked,
    a_verified_address_is_asked_first,
    an_unverified_address_changes_at_once_when_the_operator_says_so,
    refusals_change_nothing,
    an_address_that_was_taken_meanwhile_stays_with_its_user
);

const ON: &str = "mail.transport = \"mailbox\"\nuser.change_email.enabled = true";

fn to(new_email: &str) -> Json {
    json!({ "newEmail": new_email, "callbackURL": "/settings" })
}

/// Address and verification of every user.
async fn users(server: &Fixture) -> Vec<(String, bool)> {
    let records = server.records("user").await;
    let mut users: Vec<_> =
        records.iter().map(|user| (user.text("email").to_owned(), user.boolean("emailVerified").unwrap())).collect();
    users.sort();
    users
}

async fn the_new_address_is_asked(place: Place) {
    let server = Fixture::start(&place, ON).await;
    let cookie = sign_up(&server).await.cookie();
    let answer = server.post_as("/change-email", &cookie, &to("New@Example.com")).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{\"status\":true}"));
    let mail = server.mail("verify-email").await;
    assert_eq!((mail.to.as_str(), &mail.data["user"]["email"]), ("new@example.com", &json!("new@example.com")));
    assert_eq!(users(&server).await, [("ada@example.com".into(), false)]);
    let bob = sign_up_as(&server, "bob@example.com").await;
    let stranger = server.follow(&mail, &bob).await;
    assert_eq!(stranger.headers.get("location"), Some("/settings?error=INVALID_USER"));
    let answer = server.follow(&mail, &cookie).await;
    assert_eq!((answer.headers.get("location"), answer.cookie()), (Some("/settings"), cookie.clone()));
    assert_eq!(users(&server).await, [("bob@example.com".into(), false), ("new@example.com".into(), false)]);
    let again = server.follow(&mail, &cookie).await;
    assert_eq!(again.headers.get("location"), Some("/settings?error=INVALID_TOKEN"));
    assert_eq!(server.rows("session").await, 2);
}

async fn a_verified_address_is_asked_first(place: Place) {
    let server =
        Fixture::start(&place, &format!("{ON}\nuser.change_email.send_change_email_confirmation = true")).await;
    let cookie = sign_up(&server).await.cookie();
    verify_all(&server).await;
    assert_eq!(server.post_as("/change-email", &cookie, &to("new@example.com")).await.status, 200);
    let first = server.mail("change-email").await;
    assert_eq!((first.to.as_str(), &first.data["newEmail"]), ("ada@example.com", &json!("new@example.com")));
    assert_eq!(first.data["user"]["email"], json!("ada@example.com"));
    assert_eq!(server.mails().await.len(), 1);
    assert_eq!(server.follow(&first, "").await.headers.get("location"), Some("/settings"));
    assert_eq!(users(&server).await, [("ada@example.com".into(), true)]);
    let second = server.mail("verify-email").await;
    assert_eq!(second.to, "new@example.com");
    let answer = server.follow(&second, "").await;
    assert_eq!(answer.headers.get("location"), Some("/settings"));
    assert!(answer.headers.get("set-cookie").is_none());
    assert_eq!(users(&server).await, [("new@example.com".into(), true)]);
    let stale = server.follow(&first, "").await;
    assert_eq!(stale.headers.get("location"), Some("/settings?error=INVALID_TOKEN"));
}

async fn an_unverified_address_changes_at_once_when_the_operator_says_so(place: Place) {
    let options = format!("{ON}\nuser.change_email.update_email_without_verification = true");
    let server = Fixture::start(&place, &options).await;
    let cookie = sign_up(&server).await.cookie();
    sign_up_as(&server, "bob@example.com").await;
    let taken = server.post_as("/change-email", &cookie, &to("bob@example.com")).await;
    assert_eq!((taken.status, taken.text.as_str()), (200, "{\"status\":true}"));
    assert_eq!(users(&server).await, [("ada@example.com".into(), false), ("bob@example.com".into(), false)]);
    assert!(server.mails().await.is_empty());
    let answer = server.post_as("/change-email", &cookie, &to("new@example.com")).await;
    assert_eq!((answer.status, answer.cookie()), (200, cookie.clone()));
    assert_eq!(users(&server).await, [("bob@example.com".into(), false), ("new@example.com".into(), false)]);
    let mail = server.mail("verify-email").await;
    assert_eq!(mail.to, "new@example.com");
    server.follow(&mail, "").await;
    assert_eq!(users(&server).await, [("bob@example.com".into(), false), ("new@example.com".into(), true)]);
    server.post_as("/change-email", &cookie, &to("third@example.com")).await;
    assert_eq!(users(&server).await[1].0, "new@example.com", "a verified address is not changed at once");
}

async fn refusals_change_nothing(place: Place) {
    let server = Fixture::start(&place, ON).await;
    let cookie = sign_up(&server).await.cookie();
    let before = server.counts().await;
    for (email, expected) in [
        (json!("ADA@example.com"), "400 - Email is the same"),
        (json!("nope"), "400 VALIDATION_ERROR [body.newEmail] Invalid email address"),
        (json!("a@x.com,b@y.com"), "400 VALIDATION_ERROR [body.newEmail] Invalid email address"),
        (json!(1), "400 VALIDATION_ERROR [body.newEmail] Invalid input: expected string, received number"),
    ] {
        let answer = server.post_as("/change-email", &cookie, &json!({ "newEmail": email })).await;
        assert_eq!(answer.refusal(), expected);
    }
    assert!(server.mails().await.is_empty());
    assert_eq!(server.counts().await, before);
    for (options, expected) in [
        ("mail.transport = \"mailbox\"", "400 CHANGE_EMAIL_DISABLED Change email is disabled"),
        ("user.change_email.enabled = true", "400 - Verification email isn't enabled"),
    ] {
        let server = Fixture::start(&place, options).await;
        let answer = server.post_as("/change-email", &cookie, &to("new@example.com")).await;
        assert_eq!(answer.refusal(), expected);
    }
    assert_eq!(users(&server).await, [("ada@example.com".into(), false)]);
}

async fn an_address_that_was_taken_meanwhile_stays_with_its_user(place: Place) {
    let server = Fixture::start(&place, ON).await;
    let cookie = sign_up(&server).await.cookie();
    server.post_as("/change-email", &cookie, &to("bob@example.com")).await;
    let mail = server.mail("verify-email").await;
    sign_up_as(&server, "bob@example.com").await;
    let answer = server.follow(&mail, &cookie).await;
    assert_eq!(answer.headers.get("location"), Some("/settings?error=INVALID_TOKEN"));
    assert_eq!(users(&server).await, [("ada@example.com".into(), false), ("bob@example.com".into(), false)]);
}
