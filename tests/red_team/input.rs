//! INP-2, INP-5 to INP-9: storms, null characters, broken framing, oversized input and forged log lines.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use super::server::{Binary, PATIENCE};
use crate::fixture::Fixture;
use crate::operators::with_admin;
use crate::routes::{ada, sign_up, with};
use crate::store::{Place, on_both};

on_both!(
    inp_5_null_characters_are_refused_everywhere,
    inp_8_a_token_of_any_length_is_no_link,
    inp_8_long_values_are_refused_before_sql,
);

#[test]
fn inp_2_a_storm_of_sign_ins_is_bounded() {
    let server = Binary::start("", "warn");
    let body = json!({ "email": "ada@example.com", "password": "wrong horse 1" }).to_string();
    let storm: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..50)
            .map(|_| {
                scope.spawn(|| (0..20).map(|_| server.post("/sign-in/email", "", &body).status()).collect::<Vec<_>>())
            })
            .collect();
        for _ in 0..20 {
            assert_eq!(server.get("/api/auth/ok", "").status(), 200);
        }
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(storm.len(), 1000);
    assert!(storm.iter().all(|status| matches!(status, 401 | 503)), "{storm:?}");
    // Two hashing threads with 8 MiB each, and the server itself.
    assert!(server.peak_memory_kib() < 150 << 10, "{} KiB", server.peak_memory_kib());
}

/// A body that would sign somebody up, to be hidden behind another request.
fn smuggled(address: &str) -> String {
    format!("GET /api/auth/ok HTTP/1.1\r\nhost: {address}\r\n\r\n")
}

#[test]
fn inp_6_doubtful_framing_gets_one_refusal_and_a_closed_connection() {
    let server = Binary::start("", "error");
    let address = server.address.to_string();
    let inner = smuggled(&address);
    let head = format!("POST /api/auth/sign-out HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n");
    let length = inner.len();
    let many: String = (0..120).map(|number| format!("x-{number}: 1\r\n")).collect();
    let cases = [
        (
            "both lengths",
            format!("{head}content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
        ),
        ("chunked by another name", format!("{head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{inner}")),
        ("two lengths", format!("{head}content-length: 0\r\ncontent-length: {length}\r\n\r\n{inner}")),
        ("a signed length", format!("{head}content-length: +{length}\r\n\r\n{inner}")),
        ("a negative length", format!("{head}content-length: -1\r\n\r\n{inner}")),
        ("a length list", format!("{head}content-length: 0, {length}\r\n\r\n{inner}")),
        ("a folded header", format!("{head}x-a: 1\r\n folded\r\n\r\n{inner}")),
        ("a space before the colon", format!("{head}content-length : {length}\r\n\r\n{inner}")),
        ("too many headers", format!("{head}{many}\r\n{inner}")),
        ("a long head", format!("{head}x-a: {}\r\n\r\n{inner}", "x".repeat(200 << 10))),
        (
            "old version with chunks",
            format!("{}transfer-encoding: chunked\r\n\r\n0\r\n\r\n{inner}", head.replace("HTTP/1.1", "HTTP/1.0")),
        ),
        ("a bad chunk size", format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{inner}")),
        ("no host line end", format!("{head}\u{0}: 1\r\n\r\n{inner}")),
    ];
    for (name, bytes) in cases {
        let talk = server.talk(bytes.as_bytes());
        assert!(talk.answers() <= 1, "{name}: {}", talk.text);
        assert!(talk.is_closed, "{name} stays open: {}", talk.text);
        assert!(matches!(talk.status(), 0 | 400 | 408 | 413 | 431 | 501 | 505), "{name}: {}", talk.text);
    }
    assert_eq!(server.get("/api/auth/ok", "").status(), 200);
}

#[test]
fn inp_7_f_15_oversized_bodies_are_refused_early() {
    let server = Binary::start("", "error");
    let at_rest = server.peak_memory_kib();
    let large =
        json!({ "name": "x".repeat(1 << 20), "email": "a@example.com", "password": "correct horse 1" }).to_string();
    assert_eq!(server.post("/sign-up/email", "", &large).status(), 413);
    // An endless body is cut, whatever it claims to be.
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = "POST /api/auth/sign-up/email HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000));
    let began = Instant::now();
    while stream.write_all(chunk.as_bytes()).is_ok() {
        assert!(began.elapsed() < PATIENCE, "the server reads on for ever");
    }
    // A packed body is not unpacked: it is no JSON.
    let packed = server.post("/sign-up/email", "content-encoding: gzip\r\n", "\u{1f}\u{8b}\u{8}");
    assert_eq!(packed.status(), 400);
    assert!(server.peak_memory_kib() < at_rest + (64 << 10), "{at_rest} → {} KiB", server.peak_memory_kib());
    assert_eq!(server.get("/api/auth/ok", "").status(), 200);
}

async fn inp_8_a_token_of_any_length_is_no_link(place: Place) {
    let server = Fixture::start(&place, &with_admin("", "[[plugins]]\nid = \"magic-link\"\n")).await;
    for length in [500, 502, 600, 30_000] {
        let answer = server.get(&format!("/magic-link/verify?token={}", "x".repeat(length)), "").await;
        let target = answer.headers.get("location").unwrap_or_default();
        assert_eq!((answer.status, target), (302, "http://localhost:3000/?error=INVALID_TOKEN"), "{length}");
    }
}

async fn inp_8_long_values_are_refused_before_sql(place: Place) {
    let server = Fixture::start(&place, "").await;
    let dots = format!("a@{}com", "x.".repeat(30_000));
    let labels = format!("{}@example.com", "a.".repeat(30_000));
    for email in [dots, labels, format!("{}@example.com", "a".repeat(60_000)), "@".repeat(60_000)] {
        let answer = server.post("/sign-up/email", &with(ada(), "email", json!(email))).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    let wide: serde_json::Map<_, _> = (0..5000).map(|number| (format!("k{number}"), json!(number))).collect();
    let mut body = ada();
    body.as_object_mut().unwrap().extend(wide);
    assert!(matches!(server.post("/sign-up/email", &body).await.status, 200 | 400));
    assert!(server.rows("user").await <= 1);
}

#[test]
fn inp_9_a_forged_log_line_stays_one_escaped_line() {
    let server = Binary::start("advanced.ip_address.source = \"header\"", "trace");
    let forged = "x\\r\\n2026-01-01T00:00:00Z  INFO forged: \\u001b[31mred \\u202e {\\\"level\\\":\\\"info\\\"}";
    for field in ["email", "name", "password", "callbackURL"] {
        server.post("/sign-up/email", "", &format!("{{\"{field}\":\"{forged}\"}}"));
        server.post("/sign-in/email", "", &format!("{{\"password\":\"x\",\"{field}\":\"{forged}\"}}"));
    }
    let agents = ["\u{1b}[31mred", "\u{202e}evil", "\t{\"level\":\"info\"}"];
    for agent in agents {
        let headers = format!("user-agent: {agent}\r\nx-forwarded-for: {agent}\r\n");
        server.post("/sign-in/email", &headers, "{\"email\":\"a@example.com\",\"password\":\"x\"}");
        server.get("/api/auth/%0d%0a2026-01-01T00:00:00Z%20INFO%20forged%1b%5b31m", &headers);
    }
    let log = server.log();
    assert!(log.contains("audit"), "{log}");
    for line in log.lines() {
        assert!(!line.contains(['\u{1b}', '\u{202e}', '\r']), "{line:?}");
        assert!(!line.starts_with("2026-01-01T00:00:00Z"), "{line:?}");
    }
}

async fn inp_5_null_characters_are_refused_everywhere(place: Place) {
    let options = "mail.transport = \"mailbox\"\nuser.change_email.enabled = true\nuser.delete_user.enabled = true\n\
                   user.additional_fields.plan = { type = \"string\" }";
    let server = Fixture::start(&place, options).await;
    let cookie = sign_up(&server).await.cookie();
    for path in doorward::routes::core().iter().filter(|route| route.method == "POST").map(|route| route.path.clone()) {
        for field in [
            "name",
            "email",
            "password",
            "image",
            "callbackURL",
            "newEmail",
            "newPassword",
            "currentPassword",
            "token",
            "redirectTo",
            "accountId",
            "providerId",
            "plan",
        ] {
            let body = with(with(ada(), "email", json!("bob@example.com")), field, json!("a\u{0}b"));
            let answer = server.post_as(&path, &cookie, &body).await;
            assert!(matches!(answer.status, 400 | 403), "{path} {field}: {} {}", answer.status, answer.text);
            let query = format!("{path}?{field}=a%00b");
            let answer = server.post_as(&query, &cookie, &json!({})).await;
            assert!(matches!(answer.status, 400 | 403), "{query}: {} {}", answer.status, answer.text);
        }
    }
    for path in
        ["/verify-email?token=a%00", "/reset-password/a%00b?callbackURL=/x", "/get-session?disableCookieCache=%00"]
    {
        assert!(server.get(path, &cookie).await.status < 500, "{path}");
    }
    assert!(server.get("/get-session", "better-auth.session_token=a%00b.c").await.status < 500);
    assert_eq!(server.rows("user").await, 1);
}
