//! Parts that fail: the server's own answers stay as they are.

use std::net::TcpListener;

use serde_json::json;

use super::mail::smtp;
use super::{address, sign_up};
use crate::first_start::operator::{Folder, answer};
use crate::fixture::Fixture;
use crate::routes::{ada, with};
use crate::sinks::SmtpSink;
use crate::store::{Place, on_both};

on_both!(f_6_a_mail_server_that_fails_changes_no_answer, f_13_a_panic_is_one_500_and_the_next_request_is_answered,);

/// The answers to a sign-up that sends a mail, and to a reset, beside a mail server on this port.
async fn answers_beside(place: &Place, port: u16, name: &str) -> ([String; 2], Fixture) {
    let options = format!("{}\nemail_verification.send_on_sign_up = true", smtp(port));
    let server = Fixture::start(place, &options).await;
    let email = format!("{name}@example.com");
    let made = server.post("/sign-up/email", &with(ada(), "email", json!(email))).await;
    let reset = server.post("/request-password-reset", &address(&email)).await;
    let body = made.json();
    let answers =
        [format!("{} {}", made.status, body["user"]["emailVerified"]), format!("{} {}", reset.status, reset.text)];
    (answers, server)
}

async fn f_6_a_mail_server_that_fails_changes_no_answer(place: Place) {
    let works = SmtpSink::start("250 taken").await;
    let (right, sending) = answers_beside(&place, works.port, "works").await;
    assert!(right[0].starts_with("200 ") && right[1].starts_with("200 "), "{right:?}");
    works.received.take(2).await;
    drop(sending);

    // One that nobody is at, one that takes the connection and says nothing, and two that refuse.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let later = SmtpSink::start("451 later").await;
    let never = SmtpSink::start("550 never").await;
    let ports = [gone, silent.local_addr().unwrap().port(), later.port, never.port];
    for (port, name) in ports.into_iter().zip(["gone", "silent", "later", "never"]) {
        assert_eq!(answers_beside(&place, port, name).await.0, right, "{name}");
    }
}

async fn f_13_a_panic_is_one_500_and_the_next_request_is_answered(place: Place) {
    let server = Fixture::start(&place, "").await;
    server.panic_at_random(true);
    let panicked = server.post("/sign-up/email", &ada()).await;
    server.panic_at_random(false);
    assert_eq!(panicked.status, 500);
    assert!(!panicked.text.contains("panicked") && !panicked.text.contains(".rs"), "{}", panicked.text);
    assert_eq!(server.rows("user").await, 0);
    sign_up(&server).await;
}

#[test]
fn f_16_without_a_secret_nothing_starts() {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    let text = std::fs::read_to_string(folder.path("doorward.toml")).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("secret")).collect();
    assert_eq!(without.len() + 1, text.lines().count(), "init writes a secret");
    for (secret, said) in [
        ("", "DOORWARD_SECRET is not set"),
        ("secret = \"short\"\n", "fewer than 32"),
        ("secret = \"better-auth-secret-12345678901234567890\"\n", "well-known"),
    ] {
        std::fs::write(folder.path("doorward.toml"), format!("{secret}{}\n", without.join("\n"))).unwrap();
        for command in ["check", "serve"] {
            let error = folder.fail(&[command]);
            assert!(error.contains(said) && error.lines().count() == 1, "{command}: {error}");
        }
    }
    std::fs::write(folder.path("doorward.toml"), text).unwrap();
    assert_eq!(answer(&folder.serve("serve"), "GET", "/api/auth/ok", "").status, 200);
}
