//! `GET /verify-email` for an address that is proven; `change_email.rs` has the links that change it.

use serde_json::json;

use super::{ada, sign_up, sign_up_as};
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(a_link_verifies_the_address, only_the_first_click_signs_in, a_link_expires, the_caller_stays_signed_in);

const ON_SIGN_UP: &str = "mail.transport = \"mailbox\"\nemail_verification.send_on_sign_up = true";

async fn is_verified(server: &Fixture, email: &str) -> bool {
    let users = server.records("user").await;
    users.iter().find(|user| user.text("email") == email).unwrap().boolean("emailVerified").unwrap()
}

fn location(answer: &Answer) -> &str {
    assert_eq!((answer.status, answer.text.as_str()), (302, ""));
    answer.headers.get("location").unwrap()
}

async fn a_link_verifies_the_address(place: Place) {
    let server = Fixture::start(&place, ON_SIGN_UP).await;
    sign_up(&server).await;
    sign_up_as(&server, "bob@example.com").await;
    let mail = server.mails().await.remove(1);
    assert_eq!(mail.to, "ada@example.com");
    let answer = server.follow(&mail, "").await;
    assert_eq!(location(&answer), "/");
    assert!(answer.headers.get("set-cookie").is_none());
    assert_eq!(answer.headers.get("referrer-policy"), Some("no-referrer"));
    assert!(is_verified(&server, "ada@example.com").await && !is_verified(&server, "bob@example.com").await);
    let token = mail.data["token"].as_str().unwrap();
    let plain = server.send("GET", &format!("/verify-email?token={token}"), &[], "").await;
    assert_eq!((plain.status, plain.json()), (200, json!({ "status": true, "user": null })));
    for (query, expected) in [
        ("token=garbage", "401 INVALID_TOKEN Invalid token"),
        ("token=", "401 INVALID_TOKEN Invalid token"),
        ("a=b", "400 VALIDATION_ERROR [query.token] Invalid input: expected string, received undefined"),
        ("token=a&token=b", "400 VALIDATION_ERROR [query.token] Invalid input: expected string, received array"),
    ] {
        assert_eq!(server.send("GET", &format!("/verify-email?{query}"), &[], "").await.refusal(), expected);
    }
    let redirected = server.send("GET", "/verify-email?token=garbage&callbackURL=%2Fok%3Fa%3D1", &[], "").await;
    assert_eq!(location(&redirected), "/ok?a=1&error=INVALID_TOKEN");
}

async fn only_the_first_click_signs_in(place: Place) {
    let options = format!("{ON_SIGN_UP}\nemail_verification.auto_sign_in_after_verification = true");
    let server = Fixture::start(&place, &options).await;
    sign_up(&server).await;
    let mail = server.mail("verify-email").await;
    let clicks = (0..20).map(|_| server.follow(&mail, ""));
    let answers = futures_util::future::join_all(clicks).await;
    let signed_in: Vec<_> = answers.iter().filter(|answer| answer.headers.get("set-cookie").is_some()).collect();
    assert_eq!((signed_in.len(), server.rows("session").await), (1, 1), "that of the sign-up ended");
    let session = server.get("/get-session", &signed_in[0].cookie()).await.json();
    assert_eq!(session["user"]["emailVerified"], json!(true));
    assert!(server.follow(&mail, "").await.headers.get("set-cookie").is_none());
}

async fn a_link_expires(place: Place) {
    let server = Fixture::start(&place, &format!("{ON_SIGN_UP}\nemail_verification.expires_in = 60")).await;
    sign_up(&server).await;
    let mail = server.mail("verify-email").await;
    server.pass_secs(60);
    assert_eq!(location(&server.follow(&mail, "").await), "/?error=TOKEN_EXPIRED");
    assert!(!is_verified(&server, "ada@example.com").await);
    server.pass_secs(-1);
    assert_eq!(location(&server.follow(&mail, "").await), "/");
    assert!(is_verified(&server, "ada@example.com").await);
}

async fn the_caller_stays_signed_in(place: Place) {
    let options = format!("{ON_SIGN_UP}\nemail_verification.auto_sign_in_after_verification = true");
    let server = Fixture::start(&place, &options).await;
    let cookie = server.post("/sign-up/email", &ada()).await.cookie();
    let mail = server.mail("verify-email").await;
    let answer = server.follow(&mail, &cookie).await;
    assert_eq!((location(&answer), answer.cookie()), ("/", cookie));
    assert_eq!(server.rows("session").await, 1);
}
