//! `POST /send-verification-email`, and the mails that sign-up and sign-in send.

use serde_json::json;

use super::{ada, sign_up, verify_all, with};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    a_link_is_mailed,
    a_session_asks_for_its_own_address_only,
    without_a_sender_it_is_off,
    sign_up_sends_a_link_when_addresses_must_be_verified,
    sign_in_sends_a_link_when_the_operator_says_so,
    an_owner_is_told_of_a_second_sign_up_when_the_operator_says_so
);

const MAIL: &str = "mail.transport = \"mailbox\"";

async fn a_link_is_mailed(place: Place) {
    let server = Fixture::start(&place, MAIL).await;
    sign_up(&server).await;
    assert!(server.mails().await.is_empty());
    let body = json!({ "email": "ada@example.com", "callbackURL": "/ok?a=1" });
    let answer = server.post("/send-verification-email", &body).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{\"status\":true}"));
    let mail = server.mail("verify-email").await;
    let token = mail.data["token"].as_str().unwrap();
    let link = format!("http://localhost:3000/api/auth/verify-email?token={token}&callbackURL=%2Fok%3Fa%3D1");
    assert_eq!((mail.to.as_str(), &mail.data["url"]), ("ada@example.com", &json!(link)));
    assert_eq!(server.rows("verification").await, 0, "the token itself is the proof");
}

async fn a_session_asks_for_its_own_address_only(place: Place) {
    let server = Fixture::start(&place, MAIL).await;
    let cookie = sign_up(&server).await.cookie();
    let ask = |email: &str| json!({ "email": email });
    let other = server.post_as("/send-verification-email", &cookie, &ask("bob@example.com")).await;
    assert_eq!(other.refusal(), "400 EMAIL_MISMATCH Email mismatch");
    assert!(server.mails().await.is_empty());
    assert_eq!(server.post_as("/send-verification-email", &cookie, &ask("ADA@example.com")).await.status, 200);
    assert_eq!(server.mails().await.len(), 1);
    verify_all(&server).await;
    let again = server.post_as("/send-verification-email", &cookie, &ask("ada@example.com")).await;
    assert_eq!(again.refusal(), "400 EMAIL_ALREADY_VERIFIED Email is already verified");
    assert_eq!(server.mails().await.len(), 1);
}

async fn without_a_sender_it_is_off(place: Place) {
    for options in ["", "mail.transport = \"mailbox\"\nemail_verification.send_verification_email = false"] {
        let server = Fixture::start(&place, options).await;
        let answer = server.post("/send-verification-email", &json!({ "email": "nobody@example.com" })).await;
        assert_eq!(answer.refusal(), "400 VERIFICATION_EMAIL_NOT_ENABLED Verification email isn't enabled");
    }
}

async fn sign_up_sends_a_link_when_addresses_must_be_verified(place: Place) {
    let required = format!("{MAIL}\nemail_and_password.require_email_verification = true");
    let server = Fixture::start(&place, &required).await;
    assert_eq!(server.post("/sign-up/email", &with(ada(), "callbackURL", json!("/welcome"))).await.status, 200);
    let mail = server.mail("verify-email").await;
    assert!(mail.data["url"].as_str().unwrap().ends_with("&callbackURL=%2Fwelcome"));
    let refused = server.post("/sign-in/email", &ada()).await;
    assert_eq!(refused.refusal(), "403 EMAIL_NOT_VERIFIED Email not verified");
    assert_eq!(server.follow(&mail, "").await.headers.get("location"), Some("/welcome"));
    assert_eq!(server.post("/sign-in/email", &ada()).await.status, 200);
    assert_eq!(server.mails().await.len(), 1);
}

async fn sign_in_sends_a_link_when_the_operator_says_so(place: Place) {
    let options = format!(
        "{MAIL}\nemail_and_password.require_email_verification = true\n\
         email_verification.send_on_sign_up = false\nemail_verification.send_on_sign_in = true"
    );
    let server = Fixture::start(&place, &options).await;
    sign_up(&server).await;
    assert_eq!(server.post("/sign-in/email", &with(ada(), "password", json!("wrong password"))).await.status, 401);
    assert!(server.mails().await.is_empty());
    assert_eq!(server.post("/sign-in/email", &with(ada(), "callbackURL", json!("/in"))).await.status, 403);
    let mail = server.mail("verify-email").await;
    assert!(mail.data["url"].as_str().unwrap().ends_with("&callbackURL=%2Fin"));
    assert_eq!(server.rows("session").await, 0);
}

async fn an_owner_is_told_of_a_second_sign_up_when_the_operator_says_so(place: Place) {
    let options =
        format!("{MAIL}\nemail_and_password.auto_sign_in = false\nemail_and_password.on_existing_user_sign_up = true");
    let server = Fixture::start(&place, &options).await;
    sign_up(&server).await;
    assert!(server.mails().await.is_empty());
    sign_up(&server).await;
    let mail = server.mail("existing-user").await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ada@example.com", "You already have an account"));
    assert_eq!(server.rows("user").await, 1);
}
