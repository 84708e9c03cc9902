//! Bodies of plugins' routes that are too large to be held: chunk by chunk, both ways, in flat memory.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::fixture::{Answer, Fixture};
use crate::hostile::{built, entry};
use crate::red_team::server::{Binary, PATIENCE};
use crate::store::{Place, on_both};

const GRANTS: &str = r#"grants = ["models", "transactions"]"#;
const MIB: usize = 1 << 20;

fn component() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| built("streams"));
    &BUILT
}

async fn server(place: &Place, more: &str) -> Fixture {
    Fixture::start(place, &entry("streams", component(), &format!("{GRANTS}\n{more}"))).await
}

async fn put(server: &Fixture, path: &str, content_type: &str, body: String) -> Answer {
    server.send("PUT", path, &[("content-type", content_type)], body).await
}

on_both!(
    rows_go_in_and_out_in_chunks,
    what_is_against_a_body_is_said_before_it_is_read,
    a_first_chunk_that_cannot_be_made_is_a_refusal,
    an_operator_lowers_the_limits,
);

async fn rows_go_in_and_out_in_chunks(place: Place) {
    let server = server(&place, "limits = { data_calls = 50 }").await;
    // Each line is as long as a third of a chunk, so that most of them lie in two. There are more than calls for data.
    let lines: String = (1..=90).map(|place| format!("{place},{}\n", "x".repeat(20_000))).collect();
    let taken = put(&server, "/streams/rows", "text/csv", lines.clone()).await;
    assert_eq!((taken.status, taken.json()), (200, json!({ "rows": 90 })), "{}", taken.text);
    let sent = server.get("/streams/rows", "").await;
    assert_eq!(sent.headers.get("content-type"), Some("text/csv; charset=utf-8"));
    assert!(sent.text == lines, "{} bytes of {}", sent.text.len(), lines.len());
    let hooked = server.send("GET", "/streams/rows", &[("x-look", "1")], "").await;
    assert_eq!((hooked.headers.get("x-seen"), hooked.text.len()), (Some("no"), lines.len()));
    let at_once = server.get("/streams/small", "").await;
    assert_eq!(at_once.json(), json!("at once"));
}

async fn what_is_against_a_body_is_said_before_it_is_read(place: Place) {
    let server = server(&place, "").await;
    let html = put(&server, "/streams/rows", "text/html", "x".to_owned()).await;
    let said = "Content-Type \"text/html\" is not allowed. Allowed types: text/csv";
    assert_eq!(html.refusal(), format!("415 UNSUPPORTED_MEDIA_TYPE {said}"));
    let inside = put(&server, "/streams/transaction", "text/csv", "x".to_owned()).await;
    let said =
        "`bodies.read` cannot be called while a transaction is open: call it before one begins, or after its end";
    assert_eq!((inside.status, &*inside.text), (200, said));
    assert_eq!(put(&server, "/streams/unread", "text/csv", "x".to_owned()).await.refusal(), "403 UNREAD No");
    let undeclared = put(&server, "/streams/whole", "text/csv", "x".to_owned()).await;
    assert_eq!(undeclared.status, 500, "a route that does not say so reads no chunks");
    assert_eq!(server.get("/streams/undeclared", "").await.status, 500, "nor answers in chunks");
}

async fn a_first_chunk_that_cannot_be_made_is_a_refusal(place: Place) {
    let server = server(&place, "").await;
    assert_eq!(server.get("/streams/refused", "").await.refusal(), "409 TAKEN No");
    assert_eq!(server.get("/streams/empty", "").await.refusal(), "500 PLUGIN_ERROR A plugin failed");
}

async fn an_operator_lowers_the_limits(place: Place) {
    let server =
        server(&place, r#"limits.stream_bytes = { "PUT /streams/measure" = 9, "GET /streams/rows" = 9 }"#).await;
    let taken = put(&server, "/streams/measure", "text/plain", "123456789".to_owned()).await;
    assert_eq!(taken.json(), json!({ "bytes": 9, "sum": 477 }));
    let refused = put(&server, "/streams/measure", "text/plain", "1234567890".to_owned()).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (413, Some("PAYLOAD_TOO_LARGE")));
    put(&server, "/streams/rows", "text/csv", "1,Ada Lovelace\n".to_owned()).await;
    assert_eq!(server.get("/streams/rows", "").await.status, 500, "more than the operator allows");
    drop(server);
    let unknown = format!("{GRANTS}\nlimits.stream_bytes = {{ \"GET /streams/none\" = 9 }}");
    let unknown = Fixture::try_start(&place, &entry("streams", component(), &unknown)).await.err().unwrap();
    assert!(unknown.contains("`limits.stream_bytes` names `GET /streams/none`"), "{unknown}");
    assert!(unknown.contains("`PUT /streams/measure`"), "{unknown}");
}

fn binary(more: &str) -> Binary {
    Binary::start(&entry("streams", component(), &format!("{GRANTS}\n{more}")), "warn")
}

/// A connection on which the head of an upload was sent.
fn begin(server: &Binary, path: &str, length: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "PUT /api/auth{path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: video/mp4\r\n{length}\r\n\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// What the server answers until it closes.
fn answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // It may close while there is more to take.
    _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn upload(server: &Binary, mib: usize) -> String {
    let mut stream = begin(server, "/streams/measure", &format!("content-length: {}", mib * MIB));
    let block = vec![1; MIB];
    for _ in 0..mib {
        stream.write_all(&block).unwrap();
    }
    answer(&mut stream)
}

/// Takes an answer in chunks, and returns how many bytes came and whether its end did.
fn download(server: &Binary, mib: usize, pause: Duration) -> (usize, bool) {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let path = format!("/api/auth/streams/bytes?mib={mib}");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.address).unwrap();
    std::thread::sleep(pause);
    let mut reader = BufReader::new(stream);
    let (mut bytes, mut end, mut block) = (0, Vec::new(), vec![0; MIB]);
    while let Ok(length @ 1..) = reader.read(&mut block) {
        bytes += block[..length].iter().filter(|byte| **byte == 7).count();
        end.extend_from_slice(&block[length.saturating_sub(5)..length]);
        end.drain(..end.len().saturating_sub(5));
    }
    (bytes, end == *b"0\r\n\r\n")
}

#[test]
fn large_bodies_leave_the_memory_flat() {
    let server = binary("");
    let sum = |mib: usize| format!("{{\"bytes\":{0},\"sum\":{0}}}", mib * MIB);
    // What the first ones need stays: instances, buffers of connections.
    assert!(upload(&server, 4).ends_with(&sum(4)));
    assert_eq!(download(&server, 4, Duration::ZERO), (4 * MIB, true));
    let before = server.peak_memory_kib();
    assert!(upload(&server, 64).ends_with(&sum(64)));
    assert_eq!(download(&server, 64, Duration::ZERO), (64 * MIB, true));
    let grown = server.peak_memory_kib() - before;
    assert!(grown < 16 << 10, "{grown} KiB more for two bodies of 64 MiB");
}

#[test]
fn a_body_that_is_too_long_is_refused_whatever_its_head_says() {
    let server = binary("limits.stream_bytes = { \"PUT /streams/measure\" = 1048576 }");
    let refused = answer(&mut begin(&server, "/streams/measure", "content-length: 1048577"));
    assert!(refused.starts_with("HTTP/1.1 413") && refused.contains("PAYLOAD_TOO_LARGE"), "{refused}");
    let mut chunked = begin(&server, "/streams/measure", "transfer-encoding: chunked");
    chunked.write_all(b"100001\r\n").unwrap();
    chunked.write_all(&vec![1; MIB + 1]).unwrap();
    chunked.write_all(b"\r\n0\r\n\r\n").unwrap();
    let refused = answer(&mut chunked);
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
    let mut right = begin(&server, "/streams/measure", "transfer-encoding: chunked");
    right.write_all(b"3\r\nabc\r\n0\r\n\r\n").unwrap();
    assert!(answer(&mut right).ends_with("{\"bytes\":3,\"sum\":294}"));
}

#[test]
fn clients_that_leave_or_wait_hold_nothing() {
    let server = binary("limits.stream_ms = 1500");
    // More than a plugin's requests that may wait at once.
    for _ in 0..140 {
        let mut stream = begin(&server, "/streams/measure", "content-length: 1048576");
        stream.write_all(&[1; 1000]).unwrap();
    }
    let begun = Instant::now();
    while !upload(&server, 1).starts_with("HTTP/1.1 200") {
        assert!(begun.elapsed() < PATIENCE, "{}", server.log());
    }
    let mut silent = begin(&server, "/streams/measure", "content-length: 1048576");
    let refused = answer(&mut silent);
    assert!(refused.starts_with("HTTP/1.1 408") && refused.contains("REQUEST_TIMEOUT"), "{refused}");
    let (bytes, has_ended) = download(&server, 64, Duration::from_millis(2500));
    assert!(bytes < 64 * MIB && !has_ended, "{bytes}");
    let log = server.log();
    assert!(log.contains("an answer in chunks was cut off") && log.contains("limits.stream_ms"), "{log}");
    assert_eq!(download(&server, 2, Duration::ZERO), (2 * MIB, true));
}

#[test]
fn a_chunk_that_fails_cuts_the_answer_off() {
    let server = binary("");
    let cut = server.get("/api/auth/streams/broken", "");
    assert!(cut.text.contains("\r\n3\r\none\r\n") && !cut.text.ends_with("0\r\n\r\n") && cut.is_closed, "{}", cut.text);
    let log = server.log();
    assert!(log.contains("chunk of GET /streams/broken"), "{log}");
    let request =
        format!("HEAD /api/auth/streams/broken HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.address);
    let head = server.talk(request.as_bytes());
    assert!(head.status() == 200 && !head.text.contains("content-length"), "{}", head.text);
    assert!(head.text.ends_with("\r\n\r\n") && !head.text.contains("\r\none"), "{}", head.text);
    let refused = server.get("/api/auth/streams/refused", "");
    assert_eq!(refused.status(), 409);
}
