//! What plugins do beside requests, through real components: jobs, requests for later, events for each other.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use doorward::outbox;
use doorward::outbox::queue::{self, Queue, Which};
use doorward::store::outbox::{Delivery, JOBS};
use doorward::store::{Models, Record, eq};
use serde_json::{Value as Json, json};

use crate::fixture::Fixture;
use crate::hostile::{build_once, entry, keep_log, logged, root};
use crate::sinks::HttpSink;
use crate::store::{Place, on_each, on_sqlite};

const WORKER: &str = r#"grants = ["http", "jobs", "models", "transactions"]"#;
const HEARER: &str = r#"grants = ["models", "listens:worker:noted", "listens:worker:odd"]"#;
const CONFIDANT: &str = r#"grants = ["models", "listens:worker:noted", "listens:worker:noted:secrets"]"#;

/// The component of a plugin in `tests/background/plugins`, built once.
fn component(name: &str) -> PathBuf {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let out = root().join("target/background");
        build_once(&root().join("tests/background/plugins"), &out);
        out
    });
    BUILT.join(format!("{name}.wasm"))
}

fn worker(more: &str) -> String {
    entry("worker", &component("worker"), &format!("{WORKER}\n{more}"))
}

/// Asks the worker for something, and returns what the host said to that.
async fn ask(server: &Fixture, what: &str, body: Json) -> Json {
    let answer = server.post(&format!("/worker/{what}"), &json!({ "body": body })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Waits until it holds; the sender looks once in a second.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..1500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

async fn texts(server: &Fixture, table: &str, field: &str) -> Vec<String> {
    let mut texts: Vec<String> = server.records(table).await.iter().map(|row| row.text(field).to_owned()).collect();
    texts.sort();
    texts
}

async fn notes(server: &Fixture) -> Vec<String> {
    texts(server, "workerNote", "text").await
}

/// The rows of a kind of job.
async fn rows(server: &Fixture, kind: &str) -> Vec<Record> {
    server.store().find_many(JOBS, &[eq("kind", kind.to_owned())], None, None, None).await.unwrap()
}

/// What a row holds, as it stands in the database.
fn payload(row: &Record) -> String {
    Delivery(row.clone()).payload().to_string()
}

on_each!(
    a_job_runs_after_its_commit,
    a_job_that_fails_is_tried_again_and_kept,
    a_schedule_runs_once_in_each_period_on_all_nodes,
    operators_see_retry_and_drop_jobs,
);

async fn a_job_runs_after_its_commit(place: Place) {
    let server = Fixture::start(&place, &worker("")).await;
    assert!(ask(&server, "undone", json!({})).await.as_str().unwrap().contains("UNDONE"));
    let late = json!({ "name": "note", "payload": "late", "delay": 60 });
    assert_eq!(ask(&server, "enqueue", late).await, Json::Null);
    let [row] = &rows(&server, "job:worker:note").await[..] else { panic!("one row") };
    let stored = payload(row);
    assert!(stored.contains("sealed") && !stored.contains("late"), "{stored}");
    assert_eq!(ask(&server, "enqueue", json!({ "name": "note", "payload": "now" })).await, Json::Null);
    until("it runs", async || notes(&server).await == ["now"]).await;
    server.pass_secs(60);
    until("the late one runs", async || notes(&server).await == ["late", "now"]).await;
    until("it is removed", async || rows(&server, "job:worker:note").await.is_empty()).await;
    for (body, part) in [
        (json!({ "name": "nothing" }), "Denied(\"the manifest declares no job `nothing`\")"),
        (json!({ "name": "note", "delay": 31_622_401 }), "a delay is at most 31622400 seconds"),
        (json!({ "name": "note", "payload": "x".repeat(65_536) }), "at most 65536 bytes"),
    ] {
        let said = ask(&server, "enqueue", body).await;
        assert!(said.as_str().unwrap().contains(part), "{said}");
    }
}

async fn a_job_that_fails_is_tried_again_and_kept(place: Place) {
    let server = Fixture::start(&place, &worker("limits = { call_ms = 50 }")).await;
    for name in ["refuse", "hang"] {
        assert_eq!(ask(&server, "enqueue", json!({ "name": name })).await, Json::Null);
    }
    let error = async |kind: &str| rows(&server, kind).await.first().map(|row| row.text("lastError").to_owned());
    let says = async |kind: &str, part: &str| error(kind).await.is_some_and(|error| error.contains(part));
    until("it refused", async || says("job:worker:refuse", "NOT_NOW: attempt 1").await).await;
    until("it hung", async || says("job:worker:hang", "job hang").await).await;
    server.pass_secs(5);
    until("it refused again", async || says("job:worker:refuse", "NOT_NOW: attempt 2").await).await;
    let refuse = [eq("kind", "job:worker:refuse")];
    server.store().update(JOBS, &refuse, &[("attempts", 9_i64.into())]).await.unwrap();
    server.pass_secs(3600);
    until("it is given up", async || rows(&server, "job:worker:refuse").await[0].timestamp("failedAt").is_some()).await;
    assert!(says("job:worker:refuse", "NOT_NOW: attempt 10").await);
    server.pass_secs(86_400);
    let (listed, _) = queue::list(server.store(), Queue::Jobs, (100, 0)).await.unwrap();
    let failed: Vec<_> = listed.iter().filter(|job| job.failed_at.is_some()).collect();
    assert_eq!(failed.iter().map(|job| job.kind.as_str()).collect::<Vec<_>>(), ["job:worker:refuse"]);
    let retried = queue::retry(server.store(), Queue::Jobs, &Which::One(failed[0].id.clone()), server.now()).await;
    assert_eq!(retried.unwrap().unwrap().now, 1);
    until("it was tried once more", async || says("job:worker:refuse", "NOT_NOW: attempt 1 ").await).await;
    assert_eq!(queue::discard(server.store(), Queue::Jobs, &Which::One(failed[0].id.clone())).await.unwrap(), 1);
    assert!(!notes(&server).await.contains(&"refused".to_owned()), "what it wrote is undone");
}

const KEY: &str = "key-for-the-jobs-0123456789-0123456789";

async fn operators_see_retry_and_drop_jobs(place: Place) {
    let management = format!(
        "[management]\naddress = \"127.0.0.1:0\"\n\
         keys = [{{ name = \"jobs\", value = \"{KEY}\", scopes = [\"list-jobs\", \"retry-jobs\", \"drop-jobs\"] }}]\n"
    );
    let server = Fixture::start(&place, &format!("{}{management}", worker(""))).await;
    let call = async |name: &str, call: Json| server.call_function(KEY, name, &call).await;
    for (name, delay) in [("refuse", 0), ("note", 3600)] {
        let body = json!({ "name": name, "delay": delay, "payload": "a secret" });
        assert_eq!(ask(&server, "enqueue", body).await, Json::Null);
    }
    let listed = async || call("list-jobs", json!({})).await.json();
    until("it refused", async || listed().await.to_string().contains("NOT_NOW: attempt 1")).await;
    let all = listed().await;
    assert!(!all.to_string().contains("a secret"), "{all}");
    assert_eq!(all["total"], 3, "{all}");
    let of_kind = |jobs: &Json, kind: &str| {
        jobs["jobs"].as_array().unwrap().iter().find(|job| job["kind"] == kind).unwrap().clone()
    };
    let note = of_kind(&all, "job:worker:note");
    assert_eq!((&note["plugin"], &note["state"], &note["attempts"]), (&json!("worker"), &json!("waits"), &json!(0)));
    let metrics = server.manage("GET", "/metrics", &[], "").await.text;
    assert!(metrics.contains("\ndoorward_plugin_jobs_waiting{plugin=\"worker\"} 3\n"), "{metrics}");
    assert!(metrics.contains("\ndoorward_plugin_jobs_failed{plugin=\"worker\"} 0\n"), "{metrics}");

    let failed = [("failedAt", server.now().into()), ("availableAt", server.now().plus_secs(9).into())];
    server.store().update(JOBS, &[eq("kind", "job:worker:refuse")], &failed).await.unwrap();
    let refuse = of_kind(&listed().await, "job:worker:refuse");
    assert_eq!((&refuse["state"], &refuse["nextAttemptAt"]), (&json!("failed"), &Json::Null));
    let metrics = server.manage("GET", "/metrics", &[], "").await.text;
    assert!(metrics.contains("\ndoorward_plugin_jobs_failed{plugin=\"worker\"} 1\n"), "{metrics}");
    let retried = call("retry-jobs", json!({ "body": { "id": refuse["id"] } })).await.json();
    assert_eq!(retried, json!({ "retried": 1, "dueAnyway": 0 }));
    let dropped = call("drop-jobs", json!({ "body": { "id": note["id"] } })).await.json();
    assert_eq!(dropped, json!({ "dropped": 1 }));
    let gone = call("drop-jobs", json!({ "body": { "id": note["id"] } })).await;
    assert_eq!(gone.refusal(), "404 JOB_NOT_FOUND No such job waits or has failed");
    let gone = call("retry-jobs", json!({ "body": { "id": note["id"] } })).await;
    assert_eq!(gone.refusal(), "404 JOB_NOT_FOUND No such job waits or has failed");
    assert_eq!(call("drop-jobs", json!({ "body": {} })).await.status, 400);
    assert_eq!(rows(&server, "job:worker:note").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_to_nobody_is_warned_of() {
    on_sqlite(async |place: Place| {
        keep_log();
        let hearer = entry("hearer", &component("hearer"), HEARER);
        drop(Fixture::start(&place, &hearer).await);
        assert!(logged("it listens to an event that no loaded plugin emits plugin=\"hearer\" event=\"worker:noted\""));
    })
    .await;
}

async fn a_schedule_runs_once_in_each_period_on_all_nodes(place: Place) {
    let nodes = [Fixture::start(&place, &worker("")).await, Fixture::start(&place, &worker("")).await];
    let [first, _] = &nodes;
    until("it is planned", async || rows(first, "job:worker:tick").await.len() == 1).await;
    let next = async || rows(first, "job:worker:tick").await[0].timestamp("availableAt").unwrap();
    for period in 1..=2 {
        let due = next().await;
        assert_eq!(due.as_secs() % 3600, 0);
        nodes.iter().for_each(|node| node.pass_secs(3600));
        until("it waits for the next period", async || next().await.as_secs() == due.as_secs() + 3600).await;
        // Both have looked again.
        tokio::time::sleep(Duration::from_millis(2500)).await;
        assert_eq!(notes(first).await, vec!["tick null"; period]);
    }
    assert_eq!(rows(first, "job:worker:tick").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_for_later_is_sent_until_it_arrives() {
    on_sqlite(async |place| {
        // It answers 500 to the first request and 200 to the others.
        let sink = HttpSink::start(0, &["500 No", "200 Yes"]).await;
        let (port, got) = (sink.port, &sink.received);
        let url = format!("http://127.0.0.1:{port}/hook");
        let later = json!({ "url": url, "json": { "a": 1 } });
        let rules = |more: &str| worker(&format!("[plugins.http]\nhosts = [\"127.0.0.1:{port}\"]\n{more}"));
        for (more, part) in [("", "allow_http"), ("allow_http = true", "allow_private")] {
            let server = Fixture::start(&place, &rules(more)).await;
            let said = ask(&server, "later", later.clone()).await;
            assert!(said.as_str().unwrap().contains(part), "{said}");
            assert!(rows(&server, "http:worker").await.is_empty());
        }
        let server = Fixture::start(&place, &rules("allow_http = true\nallow_private = true")).await;
        let said = ask(&server, "later", json!({ "url": "https://other.example.com/", "json": {} })).await;
        assert!(said.as_str().unwrap().contains("Denied"), "{said}");
        assert_eq!(ask(&server, "later", later.clone()).await, Json::Null);
        let first = || rows(&server, "http:worker");
        until("it failed", async || first().await[0].text("lastError") == "the server answered 500").await;
        let stored = payload(&first().await[0]);
        assert!(!stored.contains("a secret") && !stored.contains("hook"), "{stored}");
        server.pass_secs(5);
        until("it arrived", async || first().await.is_empty()).await;
        let all = got.take(2).await;
        assert_eq!(all.len(), 2);
        assert!(all[1].contains("authorization: Bearer a secret") && all[1].ends_with(r#"{"a":1}"#), "{}", all[1]);
        // An event can ask for one too, within the transaction of its change.
        let person = json!({ "name": url, "email": "a@example.com", "password": "correct horse 1" });
        assert_eq!(server.post("/sign-up/email", &person).await.status, 200);
        until("that of the event arrived", async || got.count() == 3).await;
        assert!(got.take(3).await[2].ends_with(r#"{"event":true}"#));
        // What was allowed when it was enqueued must be allowed when it is sent.
        server.stop().await;
        assert_eq!(ask(&server, "later", later.clone()).await, Json::Null);
        let strict = Fixture::start(&place, &worker("")).await;
        strict.pass_secs(60);
        until("it is refused", async || {
            rows(&strict, "http:worker").await.iter().any(|row| row.timestamp("failedAt").is_some())
        })
        .await;
        assert!(rows(&strict, "http:worker").await[0].text("lastError").contains("allow_http"));
        assert_eq!(got.count(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_told_to_those_who_listen() {
    on_sqlite(async |place| {
        let others = |hearer: &str| {
            format!(
                "{}{}",
                entry("hearer", &component("hearer"), hearer),
                entry("confidant", &component("confidant"), CONFIDANT)
            )
        };
        let refused = Fixture::try_start(&place, &others(r#"grants = ["models", "listens:worker:odd"]"#)).await;
        let refused = refused.err().unwrap();
        assert!(
            refused.contains("listens:worker:noted: it hears of every event noted of the plugin worker"),
            "{refused}"
        );
        let server = Fixture::start(&place, &format!("{}{}", worker(""), others(HEARER))).await;
        ask(&server, "undone", json!({})).await;
        let emit =
            async |name: &str, payload: Json| ask(&server, "emit", json!({ "name": name, "payload": payload })).await;
        assert_eq!(emit("noted", json!({ "text": "a", "code": "c" })).await, Json::Null);
        until("both heard", async || server.rows("hearerNote").await == 1 && server.rows("confidantNote").await == 1)
            .await;
        assert_eq!(texts(&server, "hearerNote", "told").await, [r#"{"text":"a"}"#]);
        assert_eq!(texts(&server, "confidantNote", "told").await, [r#"{"text":"a","code":"c"}"#]);
        for (name, payload, part) in [
            ("noted", json!({}), "Invalid(\"the event `noted` lacks the field `text`\")"),
            ("noted", json!({ "text": 1 }), "no string"),
            ("noted", json!({ "text": "a", "more": 1 }), "no field `more`"),
            ("noted", json!([]), "no object"),
            ("nothing", json!({}), "Denied(\"the manifest declares no event `nothing`\")"),
        ] {
            let said = emit(name, payload).await;
            assert!(said.as_str().unwrap().contains(part), "{said}");
        }
        // What a listener does not expect is kept, and not tried again.
        assert_eq!(emit("odd", json!({ "size": "large" })).await, Json::Null);
        let odd = || rows(&server, "event:hearer:worker:odd");
        until("it is kept", async || odd().await.iter().any(|row| row.timestamp("failedAt").is_some())).await;
        assert_eq!(odd().await[0].text("lastError"), "the field `size` of the event `worker:odd` is no number");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_takes_the_words_of_plugins_mails() {
    on_sqlite(async |place| {
        let mail = "mail.transport = \"mailbox\"\n";
        let server = Fixture::start(&place, mail).await;
        let send = async || {
            let data = json!({ "text": "a text" });
            let data = data.as_object().unwrap();
            outbox::enqueue(server.auth(), &server.scope(), "posted", "ada@example.com", data).await.unwrap();
            server.mail("posted").await
        };
        assert_ne!(send().await.subject, "From the plugin");
        let postman = entry("postman", &component("postman"), "");
        server.reload(&place, &format!("{mail}{postman}")).await.unwrap();
        let mail = send().await;
        assert_eq!((mail.subject.as_str(), mail.text.trim()), ("From the plugin", "a text"));
    })
    .await;
}
