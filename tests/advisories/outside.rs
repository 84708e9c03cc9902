//! Plugins and the world outside: no request to places of one's own network, and no answer that lies about its length.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::hostile::promise::thief::{Thief, act};
use crate::hostile::{components, raw};
use crate::store::{Place, on_both};

on_both!(
    cve_2026_27945_55671_a_plugin_reaches_no_place_of_ones_own_network,
    ghsa_r8xh_an_answer_whose_length_is_another_is_refused,
);

/// Counts who comes, and sends each of them on to `location`.
fn trap(location: &str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (seen, location) = (Arc::<AtomicUsize>::default(), location.to_owned());
    let count = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            let head =
                format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            _ = stream.unwrap().write_all(head.as_bytes());
        }
    });
    (port, seen)
}

async fn cve_2026_27945_55671_a_plugin_reaches_no_place_of_ones_own_network(place: Place) {
    let (port, seen) = trap("/");
    let hosts = [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "0.0.0.0",
        "localhost",
        "x.localhost",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fd00::1]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
        "[::127.0.0.1]",
    ];
    let places: Vec<String> = hosts.iter().map(|host| format!("{host}:{port}")).collect();
    let named = format!("http = {{ hosts = {}, allow_http = true }}", json!(places));
    let server = Thief::new("http").set(&named).loaded(&place, &["http"], "").await;
    for target in &places {
        let done = act(&server, "/thief/", json!({ "url": format!("http://{target}/") })).await;
        assert!(done["ok"].as_str().is_some_and(|failure| failure.contains("Denied")), "{target}: {done}");
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);

    // Where the operator allows it, a host that sends on leads nowhere else.
    let (first, asked) = trap(&format!("http://127.0.0.1:{port}/"));
    let open = format!("http = {{ hosts = [\"127.0.0.1:{first}\"], allow_http = true, allow_private = true }}");
    let server = Thief::new("http").set(&open).loaded(&place, &["http"], "").await;
    let done = act(&server, "/thief/", json!({ "url": format!("http://127.0.0.1:{first}/") })).await;
    assert_eq!(done, json!({ "ok": 302 }));
    let done = act(&server, "/thief/", json!({ "url": format!("http://127.0.0.1:{port}/") })).await;
    assert!(done["ok"].as_str().is_some_and(|failure| failure.contains("Denied")), "{done}");
    assert_eq!((asked.load(Ordering::SeqCst), seen.load(Ordering::SeqCst)), (1, 0));
}

async fn ghsa_r8xh_an_answer_whose_length_is_another_is_refused(place: Place) {
    let lies: [(&str, &[(&str, &str)]); 5] = [
        ("shorter", &[("content-length", "1")]),
        ("longer", &[("Content-Length", "100")]),
        ("both", &[("content-length", "4"), ("content-length", "0")]),
        ("chunked", &[("transfer-encoding", "chunked")]),
        ("kept", &[("connection", "keep-alive")]),
    ];
    for (name, headers) in lies {
        let server = raw(&place, name, components::answers_with_headers(headers, "null")).await.unwrap();
        let answer = server.get("/hostile/raw", "").await;
        assert_eq!((answer.status, &answer.json()["code"]), (500, &json!("PLUGIN_ERROR")), "{name}: {}", answer.text);
        assert_eq!(server.get("/ok", "").await.status, 200, "{name}");
    }
    let honest = components::answers_with_headers(&[("x-length", "4")], "null");
    let answer = raw(&place, "honest", honest).await.unwrap().get("/hostile/raw", "").await;
    assert_eq!((answer.status, answer.text.as_str(), answer.headers.get("x-length")), (200, "null", Some("4")));
}
