//! Thieves that starve: a slow server, a client's worst input and a busy machine stop nobody but themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join_all, select_all};
use serde_json::{Value as Json, json};

use doorward::store::{Models, eq};

use super::script::running;
use super::thief::{Thief, UNLIMITED, email, someone};
use crate::fixture::{Answer, Fixture};
use crate::routes::sign_in_status;
use crate::sinks::HttpSink;
use crate::store::{Place, on_both, on_sqlite};

on_both!(
    a_slow_server_holds_no_turns,
    more_than_may_wait_come_again,
    a_dead_provider_stops_nobody,
    inputs_at_a_hook_do_not_pause_it,
    inputs_at_a_route_do_not_pause_sign_in,
    work_on_an_input_is_the_clients_fault,
    deep_inputs_are_the_clients_fault,
    sign_out_depends_on_no_plugin,
    sign_out_depends_on_no_event,
    sign_out_depends_on_no_script,
    a_paused_gate_stops_its_own_users_alone,
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

/// Of more requests than one plugin lets wait, the others learn at once when to come again.
async fn more_than_may_wait_come_again(place: Place) {
    let sink = HttpSink::start(0, &["200 OK"]).await;
    let server = Thief::new("http").set(&port_of(&sink)).loaded(&place, &["http"], "").await;
    let held = Arc::clone(&sink.permits).acquire_many_owned(1000).await.unwrap();
    let fetch = json!([{ "url": format!("http://127.0.0.1:{}/", sink.port) }]);
    let mut waiting: Vec<_> = (0..140).map(|_| Box::pin(server.post("/thief/act", &fetch))).collect();
    for _ in 0..12 {
        let (answer, _, others) = select_all(waiting).await;
        assert_eq!(answer.refusal(), "503 SERVER_BUSY The server is busy. Please try again later.");
        assert!(answer.headers.get("retry-after").is_some());
        waiting = others;
    }
    drop(held);
    for answer in join_all(waiting).await {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(server.plugin_counters().failures, 0);
}

/// While a provider does not answer, everybody else signs in; that it failed is remembered for a while.
async fn a_dead_provider_stops_nobody(place: Place) {
    let sink = HttpSink::start(0, &["503 Service Unavailable"]).await;
    let options = format!(
        "plugin_folder = \"{}\"\n[[plugins]]\nid = \"social\"\n{}\n[plugins.providers.sso]\nclient_id = \"x\"\n\
         client_secret = \"x\"\ndiscovery_url = \"http://127.0.0.1:{}/.well-known/openid-configuration\"",
        super::super::official().display(),
        port_of(&sink),
        sink.port
    );
    let server = Fixture::start(&place, &options).await;
    let ada = server.post("/sign-up/email", &someone("ada")).await;
    let held = Arc::clone(&sink.permits).acquire_many_owned(1000).await.unwrap();
    let wish = json!({ "provider": "sso" });
    let mut first = select_all((0..150).map(|_| Box::pin(server.post("/sign-in/social", &wish))));
    let neighbours = async {
        sink.received.take(8).await;
        for _ in 0..3 {
            assert_eq!(server.post(SIGN_IN, &someone("ada")).await.status, 200);
            assert_eq!(server.get("/get-session", &ada.cookies()).await.json()["user"]["email"], email("ada"));
        }
        assert_eq!(server.post_as("/sign-out", &ada.cookie(), &json!({})).await.status, 200);
    };
    let is_told_to_come_again = |answer: &Answer| answer.status == 503 && answer.headers.get("retry-after").is_some();
    tokio::pin!(neighbours);
    let waiting = loop {
        tokio::select! {
            biased;
            () = &mut neighbours => break first,
            (answer, _, others) = &mut first => {
                // On a busy machine the wait for the provider may end meanwhile.
                assert!(answer.status == 404 || is_told_to_come_again(&answer), "{}", answer.text);
                first = select_all(others);
            }
        }
    };
    drop(held);
    let (answer, _, others) = waiting.await;
    for answer in join_all(others).await.into_iter().chain([answer]) {
        assert!(answer.status == 404 || is_told_to_come_again(&answer), "{}", answer.text);
    }
    let asked = sink.received.count();
    for _ in 0..20 {
        assert_eq!(server.post("/sign-in/social", &wish).await.status, 404);
    }
    assert_eq!(sink.received.count(), asked, "it is known to have failed");
    server.pass_secs(31);
    assert_eq!(server.post("/sign-in/social", &wish).await.status, 404);
    assert_eq!(sink.received.count(), asked + 1);
    assert_eq!(server.plugin_counters().failures, 0);
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

/// What fits, and still takes too long, is refused; whoever sends it pauses nothing.
async fn work_on_an_input_is_the_clients_fault(place: Place) {
    let server = Thief::new("bare").loaded(&place, &[], "").await;
    let dear = json!({ "items": vec![0; 9000] });
    for _ in 0..25 {
        let answer = server.post("/thief/digest", &dear).await;
        assert_eq!(answer.refusal(), "422 REQUEST_TOO_COSTLY The request takes more work than it may");
    }
    let counters = server.plugin_counters();
    assert_eq!((counters.failures, counters.is_paused, counters.limit_hits), (0, false, [("call_ms", 25)].into()));
    assert_eq!(server.post("/thief/digest", &json!({ "items": vec![0; 9] })).await.status, 200);
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

/// A script that fails, before or after, keeps nobody; nor does one that has a say in rows.
async fn sign_out_depends_on_no_script(place: Place) {
    for script in [
        "before(\"/sign-out\", |ctx| { ctx.body.nothing.of_this(); });",
        "after(\"/sign-out\", |ctx| { ctx.body.nothing.of_this(); });",
        "before(\"session.delete\", |ctx| { ctx.data.nothing.of_this(); });",
        "before(\"session.delete\", |ctx| { reject(403, \"STAY\", \"Stay\"); });",
    ] {
        let server = running(&place, script).await;
        let path = if server.rows("user").await == 0 { "/sign-up/email" } else { SIGN_IN };
        let cookie = server.post(path, &someone("ada")).await.cookie();
        let answer = server.post_as("/sign-out", &cookie, &json!({})).await;
        assert_eq!(answer.status, 200, "{script}: {}", answer.text);
        assert_eq!(answer.cookie_changes()[0], "-session_token", "{script}");
        assert_eq!(server.rows("session").await, 0, "{script}");
    }
}

/// A gate that is paused keeps those out whom it guards; everybody else, and everything else, goes on.
async fn a_paused_gate_stops_its_own_users_alone(place: Place) {
    let options = format!(
        "{UNLIMITED}plugin_folder = \"{}\"\n[[plugins]]\nid = \"two-factor\"\nbreaker = {{ failures = 1 }}\n\
         limits = {{ host_calls = 1 }}",
        super::super::official().display()
    );
    let server = Fixture::try_start(&place, &options).await.unwrap();
    let guarded = server.post("/sign-up/email", &someone("guarded")).await.cookie();
    server.post("/sign-up/email", &someone("other")).await;
    let enabled = [("twoFactorEnabled", true.into())];
    server.store().update("user", &[eq("email", email("guarded"))], &enabled).await.unwrap();
    let rows = server.rows("session").await;
    assert_eq!(server.post(SIGN_IN, &someone("guarded")).await.status, 500);
    assert!(server.plugin_counters().is_paused);
    for _ in 0..3 {
        let answer = server.post(SIGN_IN, &someone("guarded")).await;
        assert!(answer.refusal().starts_with("503 PLUGIN_PAUSED"), "{}", answer.text);
        assert!(answer.headers.get("set-cookie").is_none());
    }
    assert_eq!(server.rows("session").await, rows);
    assert_eq!(server.get("/get-session", &guarded).await.json()["user"]["email"], email("guarded"));
    assert_eq!(server.post_as("/update-user", &guarded, &json!({ "name": "New" })).await.status, 200);
    assert_eq!(server.post_as("/sign-out", &guarded, &json!({})).await.status, 200);
    assert_eq!(server.rows("session").await, rows - 1);
    assert_eq!(server.post(SIGN_IN, &someone("other")).await.status, 200);
    assert_eq!(server.post("/sign-up/email", &someone("third")).await.status, 200);
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
