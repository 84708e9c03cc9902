//! What the host does for plugins beside data, through a real component: keys, sealing, cache, passkeys, other servers.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use doorward::crypto::keys::{Algorithm, verify};
use serde_json::{Value as Json, json};

use crate::fixture::{Answer, Fixture};
use crate::hostile::built;
use crate::store::{Place, on_sqlite};

const GRANTS: &str = r#"grants = ["keys", "sealing", "webauthn", "http"]"#;

/// The component of `tests/services/plugin`, built once.
fn component() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| built("services"));
    &BUILT
}

fn entry(more: &str) -> String {
    format!("[[plugins]]\nid = \"services\"\npath = \"{}\"\n{more}\n", component().display())
}

async fn server(place: &Place, more: &str) -> Fixture {
    Fixture::start(place, &entry(&format!("{GRANTS}\n{more}"))).await
}

async fn call(server: &Fixture, route: &str, body: Json) -> Answer {
    server.post(&format!("/services/{route}"), &json!({ "body": body })).await
}

async fn result(server: &Fixture, route: &str, body: Json) -> Json {
    let answer = call(server, route, body).await;
    assert_eq!(answer.status, 200, "{route}: {}", answer.text);
    answer.json()
}

#[tokio::test]
async fn keys_stay_in_the_host() {
    on_sqlite(async |place| {
        let server = server(&place, "").await;
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es512, Algorithm::Rs256, Algorithm::Ps256] {
            let name = algorithm.name();
            let pair = result(&server, "key", json!({ "algorithm": name })).await;
            let (public, private) = (pair["public"].as_str().unwrap(), pair["private"].as_str().unwrap());
            assert!(!private.contains("\"d\"") && private.starts_with('"'), "{private}");
            let claims = json!({ "sub": "a" });
            let ask = json!({ "algorithm": name, "private": private, "header": { "kid": "k" }, "claims": claims });
            let token = result(&server, "sign", ask.clone()).await;
            let token = token.as_str().unwrap();
            assert_eq!(verify(public, algorithm, token).unwrap().as_deref(), Some(r#"{"sub":"a"}"#));
            let ask = |token: &str| json!({ "algorithm": name, "public": public, "token": token });
            assert_eq!(result(&server, "verify", ask(token)).await, claims);
            assert_eq!(result(&server, "verify", ask(&format!("{token}A"))).await, Json::Null);
        }
        let refused = call(&server, "sign", json!({ "private": "\"00\"", "header": {}, "claims": {} })).await;
        assert_eq!(refused.status, 500);
        // Making keys is dear, so that one request cannot keep the processors busy.
        let many = call(&server, "key", json!({ "algorithm": "RS256", "times": 9 })).await;
        assert_eq!(many.refusal(), "422 REQUEST_TOO_COSTLY The request takes more work than it may");
    })
    .await;
}

#[tokio::test]
async fn what_is_sealed_opens_for_its_purpose() {
    on_sqlite(async |place| {
        let server = server(&place, "").await;
        let sealed = result(&server, "seal", json!({ "purpose": "p", "text": "ключ" })).await;
        let shared = sealed["shared"].as_str().unwrap();
        assert!(shared.bytes().all(|byte| byte.is_ascii_hexdigit()), "{shared}");
        let mut ask = json!({ "purpose": "p", "own": sealed["own"], "shared": shared });
        assert_eq!(result(&server, "open", ask.clone()).await, json!({ "shared": "ключ", "own": "ключ" }));
        ask["purpose"] = json!("q");
        ask["shared"] = json!(shared.replacen(|digit: char| digit.is_ascii_digit(), "a", 1));
        assert_eq!(result(&server, "open", ask).await, json!({ "shared": null, "own": null }));
    })
    .await;
}

#[tokio::test]
async fn values_live_until_their_time() {
    on_sqlite(async |place| {
        let server = server(&place, "").await;
        result(&server, "put", json!({ "key": "a", "value": "1", "ttl": 60 })).await;
        result(&server, "put", json!({ "key": "b", "value": "2", "ttl": 4_000_000 })).await;
        let get = async |key: &str| result(&server, "get", json!({ "key": key })).await;
        assert_eq!((get("a").await, get("c").await), (json!("1"), Json::Null));
        server.pass_secs(59);
        assert_eq!(get("a").await, "1");
        server.pass_secs(1);
        assert_eq!((get("a").await, get("b").await), (Json::Null, json!("2")));
        server.pass_secs(3541);
        assert_eq!(get("b").await, Json::Null, "an hour at most");
        result(&server, "put", json!({ "key": "d", "value": "3" })).await;
        assert_eq!(result(&server, "get", json!({ "key": "d", "remove": true })).await, Json::Null);
        let long = json!({ "key": "k".repeat(257), "value": "" });
        assert_eq!(call(&server, "put", long).await.status, 500);
    })
    .await;
}

#[tokio::test]
async fn a_passkey_is_checked() {
    on_sqlite(async |place| {
        let server = server(&place, "").await;
        let answer: Json = serde_json::from_str(include_str!("../host/src/crypto/webauthn/security_key.json")).unwrap();
        let mut ask = json!({ "challenge": "fXfCQ-MWmIbcj0t3xaVzlbuZ0zPXgOE4blA065WSZco", "answer": answer });
        let made = result(&server, "register", ask.clone()).await;
        assert_eq!((&made["id"], &made["counter"]), (&answer["id"], &json!(1)));
        assert_eq!(
            (&made["model"], made["key"].as_array().unwrap().len()),
            (&json!("2fc0579f-8113-47ea-b116-bb5a8db9202a"), 77)
        );
        // It is no assertion, and it answers one challenge.
        ask["id"] = made["id"].clone();
        ask["key"] = made["key"].clone();
        assert_eq!(result(&server, "assert", ask.clone()).await, Json::Null);
        ask["challenge"] = json!("another");
        assert_eq!(result(&server, "register", ask.clone()).await, Json::Null);
    })
    .await;
}

#[tokio::test]
async fn other_servers_are_asked_within_the_rules() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut seen, mut buffer) = (String::new(), [0; 4096]);
            while !seen.ends_with('}') {
                let length = stream.read(&mut buffer).unwrap();
                seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
            let body = seen.rsplit("\r\n").next().unwrap();
            let length = body.len();
            let head = format!("HTTP/1.1 201 Made\r\nx-kind: echo\r\nconnection: close\r\ncontent-length: {length}");
            _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
        }
    });
    let url = format!("http://127.0.0.1:{port}/");
    let ask = |times: u32| json!({ "url": url, "json": { "a": 1 }, "times": times });
    let rules = |more: &str| format!("[plugins.http]\nhosts = [\"127.0.0.1:{port}\"]\n{more}");
    for (more, part) in
        [(String::new(), "Denied"), (rules(""), "allow_http"), (rules("allow_http = true"), "allow_private")]
    {
        on_sqlite(async |place| {
            let refused = result(&server(&place, &more).await, "send", ask(1)).await;
            assert!(refused[0].as_str().unwrap().contains(part), "{refused}");
        })
        .await;
    }
    on_sqlite(async |place| {
        let server = server(&place, &rules("allow_http = true\nallow_private = true")).await;
        let answer = json!({ "status": 201, "kind": "echo", "text": "{\"a\":1}" });
        assert_eq!(result(&server, "send", ask(1)).await, json!([answer]));
        let many = result(&server, "send", ask(10)).await;
        let outcomes: Vec<bool> = many.as_array().unwrap().iter().map(|outcome| *outcome == answer).collect();
        assert_eq!(outcomes, [true, true, true, true, true, true, true, true, false, false]);
        assert!(many[9].as_str().unwrap().contains("Limit"));
        assert_eq!(result(&server, "send", ask(1)).await, json!([answer]), "the next request has its own");
    })
    .await;
}

#[tokio::test]
async fn a_host_that_is_none_stops_the_start() {
    on_sqlite(async |place| {
        let options = entry(&format!("{GRANTS}\n[plugins.http]\nhosts = [\"https://x.example/\"]"));
        let error = Fixture::try_start(&place, &options).await.err().unwrap();
        assert!(error.contains("plugin `services`: http.hosts: `https://x.example/` is no host"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn f_13_a_panic_in_a_capability_ends_one_call_and_keeps_the_request() {
    on_sqlite(async |place| {
        let server = server(&place, "").await;
        let text = json!({ "body": { "purpose": "p", "text": "a" } }).to_string();
        let headers = [("origin", "http://localhost:3000"), ("content-type", "application/json")];
        let seal = || server.send("POST", "/services/seal", &headers, text.clone());
        assert_eq!(seal().await.status, 200);
        server.panic_at_random(true);
        let failed = seal().await;
        server.panic_at_random(false);
        assert_eq!(failed.refusal(), "500 PLUGIN_ERROR A plugin failed");
        assert_eq!(failed.headers.get("x-request-id"), Some("a-request-of-a-test"));
        assert_eq!(server.plugin_counters().failures, 1);
        assert_eq!(seal().await.status, 200);
    })
    .await;
}
