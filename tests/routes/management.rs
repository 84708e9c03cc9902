//! The management API: keys, scopes, the form of a call, and the core's functions.

use std::time::{Duration, Instant};

use doorward::store::Backend;
use serde_json::{Value as Json, json};

use super::sign_up;
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(
    only_a_key_with_the_scope_may_call,
    a_call_has_its_form,
    set_password_gives_one_where_there_is_none,
    set_password_holds_the_rules_of_passwords,
    one_of_many_calls_sets_the_password,
    health_readiness_and_metrics_need_no_key,
    a_database_that_is_away_is_not_ready,
    a_database_that_does_not_answer_is_told_in_time,
    a_database_that_only_reads_is_not_ready,
);

const ALL: &str = "key-for-everything-0123456789-012345";
const OPTIONS: &str = r#"
[management]
address = "127.0.0.1:0"
keys = [
    { name = "all", value = "key-for-everything-0123456789-012345", scopes = ["*"] },
    { name = "other", value = "key-for-other-things-0123456789-0123", scopes = ["get-session"] },
    { name = "exact", value = "key-for-set-password-0123456789-0123", scopes = ["set-password"] },
]
"#;

async fn call(server: &Fixture, key: &str, body: &Json) -> Answer {
    server.call_function(key, "set-password", body).await
}

/// A server, and the cookie of a user whose password was taken away.
async fn without_password(place: &Place) -> (Fixture, String) {
    let server = Fixture::start(place, OPTIONS).await;
    let cookie = sign_up(&server).await.cookie();
    place.sql("delete from account").await;
    (server, cookie)
}

fn new_password(cookie: &str, password: &str) -> Json {
    json!({ "body": { "newPassword": password }, "headers": { "Cookie": cookie } })
}

async fn only_a_key_with_the_scope_may_call(place: Place) {
    let (server, cookie) = without_password(&place).await;
    let body = new_password(&cookie, "correct horse 2");
    for (headers, refusal) in [
        (vec![], "401 UNAUTHORIZED Unauthorized"),
        (vec![("authorization", "Bearer ")], "401 UNAUTHORIZED Unauthorized"),
        (vec![("authorization", "Bearer key-for-everything-0123456789-01234")], "401 UNAUTHORIZED Unauthorized"),
        (vec![("authorization", "Bearer key-for-everything-0123456789-0123456")], "401 UNAUTHORIZED Unauthorized"),
        (vec![("authorization", "Basic key-for-everything-0123456789-012345")], "401 UNAUTHORIZED Unauthorized"),
        (
            vec![("authorization", "Bearer key-for-everything-0123456789-012345"), ("authorization", "Bearer x")],
            "401 UNAUTHORIZED Unauthorized",
        ),
        (
            vec![("authorization", "Bearer key-for-other-things-0123456789-0123")],
            "403 INSUFFICIENT_SCOPE The key may not call this function",
        ),
    ] {
        let answer = server.manage("POST", "/set-password", &headers, body.to_string()).await;
        assert_eq!(answer.refusal(), refusal, "{headers:?}");
    }
    assert_eq!(server.rows("account").await, 0);
    let answer = call(&server, "key-for-set-password-0123456789-0123", &body).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
    let unknown = server.manage("POST", "/drop", &[("authorization", &format!("bearer {ALL}"))], "{}").await;
    assert_eq!(unknown.refusal(), "404 FUNCTION_NOT_FOUND There is no such function");
    // On the public address there is no such path, whoever asks.
    let headers =
        [("authorization", "Bearer key-for-everything-0123456789-012345"), ("content-type", "application/json")];
    assert_eq!(server.send("POST", "/set-password", &headers, body.to_string()).await.status, 404);
}

async fn a_call_has_its_form(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    for body in [
        "[]",
        "1",
        "{",
        "{\"body\":{},\"extra\":1}",
        "{\"headers\":[]}",
        "{\"query\":{\"a\":1}}",
        "{\"headers\":{\"a\":[1]}}",
    ] {
        let answer = server.manage("POST", "/set-password", &[("authorization", &format!("Bearer {ALL}"))], body).await;
        assert!(answer.refusal().starts_with("400 BAD_REQUEST"), "{body}: {}", answer.text);
    }
    for body in ["", "{}", "{\"body\":null,\"headers\":null}"] {
        let answer = server.manage("POST", "/set-password", &[("authorization", &format!("Bearer {ALL}"))], body).await;
        assert!(answer.refusal().starts_with("400 VALIDATION_ERROR [body]"), "{body}: {}", answer.text);
    }
}

async fn set_password_gives_one_where_there_is_none(place: Place) {
    let (server, cookie) = without_password(&place).await;
    assert_eq!(call(&server, ALL, &new_password(&cookie, "correct horse 2")).await.json(), json!({ "status": true }));
    let credentials = json!({ "email": "ada@example.com", "password": "correct horse 2" });
    assert_eq!(server.post("/sign-in/email", &credentials).await.status, 200);
    let again = call(&server, ALL, &new_password(&cookie, "correct horse 3")).await;
    assert_eq!(again.refusal(), "400 PASSWORD_ALREADY_SET User already has a password set");
    // An account of the provider without a password gets one.
    place.sql("update account set password = null").await;
    assert_eq!(call(&server, ALL, &new_password(&cookie, "correct horse 4")).await.status, 200);
    assert_eq!(server.rows("account").await, 1);
}

async fn set_password_holds_the_rules_of_passwords(place: Place) {
    let (server, cookie) = without_password(&place).await;
    for (body, refusal) in [
        (new_password(&cookie, "short"), "400 PASSWORD_TOO_SHORT Password too short"),
        (new_password(&cookie, &"x".repeat(129)), "400 PASSWORD_TOO_LONG Password too long"),
        (new_password("a=b", "correct horse 2"), "401 UNAUTHORIZED Unauthorized"),
        (
            json!({ "body": { "newPassword": 1 } }),
            "400 VALIDATION_ERROR [body.newPassword] Invalid input: expected string, received number",
        ),
    ] {
        assert_eq!(call(&server, ALL, &body).await.refusal(), refusal);
    }
    assert_eq!(server.rows("account").await, 0);
}

async fn one_of_many_calls_sets_the_password(place: Place) {
    let (server, cookie) = without_password(&place).await;
    let calls = (0..10).map(|number| {
        let (server, body) = (&server, new_password(&cookie, &format!("correct horse {number}")));
        async move { call(server, ALL, &body).await.status }
    });
    let statuses = futures_util::future::join_all(calls).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(server.rows("account").await, 1);
}

async fn health_readiness_and_metrics_need_no_key(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    sign_up(&server).await;
    server.get("/ok", "").await;
    server.send("PURGE", "/nowhere/ada@example.com", &[], "").await;
    assert_eq!(server.manage("GET", "/health", &[], "").await.json(), json!({ "status": "ok" }));
    assert_eq!(server.manage("GET", "/ready", &[], "").await.json(), json!({ "status": "ready" }));
    let metrics = server.manage("GET", "/metrics", &[], "").await;
    assert_eq!(metrics.headers.get("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        "doorward_requests_total{route=\"/ok\",method=\"GET\",status=\"200\"} 1",
        "doorward_requests_total{route=\"/sign-up/email\",method=\"POST\",status=\"200\"} 1",
        "doorward_requests_total{route=\"none\",method=\"none\",status=\"404\"} 1",
        "doorward_hash_queue_depth 0",
        "doorward_outbox_depth 0",
        "doorward_outbox_oldest_seconds 0",
        "doorward_database_up 1",
    ] {
        assert!(metrics.text.lines().any(|found| found == line), "{line} is not in\n{}", metrics.text);
    }
    let pool = metrics.text.lines().filter(|line| line.starts_with("doorward_database_connections")).count();
    assert_eq!(pool, if place.backend == Backend::Sqlite { 0 } else { 4 }, "{}", metrics.text);
    assert!(!metrics.text.contains("ada") && !metrics.text.contains("PURGE"), "{}", metrics.text);
    for (method, path) in [("GET", "/"), ("GET", "/set-password"), ("PUT", "/metrics"), ("GET", "/ok")] {
        assert_eq!(server.manage(method, path, &[], "").await.status, 404, "{method} {path}");
    }
}

async fn a_database_that_is_away_is_not_ready(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    place.sql("alter table \"user\" rename to \"gone\"").await;
    let ready = server.manage("GET", "/ready", &[], "").await;
    assert_eq!(ready.refusal(), "503 DATABASE_UNAVAILABLE The database cannot be read or written");
    assert_eq!(server.manage("GET", "/health", &[], "").await.status, 200);
}

async fn a_database_that_does_not_answer_is_told_in_time(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    let up = async |server: &Fixture| {
        let metrics = server.manage("GET", "/metrics", &[], "").await;
        assert_eq!(metrics.status, 200);
        let value = |name: &str| metrics.text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        (value("doorward_database_up "), value("doorward_outbox_depth "))
    };
    let lock = place.lock("doorward_outbox").await;
    let begun = Instant::now();
    let ask = async |times: usize| {
        let asked = (0..times).map(|_| server.manage("GET", "/ready", &[], ""));
        for ready in futures_util::future::join_all(asked).await {
            assert_eq!(ready.refusal(), "503 DATABASE_UNAVAILABLE The database cannot be read or written");
        }
    };
    ask(1).await;
    let of_one = begun.elapsed();
    // However often it is asked: they do not wait one after the other.
    ask(20).await;
    let of_all = begun.elapsed() - of_one;
    let (is_up, depth) = up(&server).await;
    // Readers of SQLite wait for no writer.
    let can_read = place.backend == Backend::Sqlite;
    assert_eq!((is_up.as_deref(), depth.as_deref()), if can_read { (Some("1"), Some("0")) } else { (Some("0"), None) });
    assert_eq!(server.manage("GET", "/health", &[], "").await.status, 200);
    assert!(of_all < 10 * of_one, "{of_all:?}, and one alone {of_one:?}");
    drop(lock);
    while server.manage("GET", "/ready", &[], "").await.status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it is ready again");
    }
    assert_eq!(up(&server).await, (Some("1".to_owned()), Some("0".to_owned())));
    assert_eq!(server.rows("doorward_outbox").await, 0);
}

async fn a_database_that_only_reads_is_not_ready(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    assert_eq!(server.manage("GET", "/ready", &[], "").await.status, 200);
    let forbid = match place.backend {
        Backend::Sqlite => {
            "create trigger full before insert on doorward_outbox begin select raise(abort, 'full'); end"
        }
        Backend::Mysql => {
            "create trigger full before insert on doorward_outbox for each row signal sqlstate '45000' set message_text = 'full'"
        }
        Backend::Postgres => {
            "do $$ begin execute 'alter database ' || current_database() || ' set default_transaction_read_only = on'; end $$; \
             select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        }
    };
    place.sql(forbid).await;
    let ready = server.manage("GET", "/ready", &[], "").await;
    assert_eq!(ready.refusal(), "503 DATABASE_UNAVAILABLE The database cannot be read or written");
}
