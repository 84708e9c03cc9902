//! Webhooks: what is told, how it is signed, and what becomes of it when the receiver refuses.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Got, OTHER, SECRET, hook, settled};
use crate::fixture::Fixture;
use crate::routes::{sign_in, sign_in_status, sign_up, sign_up_as};
use crate::sinks::HttpSink;
use crate::store::{Place, on_both};

on_both!(
    changes_are_told_and_signed,
    what_is_undone_is_not_told,
    a_receiver_that_fails_gets_it_again,
    a_receiver_that_is_gone_gets_nothing_more,
    both_secrets_sign_while_one_replaces_the_other,
    two_nodes_send_each_event_once,
    what_only_the_audit_log_knows_is_told,
    a_hash_that_is_made_anew_is_no_new_password,
    secrets_are_nowhere,
    operators_see_and_replay,
    a_reload_brings_a_receiver,
);

async fn changes_are_told_and_signed(place: Place) {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let options = hook(
        "crm",
        sink.port,
        r#"["user.*", "session.*", "password.*", "email.*"]"#,
        &format!("secret = \"{SECRET}\""),
    );
    let server = Fixture::start(&place, &options).await;
    let cookie = sign_up(&server).await.cookie();
    let changed = server.post_as("/update-user", &cookie, &json!({ "name": "Countess" })).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let body = json!({ "currentPassword": "correct horse 1", "newPassword": "another horse 1" });
    assert_eq!(server.post_as("/change-password", &cookie, &body).await.status, 200);
    assert_eq!(server.post_as("/sign-out", &cookie, &json!({})).await.status, 200);
    settled(&server).await;
    let all: Vec<Got> = sink.received.take(6).await.iter().map(|text| Got::of(text)).collect();
    let mut kinds: Vec<String> = all.iter().map(Got::kind).collect();
    kinds.sort();
    assert_eq!(
        kinds,
        ["password.changed", "password.changed", "session.created", "session.ended", "user.created", "user.updated"]
    );
    for got in &all {
        assert!(got.is_signed_with(SECRET) && !got.is_signed_with(OTHER));
        assert_eq!(got.header("content-type"), "application/json");
        assert!(got.header("webhook-id").starts_with("msg_"));
        let told = got.json();
        assert_eq!(told.as_object().unwrap().keys().collect::<Vec<_>>(), ["type", "timestamp", "data"]);
        assert!(told["data"]["user"]["id"].is_string(), "{told}");
    }
    let ids: BTreeSet<&str> = all.iter().map(|got| got.header("webhook-id")).collect();
    assert_eq!(ids.len(), 6);
    let of = |kind: &str| all.iter().find(|got| got.kind() == kind).unwrap().json();
    assert_eq!(of("user.created")["data"]["user"]["email"], "ada@example.com");
    assert_eq!(of("user.updated")["data"]["changed"], json!(["name"]));
    let session = of("session.ended")["data"]["session"].clone();
    assert_eq!(session["id"], of("session.created")["data"]["session"]["id"]);
    assert!(session.get("token").is_none());
}

/// The address is taken: the user that was about to be is not there, and nobody hears of them.
async fn what_is_undone_is_not_told(place: Place) {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let server = Fixture::start(&place, &hook("crm", sink.port, r#"["user.created"]"#, "")).await;
    sign_up(&server).await;
    assert_ne!(server.post("/sign-up/email", &crate::routes::ada()).await.status, 200);
    let scope = server.scope();
    let unit = scope.begin(server.auth()).await.unwrap();
    let new = doorward::auth::user::NewUser {
        name: "Grace",
        email: "grace@example.com",
        email_verified: false,
        image: None,
        additional: &[],
    };
    doorward::auth::user::create(server.auth(), &unit, new).await.unwrap();
    unit.rollback().await.unwrap();
    settled(&server).await;
    assert_eq!((sink.received.count(), server.rows("doorward_event").await), (1, 1));
}

async fn a_receiver_that_fails_gets_it_again(place: Place) {
    let sink = HttpSink::start(0, &["500 Oh", "503 No", "200 OK"]).await;
    let server = Fixture::start(&place, &hook("crm", sink.port, r#"["user.created"]"#, "")).await;
    sign_up(&server).await;
    let first = Got::of(&sink.received.take(1).await[0]);
    let rows = settled(&server).await;
    assert_eq!((rows[0].text("lastError"), rows[0].text("state")), ("the receiver answered 500", "waiting"));
    server.pass_secs(5);
    sink.received.take(2).await;
    for _ in 0..500 {
        if server.records("doorward_event").await[0].text("lastError").contains("503") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // Not before five minutes have passed.
    server.pass_secs(290);
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert_eq!(sink.received.count(), 2);
    server.pass_secs(10);
    let last = Got::of(&sink.received.take(3).await[2]);
    assert_eq!((first.header("webhook-id"), &first.body), (last.header("webhook-id"), &last.body));
    for _ in 0..500 {
        if server.records("doorward_event").await[0].text("state") == "delivered" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it is not delivered");
}

async fn a_receiver_that_is_gone_gets_nothing_more(place: Place) {
    let sink = HttpSink::start(0, &["410 Gone", "200 OK"]).await;
    let server = Fixture::start(&place, &hook("crm", sink.port, r#"["user.created"]"#, "")).await;
    sign_up(&server).await;
    settled(&server).await;
    sign_up_as(&server, "grace@example.com").await;
    let rows = settled(&server).await;
    assert!(rows.iter().all(|row| row.text("state") == "failed" && row.text("lastError").contains("410")), "{rows:?}");
    assert_eq!(sink.received.count(), 1);
}

async fn both_secrets_sign_while_one_replaces_the_other(place: Place) {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let more = format!("secret = \"{OTHER}\"\nprevious_secret = \"{SECRET}\"");
    let server = Fixture::start(&place, &hook("crm", sink.port, r#"["user.created"]"#, &more)).await;
    sign_up(&server).await;
    let got = Got::of(&sink.received.take(1).await[0]);
    assert!(got.is_signed_with(SECRET) && got.is_signed_with(OTHER));
    assert_eq!(got.header("webhook-signature").split(' ').count(), 2);
}

async fn two_nodes_send_each_event_once(place: Place) {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let options = hook("crm", sink.port, r#"["user.created", "audit.sign_up"]"#, "");
    let first = Fixture::start(&place, &options).await;
    let second = Fixture::start(&place, &options).await;
    // The place in the log from which on the receiver is told.
    for _ in 0..500 {
        if first.rows("doorward_receiver").await == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    for number in 0..10 {
        sign_up_as(if number % 2 == 0 { &first } else { &second }, &format!("ada{number}@example.com")).await;
    }
    let all = sink.received.take(20).await;
    settled(&first).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let ids: BTreeSet<String> = all.iter().map(|text| Got::of(text).header("webhook-id").to_owned()).collect();
    assert_eq!((sink.received.count(), ids.len()), (20, 20));
}

async fn what_only_the_audit_log_knows_is_told(place: Place) {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let server = Fixture::start(&place, &hook("siem", sink.port, r#"["sign_in.refused"]"#, "")).await;
    sign_up(&server).await;
    for _ in 0..500 {
        if server.rows("doorward_receiver").await == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(sign_in_status(&server, "ada@example.com", "wrong horse 1").await, 401);
    let got = Got::of(&sink.received.take(1).await[0]).json();
    assert_eq!((&got["type"], &got["data"]["event"]), (&json!("sign_in.refused"), &json!("sign-in")));
    assert_eq!(got["data"]["code"], "INVALID_EMAIL_OR_PASSWORD");
    assert!(!got.to_string().contains("wrong horse") && !got.to_string().contains("ada@example.com"));
}

async fn a_hash_that_is_made_anew_is_no_new_password(place: Place) {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let server = Fixture::start(&place, &hook("crm", sink.port, r#"["password.*", "session.created"]"#, "")).await;
    sign_up(&server).await;
    settled(&server).await;
    let before = sink.received.count();
    // "correct horse 1" as the reference hashes it, with a salt of zeros.
    let salt = "00".repeat(16);
    let params = scrypt::Params::new(14, 16, 1).unwrap();
    let mut key = [0; 64];
    scrypt::scrypt(b"correct horse 1", salt.as_bytes(), &params, &mut key).unwrap();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    place.sql(&format!("update \"account\" set \"password\" = '{salt}:{hex}'")).await;
    assert_eq!(sign_in(&server).await.status, 200);
    let account = server.records("account").await;
    assert!(account[0].text("password").starts_with("$argon2id"), "the hash was made anew");
    settled(&server).await;
    let kinds: Vec<String> =
        sink.received.take(before + 1).await[before..].iter().map(|text| Got::of(text).kind()).collect();
    assert_eq!(kinds, ["session.created"]);
}

async fn secrets_are_nowhere(place: Place) {
    let options = format!(
        "{}[management]\naddress = \"127.0.0.1:0\"\n",
        hook("crm", 1, r#"["*"]"#, &format!("secret = \"{SECRET}\""))
    );
    let server = Fixture::start(&place, &options).await;
    let answer = sign_up(&server).await;
    let token = crate::routes::token(&answer);
    let rows = format!("{:?}", settled(&server).await);
    let metrics = server.manage("GET", "/metrics", &[], "").await.text;
    let hash = server.records("account").await[0].text("password").to_owned();
    for secret in [SECRET, SECRET.trim_start_matches("whsec_"), "hidden-path", &token, &hash, "correct horse 1"] {
        assert!(!rows.contains(secret) && !metrics.contains(secret), "{secret}");
    }
    // The address of a person is sealed in the row.
    assert!(!rows.contains("ada@example.com"), "{rows}");
    assert!(metrics.contains("\ndoorward_events_waiting ") && metrics.contains("\ndoorward_events_oldest_seconds "));
}

const KEY: &str = "key-for-the-webhooks-0123456789-0123456";

async fn operators_see_and_replay(place: Place) {
    let sink = HttpSink::start(0, &["410 Gone", "200 OK"]).await;
    let options = format!(
        "{}[management]\naddress = \"127.0.0.1:0\"\nkeys = [{{ name = \"ops\", value = \"{KEY}\", scopes = [\"*\"] }}]\n",
        hook("crm", sink.port, r#"["user.created"]"#, "")
    );
    let server = Fixture::start(&place, &options).await;
    sign_up(&server).await;
    settled(&server).await;
    let call = async |name: &str, call: serde_json::Value| server.call_function(KEY, name, &call).await;
    let seen = call("list-webhooks", json!({})).await.json();
    let receiver = &seen["receivers"][0];
    assert_eq!((&receiver["name"], &receiver["failed"]), (&json!("crm"), &json!(1)));
    assert!(receiver["disabledAt"].is_string() && !seen.to_string().contains("hidden-path"), "{seen}");
    let listed = call("list-webhook-deliveries", json!({ "query": { "state": "failed" } })).await.json();
    assert_eq!((&listed["total"], &listed["deliveries"][0]["kind"]), (&json!(1), &json!("user.created")));
    let none = call("list-webhook-deliveries", json!({ "query": { "state": "delivered" } })).await.json();
    assert_eq!(none["total"], 0);
    for (name, wrong) in [
        ("list-webhook-deliveries", json!({ "query": { "state": "lost" } })),
        ("list-webhook-deliveries", json!({ "query": { "since": "soon" } })),
        ("list-webhook-deliveries", json!({ "query": { "limit": "0" } })),
        ("replay-webhooks", json!({ "body": {} })),
        ("replay-webhooks", json!({ "body": { "since": "soon" } })),
        ("replay-webhooks", json!({ "body": { "id": "a", "since": "2026-01-01T00:00:00Z" } })),
        ("enable-webhook", json!({ "body": {} })),
    ] {
        assert!(call(name, wrong.clone()).await.refusal().starts_with("400 VALIDATION_ERROR"), "{name} {wrong}");
    }
    assert_eq!(call("replay-webhooks", json!({ "body": { "id": "none" } })).await.status, 404);
    assert_eq!(call("enable-webhook", json!({ "body": { "receiver": "other" } })).await.status, 404);
    assert_eq!(call("enable-webhook", json!({ "body": { "receiver": "crm" } })).await.status, 200);
    let since = json!({ "body": { "since": "2020-01-01T00:00:00Z" } });
    assert_eq!(call("replay-webhooks", since.clone()).await.json(), json!({ "replayed": 1 }));
    sink.received.take(2).await;
    for _ in 0..500 {
        if server.records("doorward_event").await[0].text("state") == "delivered" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(call("replay-webhooks", since).await.json(), json!({ "replayed": 0 }), "it was delivered");
    let id = server.records("doorward_event").await[0].text("event").to_owned();
    assert_eq!(call("replay-webhooks", json!({ "body": { "id": id } })).await.json(), json!({ "replayed": 1 }));
    let all = sink.received.take(3).await;
    assert_eq!(Got::of(&all[0]).header("webhook-id"), Got::of(&all[2]).header("webhook-id"));
}

async fn a_reload_brings_a_receiver(place: Place) {
    let first = HttpSink::start(0, &["204 No Content"]).await;
    let second = HttpSink::start(0, &["204 No Content"]).await;
    let server = Fixture::start(&place, &hook("crm", first.port, r#"["user.created"]"#, "")).await;
    let options = hook("other", second.port, r#"["user.created"]"#, "");
    assert_eq!(server.reload(&place, &options).await, Ok(vec![]));
    sign_up(&server).await;
    second.received.take(1).await;
    assert_eq!(first.received.count(), 0);
    let wrong = server.reload(&place, &options.replace("user.created", "user.creatd")).await.unwrap_err();
    assert!(wrong.contains("did you mean `user.created`"), "{wrong}");
}
