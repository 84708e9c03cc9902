//! Thieves that starve: a slow server, a client's worst input and a busy machine stop nobody but themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join_all, select_all};
use serde_json::{Value as Json, json};

use super::thief::{Thief, email, someone};
use crate::fixture::Fixture;
use crate::routes::sign_in_status;
use crate::sinks::HttpSink;
use crate::store::{Place, on_both, on_sqlite};

on_both!(
    a_slow_server_holds_no_turns,
    inputs_at_a_hook_do_not_pause_it,
    inputs_at_a_route_do_not_pause_sign_in,
    deep_inputs_are_the_clients_fault,
    sign_out_depends_on_no_plugin,
    sign_out_depends_on_no_event,
    a_paused_observer_stops_nobody,
);

const SIGN_IN: &str = "/sign-in/email";

fn observer(id: &'static str) -> Thief {
    Thief::new("bare").named(id, "/other/").before(SIGN_IN, json!([{ "do": "see" }]))
}

/// More requests than there are turns wait for a server that does not answer; `neighbour` ends before any of them.
async fn beside_slow_requests(server: &Fixture, sink: &HttpSink, neighbour: impl Future<Output = ()>) {
    let held = Arc::clone(&sink.permits).acquire_many_owned(1000).await.unwrap();
    let fetch = json!([{ "url": format!("http://127.0.0.1:{}/", sink.port) }]);
    let slow = (0..100).map(|_| Box::pin(server.post("/thief/act", &fetch)));
    let begun = async {
        // As many as get through are at the other server, and the rest wait for their turn.
        sink.received.take(8).await;
        neighbour.await;
    };
    let mut first = select_all(slow);
    tokio::select! {
        (answer, ..) = &mut first => panic!("a slow request was over first: {}", answer.text),
        () = begun => {}
    }
    drop(held);
    let (answer, _, others) = first.await;
    for answer in join_all(others).await.into_iter().chain([answer]) {
        assert!(answer.status < 500 || answer.headers.get("retry-after").is_some(), "{}", answer.text);
    }
}

fn port_of(sink: &HttpSink) -> String {
    format!("http = {{ hosts = [\"127.0.0.1:{}\"], allow_private = true, allow_http = true }}", sink.port)
}

async fn a_slow_server_holds_no_turns(place: Place) {
    let sink = HttpSink::start(0, &["200 OK"]).await;
    let folder = tempfile::tempdir().unwrap();
    let other = observer("observer").entry(folder.path(), &["observes:/sign-in/email"]);
    let server = Thief::new("http").set(&port_of(&sink)).loaded(&place, &["http"], &other).await;
    server.post("/sign-up/email", &someone("victim")).await;
    beside_slow_requests(&server, &sink, async {
        let answer = server.post(SIGN_IN, &someone("victim")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(server.get("/get-session", &answer.cookies()).await.status, 200);
    })
    .await;
}

/// A body that careless code works on for longer than a call may last, and that fits into a request.
fn worst() -> Json {
    json!({ "email": "nobody@example.com", "password": "x", "items": vec![0; 30_000] })
}

const READS: [&str; 2] = ["observes:/sign-in/email", "reads-request:/sign-in/email"];

async fn inputs_at_a_hook_do_not_pause_it(place: Place) {
    let thief = Thief::new("bare").before(SIGN_IN, json!([{ "do": "digest" }]));
    let server = thief.loaded(&place, &READS, "").await;
    server.post("/sign-up/email", &someone("victim")).await;
    let mut statuses = Vec::new();
    for _ in 0..25 {
        statuses.push(server.post(SIGN_IN, &worst()).await.status);
    }
    let of_victim = sign_in_status(&server, &email("victim"), "correct horse of victim").await;
    assert_eq!(of_victim, 200, "after {statuses:?}");
    assert!(statuses.iter().all(|status| (400..500).contains(status)), "{statuses:?}");
    assert!(!server.plugin_counters().is_paused);
}

async fn inputs_at_a_route_do_not_pause_sign_in(place: Place) {
    let thief = Thief::new("bare").before(SIGN_IN, json!([{ "do": "see" }]));
    let server = thief.loaded(&place, &READS, "").await;
    server.post("/sign-up/email", &someone("victim")).await;
    let mut statuses = Vec::new();
    for _ in 0..25 {
        statuses.push(server.post("/thief/digest", &worst()).await.status);
    }
    let of_victim = sign_in_status(&server, &email("victim"), "correct horse of victim").await;
    assert_eq!(of_victim, 200, "after {statuses:?}");
    assert!(statuses.iter().all(|status| (400..500).contains(status)), "{statuses:?}");
}

/// More items, keys and levels than any endpoint needs are refused before a guest has to look at them.
async fn deep_inputs_are_the_clients_fault(place: Place) {
    let thief = Thief::new("bare").before(SIGN_IN, json!([{ "do": "see" }]));
    let server = thief.loaded(&place, &READS, "").await;
    server.post("/sign-up/email", &someone("victim")).await;
    let keys: serde_json::Map<String, Json> = (0..6000).map(|index| (format!("k{index}"), json!(0))).collect();
    let deep = format!("{{\"email\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let wide = json!({ "email": "nobody@example.com", "password": "x", "keys": keys }).to_string();
    let listed = json!({ "email": vec![json!([]); 15_000], "password": "x" }).to_string();
    let headers = [("origin", "http://localhost:3000"), ("content-type", "application/json")];
    for (name, body) in [("deep", deep), ("wide", wide), ("listed", listed), ("worst", worst().to_string())] {
        for _ in 0..8 {
            let status = server.send("POST", SIGN_IN, &headers, body.clone()).await.status;
            assert!((400..500).contains(&status), "{name}: {status}");
        }
    }
    assert_eq!(sign_in_status(&server, &email("victim"), "correct horse of victim").await, 200);
    assert_eq!(server.plugin_counters().failures, 0);
}

/// Whatever a plugin is, declares, or does when it fails: who wants to leave, leaves.
async fn sign_out_depends_on_no_plugin(place: Place) {
    for (round, pattern) in ["/sign-out", "/**"].into_iter().enumerate() {
        let grants = ["observes", "reads-request", "reads-answer", "changes-request", "changes-answer"]
            .map(|name| format!("{name}:{pattern}"));
        for moment in ["before", "after"] {
            let panics = json!([{ "do": "panic" }]);
            let calm = Thief::new("bare").loaded(&place, &[], "").await;
            let name = format!("{moment}{round}");
            let cookie = calm.post("/sign-up/email", &someone(&name)).await.cookie();
            let thief = Thief::new("bare").with(moment, json!([{ "pattern": pattern }])).order(moment, panics);
            let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
            let server = thief.loaded(&place, &grants, "").await;
            for _ in 0..25 {
                server.post("/sign-out", &json!({})).await;
            }
            let answer = server.post_as("/sign-out", &cookie, &json!({})).await;
            assert_eq!(answer.status, 200, "{moment} {pattern}: {}", answer.text);
            assert_eq!(calm.get("/get-session", &cookie).await.json(), Json::Null, "{moment} {pattern}");
        }
    }
}

/// What watches rows has no say in who leaves.
async fn sign_out_depends_on_no_event(place: Place) {
    let calm = Thief::new("bare").loaded(&place, &[], "").await;
    let cookie = calm.post("/sign-up/email", &someone("victim")).await.cookie();
    let thief = Thief::new("bare").events(&[("session", "delete")], json!([{ "do": "panic" }]));
    let Some(server) = thief.tried(&place, &[], "").await else { return };
    let answer = server.post_as("/sign-out", &cookie, &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(calm.get("/get-session", &cookie).await.json(), Json::Null);
}

/// Who only sees that something happened is not asked whether it may.
async fn a_paused_observer_stops_nobody(place: Place) {
    let thief = Thief::new("bare").after(SIGN_IN, json!([{ "do": "panic" }]));
    let server = thief.loaded(&place, &["observes:/sign-in/email"], "").await;
    server.post("/sign-up/email", &someone("victim")).await;
    for _ in 0..25 {
        server.post(SIGN_IN, &json!({ "email": "nobody@example.com", "password": "x" })).await;
    }
    assert_eq!(sign_in_status(&server, &email("victim"), "correct horse of victim").await, 200);
}

/// A call that needs a fifth of its time ends well though everybody else wants the processors.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_machine_ends_no_call() {
    on_sqlite(async |place| {
        let server = Thief::new("bare").loaded(&place, &[], "").await;
        let is_over = Arc::new(AtomicBool::new(false));
        let busy: Vec<_> = (0..32)
            .map(|_| {
                let is_over = Arc::clone(&is_over);
                std::thread::spawn(move || {
                    while !is_over.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                })
            })
            .collect();
        let mut statuses = Vec::new();
        for _ in 0..10 {
            statuses.push(server.get("/thief/work", "").await.status);
        }
        is_over.store(true, Ordering::Relaxed);
        busy.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        assert_eq!(server.plugin_counters().failures, 0);
    })
    .await;
}
