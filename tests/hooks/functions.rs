//! The functions that scripts call, through a running server.

use std::time::Duration;

use serde_json::json;

use super::{FAILED, Scripted, sign_up};
use crate::red_team::signed_body;
use crate::sinks::HttpSink;
use crate::store::on_sqlite;

/// What `respond(200, …)` says of an expression at `/ok`.
async fn value(server: &crate::fixture::Fixture) -> serde_json::Value {
    server.get("/ok", "").await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_give_what_they_say() {
    on_sqlite(|place| async move {
        let script = r#"before("/ok", |ctx| {
            respond(200, #{
                now: iso(now()), later: iso(time("2026-01-01T00:00:00Z") + days(1) + hours(2) + minutes(3)),
                weekday: date(now(), "+01:00").weekday,
                inside: in_network("10.1.2.3", ["192.0.2.0/24", "10.0.0.0/8"]), nobody: in_network((), "0.0.0.0/0"),
                parts: email_parts("Ada+x@Example.com"), none: email_parts("ada"),
                glob: "a.example.com".glob("*.example.com"), matches: "abc-42".matches("^[a-z]+-\\d+$"),
                captures: "abc-42".captures("^([a-z]+)-(\\d+)(x)?$"),
                hash: sha256("abc"), mac: hmac_sha256("key", "text").len(), same: same("a", "a"), differ: same("a", "b"),
                random: random(3, 3), text: random_text(20).len(), signed: sign("x") == sign("x") && sign("x") != sign("y"),
            });
        });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        assert_eq!(
            value(&server).await,
            json!({
                "now": "2026-01-01T00:00:00.000Z", "later": "2026-01-02T02:03:00.000Z", "weekday": "thursday",
                "inside": true, "nobody": false,
                "parts": { "local": "ada+x", "domain": "example.com", "tag": "x", "base": "ada@example.com" },
                "none": null, "glob": true, "matches": true, "captures": ["abc-42", "abc", "42", null],
                "hash": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "mac": 64,
                "same": true, "differ": false, "random": 3, "text": 20, "signed": true,
            })
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_last_for_their_window_and_belong_to_their_script() {
    on_sqlite(|place| async move {
        let counting = r#"
            before("/ok", |ctx| { respond(200, #{ n: counter("n", 60), again: count("n") }); });
            before("/error", |ctx| { reset_counter("n"); });
        "#;
        let other = r#"before("/get-session", |ctx| { respond(200, count("n")); });"#;
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(counting, ""), (other, "")], "").await;
        assert_eq!(value(&server).await, json!({ "n": 1, "again": 1 }));
        assert_eq!(value(&server).await, json!({ "n": 2, "again": 2 }));
        assert_eq!(server.get("/get-session", "").await.json(), json!(0));
        server.pass_secs(60);
        assert_eq!(value(&server).await, json!({ "n": 1, "again": 1 }));
        server.get("/error", "").await;
        assert_eq!(value(&server).await, json!({ "n": 1, "again": 1 }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxys_header_is_believed_of_trusted_proxies_alone() {
    on_sqlite(|place| async move {
        let script = r#"before("/ok", |ctx| { respond(200, ctx.proxy_headers["cf-ipcountry"]); });"#;
        for (trusted, expected) in [("[\"127.0.0.0/8\"]", json!("DE")), ("[\"10.0.0.0/8\"]", json!(null))] {
            let options = format!("advanced.ip_address.trusted_proxies = {trusted}");
            let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, "")], &options).await;
            let answer = server.send("GET", "/ok", &[("cf-ipcountry", "DE")], "").await;
            assert_eq!(answer.json(), expected, "{trusted}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_of_the_server_are_out_of_sight() {
    on_sqlite(|place| async move {
        let script = r#"before("/ok", |ctx| { respond(200, ctx.cookies); });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let cookie = server.post("/sign-up/email", &sign_up("ada@example.com")).await.cookie();
        let answer = server.get("/ok", &format!("{cookie}; theme=d%C3%A4rk; better-auth.two_factor=x")).await;
        assert_eq!(answer.json(), json!({ "theme": "därk" }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_records_are_seen_without_secrets() {
    on_sqlite(|place| async move {
        let script = r#"before("/list-sessions", |ctx| {
            respond(200, #{ sessions: ctx.sessions, accounts: ctx.accounts, plugins: ctx.plugins });
        });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        let cookie = server.post("/sign-up/email", &sign_up("ada@example.com")).await.cookie();
        server.post("/sign-up/email", &sign_up("grace@example.com")).await;
        let answer = server.get("/list-sessions", &cookie).await;
        let body = answer.json();
        assert_eq!(body["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(body["accounts"][0]["providerId"], "credential");
        let token = cookie.split_once('=').unwrap().1.split('.').next().unwrap();
        for secret in [token, "token", "password", "argon2"] {
            assert!(!answer.text.contains(secret), "{secret} in {}", answer.text);
        }
        assert_eq!(server.get("/list-sessions", "").await.json()["sessions"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_reaches_its_webhook_signed_and_again_when_refused() {
    on_sqlite(|place| async move {
        let sink = HttpSink::start(0, &["503 Busy", "204 No Content"]).await;
        let script = r#"before("/sign-in/email", |ctx| {
            webhook("tried", #{ email: ctx.body.email });
            reject(403, "CLOSED", "Closed");
        });"#;
        let webhook =
            format!("webhook = {{ url = \"http://127.0.0.1:{}/\", secret = \"the webhook's own key\" }}", sink.port);
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, webhook.as_str())], "").await;
        let answer = server.post("/sign-in/email", &sign_up("ada@example.com")).await;
        assert_eq!(answer.refusal(), "403 CLOSED Closed");
        sink.received.take(1).await;
        // The first failure is noted a moment after it came.
        for _ in 0..1000 {
            server.pass_secs(10);
            tokio::time::sleep(Duration::from_millis(5)).await;
            if sink.received.count() > 1 {
                break;
            }
        }
        let received = sink.received.take(2).await;
        let events: Vec<_> = received.iter().map(|request| signed_body(request, "the webhook's own key")).collect();
        assert_eq!(events[0], events[1]);
        assert_eq!(
            (&events[1]["event"], &events[1]["data"], &events[1]["at"]),
            (&json!("tried"), &json!({ "email": "ada@example.com" }), &json!("2026-01-01T00:00:00.000Z"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_nowhere_to_go_is_a_failure() {
    on_sqlite(|place| async move {
        for call in [r#"webhook("x", #{})"#, r#"send_mail("a@example.com", "x", #{})"#] {
            let script = format!("before(\"/ok\", |ctx| {{ {call}; }});");
            let Scripted { server, _folder } = Scripted::start(&place, &script).await;
            assert_eq!(server.get("/ok", "").await.refusal(), FAILED, "{call}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_nobody_takes_hold_up_no_mail() {
    on_sqlite(|place| async move {
        let sink = HttpSink::start(0, &["204 No Content"]).await;
        let script = r#"before("/sign-in/email", |ctx| {
            webhook("tried", #{ email: ctx.body.email });
            reject(403, "CLOSED", "Closed");
        });"#;
        let webhook = format!("webhook = {{ url = \"http://127.0.0.1:{}/\" }}", sink.port);
        let mailbox = "mail.transport = \"mailbox\"";
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, webhook.as_str())], mailbox).await;
        server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        // No event is answered now, and more lie there than are sent at once.
        let all = sink.permits.acquire_many(1000).await.unwrap();
        for _ in 0..30 {
            server.post("/sign-in/email", &sign_up("ada@example.com")).await;
        }
        sink.received.take(20).await;
        let reset = json!({ "email": "ada@example.com" });
        assert_eq!(server.post("/request-password-reset", &reset).await.status, 200);
        for _ in 0..1000 {
            if server.records("doorward_outbox").await.iter().all(|row| row.text("kind") == "script:event") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(sink.received.count(), 20, "the others wait for room");
        drop(all);
        assert_eq!(server.mail("reset-password").await.to, "ada@example.com");
        assert_eq!(sink.received.count(), 30);
    })
    .await;
}
