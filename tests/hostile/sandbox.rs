//! Red team, group P: what a component may try against the engine, its neighbours and those who use the server.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorward::clock::SystemClock;
use doorward::config::Config;
use doorward::crypto::random::SystemRandom;
use doorward::plugin_host::{Capacity, Plugins, Ports};

use super::{code, components, entry, failed, logged, raw, server};
use crate::fixture::Fixture;
use crate::store::Place;

cases!(
    w_1_a_loop_in_a_hook_ends_in_time,
    w_1_many_failures_use_nothing_up,
    w_3_a_deadline_falls_between_long_instructions,
    w_3_clients_that_give_up_inside_a_transaction_leave_the_database_free,
    w_6_text_that_is_none_ends_the_call,
    w_8_memory_is_fresh_for_each_request_and_each_plugin,
    w_9_tables_of_others_are_out_of_reach,
    w_10_routes_of_the_core_are_taken,
    w_10_an_after_hook_does_not_decide_where_the_client_goes,
);

/// Loads a component as a server would, without the server.
pub async fn load(component: Vec<u8>) -> Result<(), String> {
    load_file(components::with_manifest(component, "raw")).await
}

/// As [`load`], with a manifest of its own.
pub async fn load_file(component: Vec<u8>) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("raw.wasm");
    std::fs::write(&file, component).unwrap();
    let text = format!("secret = \"sandbox-test-secret-0123456789-abcdefghij\"\n{}", entry("raw", &file, ""));
    let config = Config::parse(&text, folder.path(), &BTreeMap::new()).unwrap();
    let ports = Ports { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) };
    Plugins::load(&config, &ports, &Capacity::default()).await.map(|_| ()).map_err(|error| error.to_string())
}

async fn refused(component: Vec<u8>, name: &str, part: &str) {
    let error = load(component).await.err().unwrap_or_else(|| panic!("{name} was loaded"));
    assert!(error.contains("raw") && error.contains(part), "{name}: {error}");
}

async fn w_1_a_loop_in_a_hook_ends_in_time(place: Place) {
    let server = server(&place).await;
    let ended = server.get("/ok?fail=loop", "").await;
    // It does so because the query says so.
    assert_eq!(code(&ended), (422, "REQUEST_TOO_COSTLY".to_owned()));
    assert!(logged("before-hook"));
    assert_eq!(server.get("/ok", "").await.status, 200);
}

async fn w_1_many_failures_use_nothing_up(place: Place) {
    let more = format!("{}\nbreaker.failures = 0", super::GRANTS);
    let server = Fixture::start(&place, &entry("hostile", super::hostile(), &more)).await;
    for _ in 0..500 {
        assert_eq!(code(&server.get("/hostile/panic", "").await), failed());
    }
    assert_eq!(server.get("/hostile/remember", "").await.status, 200);
    assert_eq!(server.plugin_counters().failures, 500);
}

async fn w_3_a_deadline_falls_between_long_instructions(place: Place) {
    let server = raw(&place, "filler", components::fills_memory()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(code(&server.get("/hostile/raw", "").await), (504, "PLUGIN_TIMEOUT".to_owned()));
    }
}

async fn w_3_clients_that_give_up_inside_a_transaction_leave_the_database_free(place: Place) {
    let server = server(&place).await;
    for polls in 0..300 {
        tokio::select! {
            biased;
            () = async {
                for _ in 0..polls % 7 {
                    tokio::task::yield_now().await;
                }
            } => {}
            _ = server.get("/hostile/write", "") => {}
        }
    }
    assert_eq!(server.get("/hostile/write", "").await.status, 200);
}

#[tokio::test]
async fn w_4_what_no_plugin_needs_is_refused() {
    let module = |text: &str| components::from_text(&format!("(component (core module {text}))"));
    for (name, text) in [
        ("memory64", "(memory i64 1)"),
        ("shared memory", "(memory 1 1 shared)"),
        ("many memories", "(memory 1) (memory 1)"),
        ("garbage collection", "(type (struct (field i32)))"),
        ("tail calls", "(func $f (return_call $f))"),
        ("relaxed simd", "(func (param v128) (result v128) local.get 0 i32x4.relaxed_trunc_f32x4_s)"),
        ("exceptions", "(tag)"),
        ("50 001 locals", &format!("(func (local {}))", "i32 ".repeat(50_001))),
    ] {
        refused(module(text), name, "").await;
    }
    for (name, text) in [
        ("a table of a million", "(table 1000000 funcref)".to_owned()),
        ("many tables", "(table 1 funcref)".repeat(40)),
        ("many globals", "(global i64 (i64.const 1))".repeat(200_000)),
    ] {
        refused(components::with_text(&text), name, "").await;
    }
}

#[tokio::test]
async fn w_4_instances_are_few_and_tables_do_not_grow() {
    let instances = "(core instance (instantiate 0))".repeat(40);
    refused(components::from_text(&format!("(component (core module) {instances})")), "40 instances", "").await;
    let grows = "(table $t 1 funcref)
        (func $grow (if (i32.ne (table.grow $t (ref.null func) (i32.const 100000000)) (i32.const -1)) (then unreachable)))
        (start $grow)";
    assert_eq!(load(components::with_text(grows)).await, Ok(()), "it is told that there is no more");
}

#[tokio::test]
async fn w_5_deep_code_is_compiled_or_refused() {
    let depth = 20_000;
    let deep = format!("(func {} {})", "block ".repeat(depth), "end ".repeat(depth));
    _ = load(components::with_text(&deep)).await;
    let long = format!("(func (result i32) i32.const 1 {})", "i32.const 1 i32.add ".repeat(100_000));
    _ = load(components::with_text(&long)).await;
    assert_eq!(load(components::answers(200)).await, Ok(()), "the next one is loaded");
}

async fn w_6_text_that_is_none_ends_the_call(place: Place) {
    // The first bytes of the answer itself, read as text: a status of 200 is no UTF-8.
    let server = raw(&place, "letters", components::lies_about_its_body(2052, 1)).await.unwrap();
    assert_eq!(code(&server.get("/hostile/raw", "").await), failed());
    assert!(logged("plugin `letters` failed in GET /hostile/raw"));
}

async fn w_8_memory_is_fresh_for_each_request_and_each_plugin(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = String::new();
    for id in ["mark-a", "mark-b"] {
        let file = folder.path().join(format!("{id}.wasm"));
        std::fs::write(&file, components::with_route(components::leaves_a_mark(), id, "GET", &format!("/{id}")))
            .unwrap();
        entries += &entry(id, &file, "");
    }
    let server = Fixture::start(&place, &entries).await;
    for _ in 0..40 {
        for path in ["/mark-a", "/mark-b"] {
            assert_eq!(server.get(path, "").await.status, 200, "{path}");
        }
    }
    let at_once = (0..100).map(|_| server.get("/mark-a", ""));
    assert!(futures_util::future::join_all(at_once).await.iter().all(|answer| answer.status == 200));
}

async fn w_9_tables_of_others_are_out_of_reach(place: Place) {
    let server = server(&place).await;
    let body = serde_json::json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse 1" });
    server.post("/sign-up/email", &body).await;
    let before = server.counts().await;
    assert_eq!(server.get("/hostile/tables", "").await.json(), serde_json::json!([]));
    assert_eq!(server.counts().await, before);
}

async fn w_10_routes_of_the_core_are_taken(place: Place) {
    for (method, path) in
        [("POST", "/sign-up/email"), ("POST", "/sign-in/email"), ("GET", "/get-session"), ("GET", "/ok")]
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("thief.wasm");
        std::fs::write(&file, components::with_route(components::answers(200), "thief", method, path)).unwrap();
        let error = Fixture::try_start(&place, &entry("thief", &file, "")).await.err().unwrap();
        assert!(error.contains(path), "{error}");
    }
}

async fn w_10_an_after_hook_does_not_decide_where_the_client_goes(place: Place) {
    let server = server(&place).await;
    let answer = server.get("/ok?fail=headers", "").await;
    assert_eq!(answer.headers.get("x-hostile-set"), Some("1"), "a location beside a success, which no browser follows");
    assert_eq!((answer.status, answer.headers.get("set-cookie")), (200, None));
    let sent_on = server.get("/verify-email?token=x&callbackURL=%2Fthere", "").await;
    assert_eq!((sent_on.status, sent_on.headers.get("x-hostile-set")), (302, Some("0")));
    assert!(sent_on.headers.get("location").unwrap().contains("/there"));
}

#[tokio::test]
async fn w_11_nothing_of_the_system_can_be_imported() {
    for import in [
        "wasi:cli/environment@0.2.0",
        "wasi:filesystem/types@0.2.0",
        "wasi:sockets/network@0.2.0",
        "wasi:clocks/wall-clock@0.2.0",
        "wasi:random/random@0.2.0",
        "doorward:plugin/store@1.0.0",
        "doorward:host/config@1.0.0",
    ] {
        let text = format!("(component (import \"{import}\" (instance)))");
        refused(components::from_text(&text), import, "which its manifest does not name").await;
    }
    let newer = components::from_text("(component (import \"doorward:plugin/config@9.0.0\" (instance)))");
    refused(newer, "a newer contract", "this server speaks 1.0.0: update the server").await;
    refused(components::from_text("(component (import \"env\" (func)))"), "env", "which its manifest does not name")
        .await;
}

#[tokio::test]
async fn w_13_a_damaged_component_is_refused_and_nothing_more() {
    let genuine = components::answers(200);
    let (mut loaded, mut seed) = (0, 0x9e37_79b9_u64);
    for _ in 0..150 {
        let mut damaged = genuine.clone();
        for _ in 0..3 {
            // A generator of its own, so that a failure can be played again.
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let place = (seed >> 33) as usize % damaged.len();
            damaged[place] ^= 1 << (seed >> 29 & 7);
        }
        loaded += usize::from(load(damaged).await.is_ok());
    }
    assert!(loaded < 150, "some damage is seen");
    for length in (0..genuine.len()).step_by(31) {
        _ = load(genuine[..length].to_vec()).await;
    }
    assert_eq!(load(genuine).await, Ok(()));
}
