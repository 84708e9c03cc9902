//! The limiter, seen from outside.

use serde_json::json;

use super::sign_up;
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(the_fourth_guess_waits, a_forwarded_address_changes_nothing);

async fn guess(server: &Fixture, forwarded: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("x-forwarded-for", forwarded)];
    let body = json!({ "email": "ada@example.com", "password": "correct horse 2" }).to_string();
    server.send("POST", "/sign-in/email", &headers, body).await
}

async fn the_fourth_guess_waits(place: Place) {
    let server = Fixture::start_limited(&place, "").await;
    sign_up(&server).await;
    for _ in 0..3 {
        assert_eq!(guess(&server, "").await.status, 401);
    }
    let limited = guess(&server, "").await;
    assert_eq!(limited.refusal(), "429 - Too many requests. Please try again later.");
    assert_eq!((limited.headers.get("x-retry-after"), limited.headers.get("retry-after")), (Some("10"), Some("10")));
    let right = json!({ "email": "ada@example.com", "password": "correct horse 1" });
    assert_eq!(server.post("/sign-in/email", &right).await.status, 429);
    server.pass_secs(10);
    assert_eq!(server.post("/sign-in/email", &right).await.status, 200);
}

async fn a_forwarded_address_changes_nothing(place: Place) {
    let server = Fixture::start_limited(&place, "").await;
    let mut answers = Vec::new();
    for number in 0..8 {
        answers.push(guess(&server, &format!("198.51.100.{number}")).await.status);
    }
    assert_eq!(answers, [401, 401, 401, 429, 429, 429, 429, 429]);
}
