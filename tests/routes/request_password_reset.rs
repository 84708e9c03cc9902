//! `POST /request-password-reset` and the link that it mails.

use doorward::crypto::{base64_url, sha256};
use serde_json::json;

use super::sign_up;
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(a_link_is_mailed, the_link_leads_to_the_application, without_a_sender_it_is_off);

const MAIL: &str = "mail.transport = \"mailbox\"";

async fn a_link_is_mailed(place: Place) {
    let server = Fixture::start(&place, MAIL).await;
    sign_up(&server).await;
    let body = json!({ "email": "ADA@example.com", "redirectTo": "/reset?x=1" });
    let answer = server.post("/request-password-reset", &body).await;
    let message = "If this email exists in our system, check your email for the reset link";
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": true, "message": message })));
    let mail = server.mail("reset-password").await;
    let token = mail.data["token"].as_str().unwrap();
    assert_eq!((mail.to.as_str(), token.len()), ("ada@example.com", 24));
    let link = format!("http://localhost:3000/api/auth/reset-password/{token}?callbackURL=%2Freset%3Fx%3D1");
    assert_eq!(mail.data["url"], json!(link));
    assert!(mail.text.contains(&link), "{}", mail.text);
    assert_eq!(mail.data["user"]["name"], json!("Ada"));
    let row = server.records("verification").await.remove(0);
    let identifier = base64_url(&sha256(format!("reset-password:{token}").as_bytes()));
    assert_eq!(row.text("identifier"), identifier);
    let (id, version) = row.text("value").split_once('~').unwrap();
    assert_eq!((id, version.len()), (server.records("user").await[0].text("id"), 22));
    assert_eq!(row.timestamp("expiresAt").unwrap().to_iso(), "2026-01-01T01:00:00.000Z");
}

async fn the_link_leads_to_the_application(place: Place) {
    let server = Fixture::start(&place, &format!("{MAIL}\ntrusted_origins = [\"https://app.example\"]")).await;
    sign_up(&server).await;
    server.post("/request-password-reset", &json!({ "email": "ada@example.com", "redirectTo": "/reset" })).await;
    let mail = server.mail("reset-password").await;
    let token = mail.data["token"].as_str().unwrap().to_owned();
    for (path, location) in [
        (format!("{token}?callbackURL=%2Freset"), format!("http://localhost:3000/reset?token={token}")),
        (
            format!("{token}?callbackURL=%2Freset%3Fa%3D1%23f"),
            format!("http://localhost:3000/reset?a=1&token={token}#f"),
        ),
        (
            format!("{token}?callbackURL=https%3A%2F%2Fapp.example%2Freset"),
            format!("https://app.example/reset?token={token}"),
        ),
        ("wrong?callbackURL=%2Freset".into(), "http://localhost:3000/reset?error=INVALID_TOKEN".into()),
        (format!("{token}?callbackURL="), "http://localhost:3000/api/auth/error?error=INVALID_TOKEN".into()),
    ] {
        let answer = server.send("GET", &format!("/reset-password/{path}"), &[], "").await;
        assert_eq!((answer.status, answer.headers.get("location")), (302, Some(location.as_str())));
        assert_eq!(answer.headers.get("referrer-policy"), Some("no-referrer"));
    }
    let answer = server.send("GET", &format!("/reset-password/{token}"), &[], "").await;
    assert!(answer.refusal().starts_with("400 VALIDATION_ERROR [query.callbackURL]"), "{}", answer.text);
    assert_eq!(server.rows("verification").await, 1, "looking uses nothing up");
    server.pass_secs(3600);
    let answer = server.follow(&mail, "").await;
    assert_eq!(answer.headers.get("location"), Some("http://localhost:3000/reset?error=INVALID_TOKEN"));
}

async fn without_a_sender_it_is_off(place: Place) {
    for options in ["", "mail.transport = \"mailbox\"\nemail_and_password.send_reset_password = false"] {
        let server = Fixture::start(&place, options).await;
        for email in ["ada@example.com", "nobody@example.com"] {
            let answer = server.post("/request-password-reset", &json!({ "email": email })).await;
            assert_eq!(answer.refusal(), "400 RESET_PASSWORD_DISABLED Reset password isn't enabled");
        }
        assert_eq!(server.counts().await, [0; 5]);
    }
}
