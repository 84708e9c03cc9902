//! W-12: plugins are swapped while requests run: atomically, on a signal too, and a bad file changes nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;

use super::{GRANTS, components, entry, hostile, keep_log};
use crate::fixture::{Answer, Fixture};
use crate::routes::{ada, sign_up};
use crate::store::Place;

cases!(
    w_12_requests_in_flight_finish_on_the_old_plugin,
    w_12_a_request_in_flight_sees_one_set_of_scripts,
    w_12_requests_inside_plugins_are_counted_across_a_swap,
    w_12_a_swap_under_load_drops_nothing,
    w_12_a_plugin_that_wants_other_tables_is_not_swapped_in,
);

fn put(file: &Path, component: Vec<u8>) {
    let unfinished = file.with_extension("new");
    std::fs::write(&unfinished, component).unwrap();
    std::fs::rename(unfinished, file).unwrap();
}

fn answering(status: u16) -> Vec<u8> {
    components::with_manifest(components::answers(status), "swapped")
}

async fn w_12_requests_in_flight_finish_on_the_old_plugin(place: Place) {
    keep_log();
    let server = Fixture::start(&place, &entry("hostile", hostile(), GRANTS)).await;
    let busy = server.store().begin().await.unwrap();
    let swap = async {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        server.reload(&place, "").await.unwrap();
        assert_eq!(server.get("/hostile/write", "").await.status, 404, "the plugin is gone for those who come now");
        busy.rollback().await.unwrap();
    };
    let (in_flight, ()) = tokio::join!(server.get("/hostile/write", ""), swap);
    assert_eq!((in_flight.status, in_flight.text.as_str()), (200, "\"written\""));
}

async fn w_12_a_request_in_flight_sees_one_set_of_scripts(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.rhai");
    let write = |name: &str| {
        let text = r#"
            before("/sign-in/email", |ctx| { send_mail("ada@example.com", "note", #{}); });
            gate(|ctx| { set_header("x-gate", "NAME"); });
            before("session.create", |ctx| { if ctx.path == "/sign-in/email" { reject(403, "NAME", "as asked"); } });
            after("/sign-in/email", |ctx| { set_header("x-after", "NAME"); });
        "#;
        std::fs::write(&file, text.replace("NAME", name)).unwrap();
    };
    write("OLD");
    let listed = format!("mail.transport = \"mailbox\"\n[[hooks]]\nfile = {:?}", file.display().to_string());
    let server = Fixture::start(&place, &listed).await;
    sign_up(&server).await;
    // The script's mail waits for the one writer, so that the request stands between its hook and its gate.
    let busy = server.store().begin().await.unwrap();
    let swap = async {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        write("NEW");
        server.reload(&place, &listed).await.unwrap();
        busy.rollback().await.unwrap();
    };
    let body = ada();
    let (in_flight, ()) = tokio::join!(server.post("/sign-in/email", &body), swap);
    let seen = |answer: &Answer| {
        let header = |name: &str| answer.headers.get(name).unwrap_or_default().to_owned();
        (header("x-gate"), header("x-after"), answer.refusal())
    };
    let of = |name: &str| (name.to_owned(), name.to_owned(), format!("403 {name} as asked"));
    assert_eq!(seen(&in_flight), of("OLD"));
    assert_eq!(seen(&server.post("/sign-in/email", &ada()).await), of("NEW"));
}

async fn w_12_requests_inside_plugins_are_counted_across_a_swap(place: Place) {
    const AT_ONCE: usize = 64;
    keep_log();
    let listed = entry("hostile", hostile(), GRANTS);
    let server = Fixture::start(&place, &listed).await;
    // As many requests as may be inside plugins wait there for the one writer.
    let busy = server.store().begin().await.unwrap();
    let inside = futures_util::future::join_all((0..AT_ONCE).map(|_| server.get("/hostile/write", "")));
    let swap = async {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        server.reload(&place, &listed).await.unwrap();
        let mut one_more = std::pin::pin!(server.get("/hostile/remember", ""));
        for _ in 0..50 {
            assert!(one_more.as_mut().now_or_never().is_none(), "it waits for those that are inside");
            tokio::task::yield_now().await;
        }
        busy.rollback().await.unwrap();
        one_more.await
    };
    let (inside, one_more) = tokio::join!(inside, swap);
    assert!(inside.iter().all(|answer| answer.status == 200));
    assert_eq!(one_more.status, 200);
}

async fn w_12_a_swap_under_load_drops_nothing(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("swapped.wasm");
    put(&file, answering(201));
    let listed = entry("swapped", &file, "");
    let server = Fixture::start(&place, &listed).await;
    let is_over = AtomicBool::new(false);
    let load = async {
        let mut answered = 0;
        while !is_over.load(Ordering::Relaxed) {
            let at_once = (0..20).map(|_| server.get("/hostile/raw", ""));
            for answer in futures_util::future::join_all(at_once).await {
                assert!([201, 202].contains(&answer.status), "{}", answer.text);
                answered += 1;
            }
        }
        answered
    };
    let swaps = async {
        for round in 0..6 {
            let status = 201 + round % 2;
            put(&file, answering(status));
            server.reload(&place, &listed).await.unwrap();
            assert_eq!(server.get("/hostile/raw", "").await.status, status);
            put(&file, b"no component".to_vec());
            let error = server.reload(&place, &listed).await.unwrap_err();
            assert!(error.contains("swapped.wasm"), "{error}");
            assert_eq!(server.get("/hostile/raw", "").await.status, status, "the old one serves on");
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let (answered, ()) = tokio::join!(load, swaps);
    assert!(answered >= 20);
}

async fn w_12_a_plugin_that_wants_other_tables_is_not_swapped_in(place: Place) {
    let folder = format!("plugin_folder = \"{}\"", super::official().display());
    let server = Fixture::start(&place, &folder).await;
    let with_field = format!("{folder}\n[[plugins]]\nid = \"last-login-method\"\nstore_in_database = true");
    let error = server.reload(&place, &with_field).await.unwrap_err();
    assert!(error.contains("doorward migrate"), "{error}");
    let without = format!("{folder}\n[[plugins]]\nid = \"last-login-method\"");
    server.reload(&place, &without).await.unwrap();
}

/// A server in a process of its own.
struct Serving {
    process: Child,
    address: String,
    log: BufReader<Box<dyn Read + Send>>,
}

impl Serving {
    fn start(folder: &Path) -> Self {
        let doorward = |command: &str| {
            let mut doorward = Command::new(env!("CARGO_BIN_EXE_doorward"));
            doorward.arg(command).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped());
            doorward
        };
        assert!(doorward("migrate").status().unwrap().success());
        let mut process = doorward("serve").spawn().unwrap();
        let stderr: Box<dyn Read + Send> = Box::new(process.stderr.take().unwrap());
        let mut serving = Self { process, address: String::new(), log: BufReader::new(stderr) };
        let line = serving.wait_for("serving");
        let plain: String =
            line.split("address").nth(1).unwrap().chars().filter(|letter| !letter.is_control()).collect();
        serving.address = plain[plain.find("127").unwrap()..].trim().to_owned();
        serving
    }

    fn wait_for(&mut self, part: &str) -> String {
        for line in (&mut self.log).lines() {
            let line = line.unwrap();
            if line.contains(part) {
                return line;
            }
        }
        panic!("the server ended before it said `{part}`");
    }

    fn hang_up(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    }

    fn status(&self) -> u16 {
        status(&self.address)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn status(address: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /api/auth/hostile/raw HTTP/1.0\r\nhost: localhost:3000\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[cfg(unix)]
#[test]
fn w_12_a_hangup_loads_again_what_the_configuration_lists() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("swapped.wasm");
    let config = folder.path().join("doorward.toml");
    let text = "secret = \"hangup-test-secret-0123456789-abcdefghij\"\nserver.address = \"127.0.0.1:0\"\nserver.workers = 1\n\
                rate_limit.enabled = false\n";
    put(&file, answering(201));
    std::fs::write(&config, format!("{text}{}", entry("swapped", &file, ""))).unwrap();
    let mut serving = Serving::start(folder.path());
    assert_eq!(serving.status(), 201);

    let is_over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let address = serving.address.clone();
        let load = threads.spawn(|| {
            let mut seen = Vec::new();
            let address = address;
            while !is_over.load(Ordering::Relaxed) {
                seen.push(status(&address));
            }
            seen
        });
        put(&file, answering(202));
        serving.hang_up();
        serving.wait_for("was applied again");
        assert_eq!(serving.status(), 202);
        is_over.store(true, Ordering::Relaxed);
        assert!(load.join().unwrap().iter().all(|status| [201, 202].contains(status)));
    });

    std::fs::write(&config, format!("{text}nonsense = 1\n")).unwrap();
    serving.hang_up();
    assert!(serving.wait_for("the configuration was not applied").contains("nonsense"));
    assert_eq!(serving.status(), 202);
    std::fs::write(&config, text).unwrap();
    serving.hang_up();
    serving.wait_for("was applied again");
    assert_eq!(serving.status(), 404, "the entry is gone");
}
