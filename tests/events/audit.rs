//! The audit log at other systems: each event once and in order, also past a receiver that is away and a server that stops.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, UdpSocket, UnixDatagram};

use super::{Got, SECRET};
use crate::fixture::Fixture;
use crate::routes::{sign_in_status, sign_up};
use crate::sinks::HttpSink;
use crate::store::{Place, on_both, on_sqlite};

on_both!(every_row_reaches_the_webhook, a_syslog_server_that_was_away_misses_nothing);

/// Waits until the place in the log is known from which on receivers are told.
async fn follows(server: &Fixture, receivers: u64) {
    for _ in 0..1000 {
        if server.rows("doorward_receiver").await == receivers {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody follows the audit log");
}

async fn every_row_reaches_the_webhook(place: Place) {
    let sink = HttpSink::start(0, &["204 No Content"]).await;
    let options = format!(
        "[audit.webhook]\nurl = \"http://127.0.0.1:{}/\"\nsecret = \"{SECRET}\"\nallow_private = true\n",
        sink.port
    );
    let server = Fixture::start(&place, &options).await;
    follows(&server, 1).await;
    sign_up(&server).await;
    assert_eq!(sign_in_status(&server, "ada@example.com", "wrong horse 1").await, 401);
    let all: Vec<Got> = sink.received.take(2).await.iter().map(|text| Got::of(text)).collect();
    assert!(all.iter().all(|got| got.is_signed_with(SECRET)));
    let mut events: Vec<Json> = all.iter().map(Got::json).collect();
    events.sort_by_key(|event| event["data"]["seq"].as_i64());
    let shown: Vec<Json> = events.iter().map(|event| json!([event["type"], event["data"]["outcome"]])).collect();
    assert_eq!(shown, [json!(["audit.sign_up", "done"]), json!(["audit.sign_in", "refused"])]);
    server.stop().await;
    // What happens while nobody sends follows later.
    let place_in_log = server.records("doorward_receiver").await[0].integer("position");
    assert_eq!(place_in_log, events[1]["data"]["seq"].as_i64());
}

/// Frames of RFC 6587 §3.4.1.
fn frames(mut text: &str) -> Vec<&str> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = text.split_once(' ') {
        let (frame, more) = rest.split_at(length.parse().unwrap());
        frames.push(frame);
        text = more;
    }
    frames
}

async fn a_syslog_server_that_was_away_misses_nothing(place: Place) {
    // The port of a server that is gone.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let options = format!("[audit]\nsyslog = \"tcp://127.0.0.1:{port}\"\n");
    let server = Fixture::start(&place, &options).await;
    follows(&server, 1).await;
    sign_up(&server).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.stop().await;
    drop(server);
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let server = Fixture::start(&place, &options).await;
    server.pass_secs(60);
    let (mut stream, _) = tokio::time::timeout(Duration::from_secs(60), listener.accept()).await.unwrap().unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let lines = frames(&text);
    assert_eq!(lines.len(), 1, "{text}");
    let parts: Vec<&str> = lines[0].splitn(8, ' ').collect();
    // Facility 10, notice; version 1; host, program, process, kind, no structured data.
    assert_eq!((parts[0], parts[3], parts[5], parts[6]), ("<85>1", "doorward", "sign-up", "-"));
    // The host is this machine, not the public address, so that nodes are told apart.
    let own = std::process::Command::new("uname").arg("-n").output().unwrap().stdout;
    assert_eq!(parts[2], String::from_utf8(own).unwrap().trim());
    assert!(parts[1].ends_with('Z') && parts[4].parse::<u32>().is_ok(), "{}", lines[0]);
    let said: Json = serde_json::from_str(parts[7]).unwrap();
    assert_eq!((&said["event"], &said["outcome"]), (&json!("sign-up"), &json!("done")));
    assert!(!text.contains("ada@example.com"));
}

#[tokio::test]
async fn lines_go_by_udp_and_by_unix_sockets() {
    on_sqlite(async |place| {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let target = format!("udp://{}", udp.local_addr().unwrap());
        let server = Fixture::start(&place, &format!("audit.syslog = \"{target}\"")).await;
        follows(&server, 1).await;
        assert_eq!(sign_in_status(&server, "ada@example.com", "wrong horse 1").await, 401);
        let mut buffer = vec![0; 4096];
        let length = tokio::time::timeout(Duration::from_secs(60), udp.recv(&mut buffer)).await.unwrap().unwrap();
        let line = String::from_utf8(buffer[..length].to_vec()).unwrap();
        // A refusal is a warning.
        assert!(line.starts_with("<84>1 ") && line.contains(" sign-in - {"), "{line}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let unix = UnixDatagram::bind(&path).unwrap();
        server.reload(&place, &format!("audit.syslog = \"unix://{}\"", path.display())).await.unwrap();
        assert_eq!(sign_in_status(&server, "ada@example.com", "wrong horse 1").await, 401);
        let length = tokio::time::timeout(Duration::from_secs(60), unix.recv(&mut buffer)).await.unwrap().unwrap();
        assert!(String::from_utf8(buffer[..length].to_vec()).unwrap().contains(" sign-in - {"));
        let error = server.reload(&place, "audit.syslog = \"log.example\"").await.unwrap_err();
        assert!(error.contains("Write \"udp://host:514\""), "{error}");
    })
    .await;
}
