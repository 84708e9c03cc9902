//! Limits, failure policies and the breaker of one plugin, as the operator sets them.

use serde_json::json;

use super::{GRANTS, code, entry, failed, hostile, keep_log, logged};
use crate::fixture::{Answer, Fixture};
use crate::store::Place;

cases!(
    w_2_each_kind_of_host_call_has_a_budget,
    w_2_hashes_and_requests_to_other_servers_are_few,
    w_2_a_call_that_waits_for_the_database_ends_in_time,
    w_7_a_plugin_has_one_pace_for_all_its_requests,
    an_open_hook_leaves_no_trace_when_it_fails,
    f_8_what_guards_never_stands_open,
    f_8_a_plugin_that_fails_again_and_again_rests,
    a_policy_for_a_hook_that_is_not_there_stops_the_start,
);

async fn server(place: &Place, options: &str) -> Fixture {
    keep_log();
    Fixture::start(place, &entry("hostile", hostile(), &format!("{GRANTS}\n{options}"))).await
}

fn timed_out() -> (u16, String) {
    (504, "PLUGIN_TIMEOUT".to_owned())
}

fn paused() -> (u16, String) {
    (503, "PLUGIN_PAUSED".to_owned())
}

async fn sign_up(server: &Fixture, address: &str, agent: &str) -> Answer {
    let headers = [("origin", "http://localhost:3000"), ("content-type", "application/json"), ("user-agent", agent)];
    let body = json!({ "name": "Ada", "email": address, "password": "correct horse 1" });
    server.send("POST", "/sign-up/email", &headers, body.to_string()).await
}

async fn w_2_each_kind_of_host_call_has_a_budget(place: Place) {
    let server = server(&place, "limits = { host_calls = 40, data_calls = 7, mails = 2, call_ms = 5000 }").await;
    for (path, cause) in [
        ("/hostile/calls", "it called the host more than 40 times"),
        ("/hostile/data", "it used the database more than 7 times"),
        ("/hostile/mails", "it sent more than 2 mails"),
    ] {
        assert_eq!(code(&server.get(path, "").await), failed(), "{path}");
        assert!(logged(cause), "{path}");
    }
    assert_eq!(server.get("/hostile/write", "").await.status, 200, "the database was given back");
}

async fn w_2_hashes_and_requests_to_other_servers_are_few(place: Place) {
    let usual = server(&place, "").await;
    assert_eq!(code(&usual.get("/hostile/hashes", "").await), failed());
    assert!(logged("it hashed more than 4 passwords (limits.password_hashes)"));
    assert!(logged("compared 4") && !logged("compared 5"));
    assert_eq!(usual.get("/hostile/fetch", "").await.json(), 8);
    drop(usual);
    let strict = server(&place, "limits = { password_hashes = 0, http_calls = 2 }").await;
    assert_eq!(code(&strict.get("/hostile/hashes", "").await), failed());
    assert!(logged("it hashed more than 0 passwords"));
    assert_eq!(strict.get("/hostile/fetch", "").await.json(), 2);
    assert_eq!(strict.plugin_counters().limit_hits, [("password_hashes", 1)].into());
}

async fn w_2_a_call_that_waits_for_the_database_ends_in_time(place: Place) {
    let server = server(&place, "limits.wait_ms = 100").await;
    let busy = server.store().begin().await.unwrap();
    assert_eq!(code(&server.get("/hostile/write", "").await), timed_out());
    assert!(logged("it did not answer within 100 ms"));
    busy.rollback().await.unwrap();
    assert_eq!(server.get("/hostile/write", "").await.status, 200);
}

async fn w_7_a_plugin_has_one_pace_for_all_its_requests(place: Place) {
    let server = server(&place, "limits = { log_lines = 9, log_lines_per_sec = 10 }").await;
    for _ in 0..3 {
        assert_eq!(server.get("/hostile/flood", "").await.status, 200);
    }
    server.pass_secs(1);
    server.get("/hostile/flood", "").await;
    assert!(logged("dropped=491"), "the first call wrote 9 lines, and the tenth says so");
    assert!(logged("dropped=1000"), "the next two wrote none, and a second later the log says so");
}

async fn an_open_hook_leaves_no_trace_when_it_fails(place: Place) {
    let server = server(&place, "on_failure = { after = \"open\" }").await;
    let ok = server.get("/ok", "").await;
    let answer = server.get("/ok?fail=after", "").await;
    assert_eq!((answer.status, &answer.text), (200, &ok.text));
    assert!(logged("a hook failed, and the request goes on without it"));
    assert_eq!(server.plugin_counters().skipped_hooks, 1);
    assert_eq!(code(&server.get("/ok?fail=before", "").await), failed(), "what guards stays closed");
    assert_eq!(code(&sign_up(&server, "ada@example.com", "fail late").await), failed());
    assert_eq!(server.rows("user").await, 0);
}

async fn f_8_what_guards_never_stands_open(place: Place) {
    for policy in ["\"open\"", "{ before = \"open\" }", "{ gate = \"open\" }"] {
        let options = format!("{GRANTS}\non_failure = {policy}");
        let error = Fixture::try_start(&place, &entry("hostile", hostile(), &options)).await.err().unwrap();
        assert!(error.contains("`on_failure` would open"), "{policy}: {error}");
    }
    let closed = server(&place, "on_failure = { after = \"open\" }").await;
    let refused = sign_up(&closed, "ada@example.com", "fail in the gate").await;
    assert_eq!(code(&refused), failed());
    assert_eq!(closed.rows("session").await, 0);
}

async fn f_8_a_plugin_that_fails_again_and_again_rests(place: Place) {
    let server = server(&place, "breaker = { failures = 3, window_secs = 60, pause_secs = 10 }").await;
    for _ in 0..3 {
        assert_eq!(code(&server.get("/hostile/panic", "").await), failed());
    }
    assert!(logged("the plugin failed too often and is not called for a while"));
    let refused = server.get("/hostile/write", "").await;
    assert_eq!(code(&refused), paused());
    assert_eq!(refused.headers.get("retry-after"), Some("10"));
    assert_eq!(code(&server.get("/ok", "").await), paused(), "its hooks stay closed");
    assert!(server.plugin_counters().is_paused);

    server.pass_secs(10);
    assert_eq!(code(&server.get("/hostile/panic", "").await), failed(), "one probe");
    assert_eq!(code(&server.get("/hostile/write", "").await), paused());
    server.pass_secs(10);
    assert_eq!(server.get("/hostile/write", "").await.status, 200);
    assert_eq!(server.get("/ok", "").await.status, 200);
    let counters = server.plugin_counters();
    assert_eq!((counters.failures, counters.paused_calls, counters.is_paused), (4, 3, false));
}

async fn a_policy_for_a_hook_that_is_not_there_stops_the_start(place: Place) {
    let options = format!("{GRANTS}\non_failure = {{ \"/sign-in/social\" = \"open\" }}");
    let error = Fixture::try_start(&place, &entry("hostile", hostile(), &options)).await.err().unwrap();
    assert!(error.contains("plugin `hostile`") && error.contains("/sign-in/social"), "{error}");
}
