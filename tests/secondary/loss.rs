//! The storage goes away and comes back: nothing passes meanwhile that it should have stopped.

use std::time::Duration;

use serde_json::json;

use super::{Redis, is_signed_in, session_of, sign_in, start};
use crate::fixture::Fixture;
use crate::routes::sign_up;
use crate::store::{Place, on_both};

on_both!(nothing_passes_while_it_is_away, a_storage_that_hangs_is_given_up, an_empty_storage_has_no_sessions);

async fn nothing_passes_while_it_is_away(place: Place) {
    for options in ["", "session.store_session_in_database = true"] {
        let redis = Redis::start();
        let server = start(&place, &redis, options).await;
        let first = if options.is_empty() { sign_up(&server).await } else { sign_in(&server).await };
        let second = sign_in(&server).await;
        redis.halt();
        for (path, body) in [
            ("/sign-out", json!({})),
            ("/revoke-sessions", json!({})),
            ("/revoke-session", json!({ "token": second.json()["token"] })),
            ("/sign-in/email", json!({ "email": "ada@example.com", "password": "correct horse 1" })),
        ] {
            let answer = server.post_as(path, &first.cookie(), &body).await;
            assert_eq!(answer.status, 503, "{path} {options}: {}", answer.text);
            assert!(answer.headers.get("retry-after").is_some(), "{path}");
            assert!(!answer.cookie_changes().iter().any(|change| change == "session_token"), "{path}");
        }
        if options.is_empty() {
            assert_eq!(server.get("/get-session", &first.cookie()).await.status, 503, "neither a session nor none");
        } else {
            assert!(is_signed_in(&server, &first.cookie()).await, "rows tell");
        }
        redis.resume();
        let out = server.post_as("/sign-out", &second.cookie(), &json!({})).await;
        assert_eq!(out.status, 200, "{}", out.text);
        assert!(!is_signed_in(&server, &second.cookie()).await);
        assert!(is_signed_in(&server, &first.cookie()).await, "what it acknowledged it has kept");
    }
    let redis = Redis::start();
    let limited = Fixture::start_limited(&place, &format!("secondary_storage.url = \"{}\"", redis.url)).await;
    redis.halt();
    let counted = limited.get("/ok", "").await;
    assert_eq!(counted.status, 503, "what cannot be counted is refused");
}

async fn a_storage_that_hangs_is_given_up(place: Place) {
    let redis = Redis::start();
    let management = "secondary_storage.command_timeout_ms = 200\nmanagement.address = \"127.0.0.1:0\"";
    let server = start(&place, &redis, management).await;
    let ready = async || server.manage("GET", "/ready", &[], "").await;
    let is_up = async |is_up: bool| {
        let line = format!("doorward_secondary_storage_up {}", u8::from(is_up));
        server.manage("GET", "/metrics", &[], "").await.text.lines().any(|told| told == line)
    };
    assert_eq!((ready().await.status, is_up(true).await), (200, true));
    let signed_up = sign_up(&server).await;
    redis.run::<()>(&["CLIENT", "PAUSE", "100000"]);
    let cookie = signed_up.cookie();
    let asked = tokio::time::timeout(Duration::from_secs(10), server.get("/get-session", &cookie));
    assert_eq!(asked.await.unwrap().status, 503);
    assert_eq!(ready().await.refusal(), "503 SECONDARY_STORAGE_UNAVAILABLE The secondary storage does not answer");
    assert!(is_up(false).await);
    redis.halt();
    redis.resume();
    assert!(is_signed_in(&server, &signed_up.cookie()).await);
}

async fn an_empty_storage_has_no_sessions(place: Place) {
    let redis = Redis::start();
    let server = start(&place, &redis, "").await;
    let signed_up = sign_up(&server).await;
    redis.run::<()>(&["FLUSHALL"]);
    assert!(session_of(&server, &signed_up.cookie()).await.is_null());
    let again = sign_in(&server).await;
    assert!(is_signed_in(&server, &again.cookie()).await);
}
