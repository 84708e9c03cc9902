//! The functions `list-mail`, `retry-mail` and `drop-mail`: what waits, and that nothing of its content is shown.

use std::time::Duration;

use doorward::store::Backend;
use serde_json::{Value as Json, json};

use super::{sign_up, sign_up_as};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(mails_that_wait_are_shown_retried_and_dropped, a_call_names_one_or_all);

const KEY: &str = "key-for-the-mail-queue-0123456789-0123";
/// Nobody listens on port 1.
const OPTIONS: &str = r#"
email_verification.send_on_sign_up = true
[management]
address = "127.0.0.1:0"
keys = [
    { name = "mail", value = "key-for-the-mail-queue-0123456789-0123", scopes = ["list-mail", "retry-mail", "drop-mail"] },
    { name = "other", value = "key-for-other-things-0123456789-0123", scopes = ["set-password"] },
]
[mail]
transport = "smtp"
from = "no-reply@example.com"
smtp = { host = "127.0.0.1", port = 1, tls = "none" }
"#;

async fn call(server: &Fixture, name: &str, body: Json) -> Json {
    let answer = server.call_function(KEY, name, &json!({ "body": body })).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.text);
    answer.json()
}

/// The list, once each mail was tried so often.
async fn tried(server: &Fixture, times: i64) -> Json {
    for _ in 0..2000 {
        let listed = call(server, "list-mail", json!({})).await;
        let mails = listed["mails"].as_array().unwrap();
        if mails.iter().all(|mail| mail["attempts"].as_i64() >= Some(times) && mail["lastError"].is_string()) {
            return listed;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the mails are not tried");
}

async fn mails_that_wait_are_shown_retried_and_dropped(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    sign_up(&server).await;
    sign_up_as(&server, "grace@example.com").await;
    let listed = tried(&server, 1).await;
    assert_eq!(listed["total"], 2);
    let text = listed.to_string();
    assert!(!text.contains("token") && !text.contains("verify-email?") && !text.contains("http"), "{text}");
    let ada = listed["mails"].as_array().unwrap().iter().find(|mail| mail["to"] == "ada@example.com").unwrap().clone();
    assert_eq!((&ada["kind"], &ada["attempts"]), (&json!("verify-email"), &json!(1)));
    // It is due within the time of a lease: somebody may have it in hand.
    assert_eq!(call(&server, "retry-mail", json!({ "id": ada["id"] })).await, json!({ "retried": 0, "dueAnyway": 1 }));
    // MariaDB knows no date with a zone.
    let [midnight, noon] = ["00", "12"].map(|hour| match place.backend {
        Backend::Mysql => format!("'2026-01-01 {hour}:00:00.000'"),
        Backend::Sqlite | Backend::Postgres => format!("'2026-01-01T{hour}:00:00.000Z'"),
    });
    place.sql(&format!("update \"doorward_outbox\" set \"availableAt\" = {noon}")).await;
    assert_eq!(call(&server, "retry-mail", json!({ "id": ada["id"] })).await, json!({ "retried": 1, "dueAnyway": 0 }));
    assert_eq!(call(&server, "retry-mail", json!({ "all": true })).await, json!({ "retried": 1, "dueAnyway": 1 }));
    assert_eq!(tried(&server, 2).await["total"], 2);
    // A decoy is nobody's mail.
    let decoy = match place.backend {
        Backend::Sqlite | Backend::Mysql => "'{}'",
        Backend::Postgres => "'{}'::jsonb",
    };
    place
        .sql(&format!(
            "insert into \"doorward_outbox\" (\"id\", \"kind\", \"payload\", \"createdAt\", \"availableAt\", \"attempts\") values \
             ('d', 'nothing', {decoy}, {midnight}, {noon}, 0)"
        ))
        .await;
    assert_eq!(call(&server, "list-mail", json!({})).await["total"], 2);
    let limited =
        server.call_function(KEY, "list-mail", &json!({ "query": { "limit": "1", "offset": "1" } })).await.json();
    assert_eq!((limited["mails"].as_array().unwrap().len(), &limited["total"]), (1, &json!(2)));
    assert_eq!(call(&server, "drop-mail", json!({ "id": ada["id"] })).await, json!({ "dropped": 1 }));
    assert_eq!(call(&server, "drop-mail", json!({ "all": true })).await, json!({ "dropped": 1 }));
    assert_eq!(call(&server, "drop-mail", json!({ "all": true })).await, json!({ "dropped": 0 }));
    assert_eq!(server.rows("doorward_outbox").await, 1);
}

async fn a_call_names_one_or_all(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    sign_up(&server).await;
    for name in ["retry-mail", "drop-mail"] {
        for body in
            [json!({}), json!({ "all": false }), json!({ "id": "x", "all": true }), json!({ "id": 1 }), Json::Null]
        {
            let answer = server.call_function(KEY, name, &json!({ "body": body })).await;
            assert!(answer.refusal().starts_with("400 VALIDATION_ERROR"), "{name} {body}: {}", answer.text);
        }
        for id in ["x", "", "d"] {
            let answer = server.call_function(KEY, name, &json!({ "body": { "id": id } })).await;
            assert_eq!(answer.refusal(), "404 MAIL_NOT_FOUND No such mail waits to be delivered", "{name} {id}");
        }
        let other = server.call_function("key-for-other-things-0123456789-0123", name, &json!({})).await;
        assert_eq!(other.refusal(), "403 INSUFFICIENT_SCOPE The key may not call this function");
    }
    let wrong = server.call_function(KEY, "list-mail", &json!({ "query": { "limit": "many" } })).await;
    assert_eq!(wrong.refusal(), "400 VALIDATION_ERROR [query.limit] Invalid input");
    assert_eq!(server.rows("doorward_outbox").await, 1);
}
