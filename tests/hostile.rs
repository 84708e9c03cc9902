//! Hostile plugins: each call ends with a clear 5xx and a log line that names the plugin, and requests beside it go on.
//!
//! The red team's ids, and where each is tried; below `hostile/` unless another place is named:
//!
//! | id | tests |
//! |---|---|
//! | W-1 endless loops | `w_1_…` in `sandbox`; here: routes that loop, neighbours of a loop, a loop at start |
//! | W-2 calls of the host | `w_2_…` in `limits`; here: clients that give up, more requests than turns |
//! | W-3 deadlines and dropped calls | `w_3_…` in `sandbox` |
//! | W-4 memories, tables, proposals | `w_4_…` in `sandbox`; here: a bomb, a memory beyond the limit |
//! | W-5 depth | `w_5_…` in `sandbox`; here: a recursion without an end |
//! | W-6 lies about answers | `w_6_…` in `sandbox`; here: lies about sizes, headers, a status; `host/src/plugin_host/call/convert.rs` |
//! | W-7 floods of the log | `w_7_…` in `limits`; here: a flood; `host/src/plugin_host/imports/log.rs` |
//! | W-8 leaks between requests | `w_8_…` in `sandbox`; here: nothing is remembered |
//! | W-9 tables of others | `w_9_…` in `sandbox`; `tests/capabilities/tables.rs` |
//! | W-10 forged authority | `w_10_…` in `sandbox`; here: what belongs to others, secrets of the client; `tests/capabilities/people.rs` |
//! | W-11 the system and the network | `w_11_…` in `sandbox`; here: a capability that was not granted; `host/src/http/outgoing/tests.rs` |
//! | W-12 reload and caches | `w_12_…` in `reload` |
//! | W-13 random components and values | `w_13_…` in `fuzz` and `sandbox` |
//! | RH, and rights, keys, names, turns | the table in `promise` |
//! | SUP-1 the cache of compiled code | `sup_1_…` in `host/src/plugin_host/admission/cache.rs` |
//! | SUP-2 whom to trust | `sup_2_…` in `trust`; `host/src/plugin_host/admission/trust.rs` |
//! | SUP-3 dependencies and builds | `tests/lint`; `tests/kit` builds twice, in two folders |

#[path = "hostile/components.rs"]
pub mod components;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, Once};

use doorward::commands::plugin::{BuildRequest, build};
use serde_json::json;

use crate::fixture::{Answer, Fixture};
use crate::store::Place;

pub const GRANTS: &str = r#"grants = ["cookies", "verifications", "users", "mail", "transactions", "models", "passwords", "http", "session-gate",
    "reads-request:/sign-up/email", "changes-request:/sign-up/email", "changes-answer:/sign-up/email",
    "observes:/guarded/before", "reads-request:/ok", "changes-answer:/ok", "changes-answer:/verify-email"]"#;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Builds the plugins of a folder, as far as they are not up to date.
pub fn build_once(folder: &Path, out: &Path) {
    let request =
        BuildRequest { folder: folder.to_owned(), out: out.to_owned(), target: root().join("target/plugins") };
    // The command brings a runtime of its own, which cannot run inside the test's.
    std::thread::spawn(move || build(&request).map_err(|error| error.to_string())).join().unwrap().unwrap();
}

/// The component of `tests/hostile/plugin`, built once.
pub fn hostile() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| built("hostile"));
    &BUILT
}

/// The folder of this project's plugins, built once.
pub fn official() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let out = root().join("target/official");
        build_once(&root().join("plugins"), &out);
        out
    });
    &BUILT
}

/// Builds the component of `tests/<name>/plugin`.
pub fn built(name: &str) -> PathBuf {
    let out = root().join("target").join(name);
    build_once(&root().join("tests").join(name).join("plugin"), &out);
    out.join(format!("{name}.wasm"))
}

pub fn entry(id: &str, path: &Path, more: &str) -> String {
    format!("[[plugins]]\nid = \"{id}\"\npath = \"{}\"\n{more}\n", path.display())
}

async fn server(place: &Place) -> Fixture {
    keep_log();
    Fixture::start(place, &entry("hostile", hostile(), GRANTS)).await
}

/// A server with a component of bytes that no SDK would make.
pub async fn raw(place: &Place, name: &str, component: Vec<u8>) -> Result<Fixture, String> {
    keep_log();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("{name}.wasm"));
    std::fs::write(&file, components::with_manifest(component, name)).unwrap();
    Fixture::try_start(place, &entry(name, &file, "")).await
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Keeper;

impl Write for Keeper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub fn keep_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing_subscriber::fmt().with_ansi(false).with_writer(|| Keeper).init());
}

pub fn logged(part: &str) -> bool {
    String::from_utf8_lossy(&LOG.lock().unwrap()).contains(part)
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        mod cases {
            $(#[tokio::test]
            async fn $case() {
                crate::store::on_sqlite(super::$case).await;
            })*
        }
    };
}

#[path = "hostile/chance.rs"]
mod chance;
#[path = "hostile/fuzz.rs"]
mod fuzz;
#[path = "hostile/limits.rs"]
mod limits;
#[path = "hostile/promise/mod.rs"]
pub mod promise;
#[path = "hostile/reload.rs"]
mod reload;
#[path = "hostile/sandbox.rs"]
mod sandbox;
#[path = "hostile/trust.rs"]
mod trust;

cases!(
    every_harm_ends_its_own_call,
    an_endless_loop_does_not_hold_up_its_neighbours,
    clients_that_give_up_leave_nothing_behind,
    more_requests_than_turns_are_all_answered,
    a_hook_that_fails_fails_closed,
    what_belongs_to_others_is_out_of_reach,
    secrets_of_the_client_are_not_shown,
    nothing_is_remembered_between_requests,
    a_trap_inside_a_transaction_rolls_it_back,
    a_flood_of_log_lines_is_cut,
    a_capability_that_was_not_granted_stops_the_start,
    a_loop_at_start_stops_the_start,
    a_memory_beyond_the_limit_stops_the_start,
    lies_about_sizes_end_the_call,
    an_answer_that_a_client_makes_too_long_is_its_fault,
);

fn failed() -> (u16, String) {
    (500, "PLUGIN_ERROR".to_owned())
}

async fn every_harm_ends_its_own_call(place: Place) {
    keep_log();
    // Memory runs out before the time, on a busy machine too.
    let patient = format!("{GRANTS}\nlimits = {{ call_ms = 500 }}");
    let server = Fixture::start(&place, &entry("hostile", hostile(), &patient)).await;
    let cases = [
        ("/hostile/loop", (504, "PLUGIN_TIMEOUT".to_owned()), "/hostile/loop: it ran longer than 500 ms"),
        ("/hostile/bomb", failed(), "/hostile/bomb: it wanted more than 32 MiB of memory (limits.memory_mib)"),
        ("/hostile/panic", failed(), "/hostile/panic:"),
        ("/hostile/recurse", failed(), "call stack exhausted"),
        ("/hostile/huge", failed(), "/hostile/huge:"),
        ("/hostile/calls", failed(), "it called the host more than 1000 times"),
        ("/hostile/forge-header", failed(), "the header `Set-Cookie` is not a plugin's to set"),
        ("/hostile/status", failed(), "the status 99"),
    ];
    for (path, expected, cause) in cases {
        let answer = server.get(path, "").await;
        assert_eq!(code(&answer), expected, "{path}");
        assert!(answer.headers.get("set-cookie").is_none(), "{path}");
        assert!(logged("plugin `hostile` failed in"), "{path}");
        assert!(logged(cause), "{path}: {cause}");
        assert_eq!(server.get("/ok", "").await.status, 200, "after {path}");
    }
    assert!(logged("as asked"), "the panic's own message");
}

async fn an_endless_loop_does_not_hold_up_its_neighbours(place: Place) {
    let server = server(&place).await;
    let loops = futures_util::future::join_all((0..8).map(|_| server.get("/hostile/loop", "")));
    let neighbours = async {
        // The loops are running by now: this runtime has one thread.
        tokio::task::yield_now().await;
        for _ in 0..20 {
            assert_eq!(server.get("/ok", "").await.status, 200);
        }
        "neighbours"
    };
    tokio::pin!(loops);
    tokio::select! {
        _ = &mut loops => panic!("the neighbours waited for the loops"),
        done = neighbours => assert_eq!(done, "neighbours"),
    }
    for answer in loops.await {
        assert_eq!(answer.status, 504);
    }
}

async fn clients_that_give_up_leave_nothing_behind(place: Place) {
    let server = server(&place).await;
    for polls in 0..200 {
        let call = server.get("/hostile/loop", "");
        tokio::select! {
            biased;
            () = async {
                for _ in 0..polls % 3 {
                    tokio::task::yield_now().await;
                }
            } => {}
            _ = call => panic!("the loop ended before its time"),
        }
    }
    assert_eq!(server.get("/hostile/remember", "").await.json(), json!(0), "there are turns left");
}

async fn more_requests_than_turns_are_all_answered(place: Place) {
    let server = server(&place).await;
    let requests = (0..300).map(|_| server.get("/hostile/remember", ""));
    for answer in futures_util::future::join_all(requests).await {
        assert_eq!((answer.status, answer.json()), (200, json!(0)));
    }
}

async fn a_hook_that_fails_fails_closed(place: Place) {
    let server = server(&place).await;
    assert_eq!(server.get("/ok", "").await.status, 200);
    for moment in ["before", "after"] {
        let answer = server.get(&format!("/ok?fail={moment}"), "").await;
        assert_eq!(code(&answer), failed(), "{moment}");
        assert!(logged(&format!("plugin `hostile` failed in hook {moment} ")), "{moment}");
    }
}

async fn what_belongs_to_others_is_out_of_reach(place: Place) {
    let server = server(&place).await;
    let forged = server.get("/hostile/forge", "").await;
    let none = [false; 5];
    assert_eq!(forged.json(), json!({ "set": none, "signed": none, "deleted": none, "own": true }));
    let cookies: Vec<&str> = forged.headers.all("set-cookie").collect();
    let own =
        "better-auth.hostile=a%3B%20Domain%3Dexample.com%0D%0Ax%3A%20y; Max-Age=60; Path=/; HttpOnly; SameSite=Lax";
    assert_eq!(cookies, [own]);
    assert_eq!(
        server.get("/hostile/foreign", "").await.json(),
        json!([false, false, false, false, false, false, false])
    );
    for model in ["user", "verification", "doorward_outbox"] {
        assert_eq!(server.rows(model).await, 0, "{model}");
    }
}

async fn secrets_of_the_client_are_not_shown(place: Place) {
    let server = server(&place).await;
    let body = json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse 1" });
    let cookie = server.post("/sign-up/email", &body).await.cookie();
    let headers = [("cookie", cookie.as_str()), ("authorization", "Bearer secret")];
    let seen = server.send("GET", "/hostile/spy", &headers, "").await;
    assert_eq!(seen.json(), json!({ "headers": [null, null, null, null], "reserved": false, "token": null }));
}

async fn nothing_is_remembered_between_requests(place: Place) {
    let server = server(&place).await;
    for _ in 0..3 {
        assert_eq!(server.get("/hostile/remember", "").await.json(), json!(0));
    }
}

async fn a_trap_inside_a_transaction_rolls_it_back(place: Place) {
    let server = server(&place).await;
    assert_eq!(code(&server.get("/hostile/half", "").await), failed());
    assert_eq!(server.rows("verification").await, 0);
    let body = json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse 1" });
    assert_eq!(server.post("/sign-up/email", &body).await.status, 200, "the next write goes on");
}

async fn a_flood_of_log_lines_is_cut(place: Place) {
    let server = server(&place).await;
    assert_eq!(server.get("/hostile/flood", "").await.status, 200);
    assert!(logged("flood 31\\r\\nINFO forged line"));
    assert!(!logged("flood 32\\r\\n") && !logged("\nINFO forged line"));
    assert!(logged("dropped=468"));
}

async fn a_capability_that_was_not_granted_stops_the_start(place: Place) {
    for grants in ["", "grants = [\"cookies\", \"users\"]"] {
        let refused = Fixture::try_start(&place, &entry("hostile", hostile(), grants)).await;
        let error = refused.err().unwrap();
        assert!(error.contains("plugin `hostile` uses `"), "{error}");
        assert!(error.contains("grants = [\""), "{error}");
    }
}

async fn a_loop_at_start_stops_the_start(place: Place) {
    let error = raw(&place, "spinner", components::loops_at_start()).await.err().unwrap();
    assert!(error.contains("plugin `spinner`") && error.contains("it ran longer than 50 ms"), "{error}");
}

async fn a_memory_beyond_the_limit_stops_the_start(place: Place) {
    let error = raw(&place, "greedy", components::starts_with_much_memory()).await.err().unwrap();
    assert!(error.contains("plugin `greedy`"), "{error}");
}

async fn lies_about_sizes_end_the_call(place: Place) {
    let gigabyte = 1 << 30;
    let lies = [
        ("far", components::lies_about_its_body(u32::MAX, 1)),
        ("long", components::lies_about_its_body(0, gigabyte)),
        ("wrapping", components::lies_about_its_body(u32::MAX - 8, u32::MAX)),
        ("headers", components::lies_about_its_headers(1_000_000)),
    ];
    for (name, component) in lies {
        let server = raw(&place, name, component).await.unwrap();
        assert_eq!(code(&server.get("/hostile/raw", "").await), failed(), "{name}");
        assert!(logged(&format!("plugin `{name}` failed in GET /hostile/raw")), "{name}");
        assert_eq!(server.get("/ok", "").await.status, 200, "{name}");
    }
}

async fn an_answer_that_a_client_makes_too_long_is_its_fault(place: Place) {
    let server = server(&place).await;
    assert_eq!(server.get("/hostile/long?kib=1000", "").await.status, 200);
    // Longer than an answer may be, and than what may cross the border at all.
    for kib in [1500, 3000] {
        let answer = server.get(&format!("/hostile/long?kib={kib}"), "").await;
        assert_eq!(code(&answer), (422, "REQUEST_TOO_COSTLY".to_owned()), "{kib}");
    }
    assert_eq!(server.plugin_counters().failures, 0);
}
