//! LEAK-1 to LEAK-5: what logs, errors, headers and metrics must not tell, what the audit must, and changing secrets.

use serde_json::json;

use super::server::{Binary, free_address};
use super::{credentials, guess};
use crate::fixture::Fixture;
use crate::routes::{ada, sign_up, with};
use crate::store::{Place, on_both};

on_both!(
    leak_2_a_broken_database_tells_nothing,
    leak_3_every_answer_carries_its_headers,
    leak_5_cookies_outlive_a_change_of_secrets_and_end_with_the_old_one,
);

const PASSWORD: &str = "canary-password-71";

fn server_with_management(level: &str) -> (Binary, String) {
    let management = free_address().to_string();
    let options = format!(
        "[management]\naddress = \"{management}\"\n\
         keys = [{{ name = \"backend\", value = \"canary-key-0123456789-0123456789-abcdef\", scopes = [\"*\"] }}]"
    );
    (Binary::start(&options, level), management)
}

#[test]
fn leak_1_no_secret_is_in_logs_errors_metrics_or_the_database() {
    let (server, management) = server_with_management("trace");
    let account = json!({ "name": "Canary Name", "email": "canary@example.com", "password": PASSWORD }).to_string();
    let answer = server.post("/sign-up/email", "", &account);
    assert_eq!(answer.status(), 200, "{}", answer.text);
    let cookie = answer.cookie("session_token");
    let token = cookie.split_once('=').unwrap().1.split('.').next().unwrap().to_owned();
    let wrong = json!({ "email": "canary@example.com", "password": "canary-wrong-72" }).to_string();
    let right = json!({ "email": "canary@example.com", "password": PASSWORD }).to_string();
    let cookie_line = format!("cookie: {cookie}\r\n");
    let mut errors = String::new();
    for (path, headers, body) in [
        ("/sign-in/email", "", wrong.as_str()),
        ("/sign-in/email", "", right.as_str()),
        ("/sign-in/email", "", "{\"password\":\"canary-broken-73"),
        ("/sign-up/email", "", account.as_str()),
        ("/sign-up/email", "", "{\"password\":{\"canary-deep-74\":1}}"),
        ("/sign-in/email?password=canary-query-75", "", "{}"),
        (
            "/change-password",
            cookie_line.as_str(),
            "{\"currentPassword\":\"canary-old-76\",\"newPassword\":\"canary-new-77\"}",
        ),
        ("/sign-out", cookie_line.as_str(), "{}"),
    ] {
        let talk = server.post(path, headers, body);
        if talk.status() >= 400 {
            errors.push_str(&talk.text);
        }
    }
    // Followed links: a log names the route, never what stands in the place of its parameter.
    for path in [
        "/reset-password/canary-link-79?callbackURL=/x",
        "/delete-user/callback?token=canary-token-80",
        "/verify-email?token=canary-token-81",
        "/no-route/canary-path-82",
    ] {
        server.get(path, &cookie_line);
    }
    let call = |key: &str| {
        let body = json!({ "body": { "newPassword": "canary-set-78" }, "headers": { "cookie": cookie } }).to_string();
        let mut other = Talking::to(&management);
        other.post("/set-password", key, &body)
    };
    errors.push_str(&call("canary-key-0123456789-0123456789-abcdef"));
    errors.push_str(&call("canary-key-of-nobody-0123456789-0123456789"));
    let metrics = Talking::to(&management).get("/metrics");
    assert!(
        metrics.contains("doorward_requests_total{route=\"/sign-in/email\",method=\"POST\",status=\"401\"}"),
        "{metrics}"
    );
    let log = server.log();
    assert!(log.contains("audit"), "{log}");
    let signature = cookie.rsplit_once('.').unwrap().1.to_owned();
    for (place, text) in [("log", &log), ("errors", &errors), ("metrics", &metrics)] {
        for canary in ["canary-", "Canary Name", "canary@", &token, &signature] {
            assert!(!text.contains(canary), "{canary} is in the {place}: {:?}", line_with(text, canary));
        }
    }
    let database = server.database();
    for canary in [PASSWORD, "canary-wrong", "canary-key", "red-team-secret-canary", &signature] {
        assert!(!database.windows(canary.len()).any(|bytes| bytes == canary.as_bytes()), "{canary} is in the database");
    }
}

fn line_with<'a>(text: &'a str, canary: &str) -> Option<&'a str> {
    text.lines().find(|line| line.contains(canary))
}

/// One request at a time to an address.
struct Talking(std::net::TcpStream);

impl Talking {
    fn to(address: &str) -> Self {
        Self(std::net::TcpStream::connect(address).unwrap())
    }

    fn send(&mut self, request: &str) -> String {
        use std::io::{Read, Write};
        self.0.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&mut self, path: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
    }

    fn post(&mut self, path: &str, key: &str, body: &str) -> String {
        let length = body.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\
             content-length: {length}\r\n\r\n{body}"
        ))
    }
}

async fn leak_2_a_broken_database_tells_nothing(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    place.sql("alter table \"session\" rename to \"gone\"").await;
    let answers = [
        server.get("/get-session", &cookie).await,
        server.post("/sign-in/email", &credentials("correct horse 1")).await,
        server.post("/sign-up/email", &with(ada(), "email", json!("b@example.com"))).await,
    ];
    for answer in answers {
        assert_eq!(answer.refusal(), "500 INTERNAL_SERVER_ERROR Internal server error");
        assert_eq!(answer.json().as_object().unwrap().len(), 2);
        assert!(answer.headers.get("x-request-id").is_some());
    }
    // What was begun was undone.
    assert_eq!(server.rows("user").await, 1);
}

async fn leak_3_every_answer_carries_its_headers(place: Place) {
    let server = Fixture::start_limited(&place, "base_url = \"https://auth.example\"").await;
    for (method, path) in [
        ("GET", "/ok"),
        ("GET", "/get-session"),
        ("GET", "/error?error=%22%3E%3Csvg"),
        ("GET", "/nowhere"),
        ("POST", "/sign-up/email"),
        ("TRACE", "/ok"),
        ("POST", "/sign-in/email"),
    ] {
        let answer = server.send(method, path, &[], "").await;
        for (name, part) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age="),
            ("content-security-policy", "frame-ancestors 'none'"),
            ("cache-control", "no-store"),
        ] {
            let value = answer.headers.get(name).unwrap_or_default();
            assert!(value.contains(part), "{method} {path} {}: {name}: {value}", answer.status);
        }
        assert!(answer.headers.get("server").is_none() && answer.headers.get("x-powered-by").is_none());
    }
    for _ in 0..4 {
        guess(&server, &[]).await;
    }
    assert!(guess(&server, &[]).await.headers.get("content-security-policy").is_some());
}

#[test]
fn leak_3_nothing_of_the_inside_is_on_the_public_address() {
    let (server, management) = server_with_management("error");
    for path in
        ["/", "/.git/config", "/metrics", "/health", "/ready", "/debug", "/openapi", "/set-password", "/dev/mailbox"]
    {
        for prefix in ["", "/api/auth"] {
            let talk = server.get(&format!("{prefix}{path}"), "");
            assert_eq!(talk.status(), 404, "{prefix}{path}: {}", talk.text);
            assert!(talk.text.contains("x-content-type-options: nosniff"), "{}", talk.text);
        }
        let posted = server.post(path, "authorization: Bearer canary-key-0123456789-0123456789-abcdef\r\n", "{}");
        assert_eq!(posted.status(), 404, "{path}: {}", posted.text);
    }
    assert!(Talking::to(&management).get("/health").starts_with("HTTP/1.1 200"));
    assert!(Talking::to(&management).get("/ready").starts_with("HTTP/1.1 200"));
    assert!(Talking::to(&management).get("/api/auth/ok").starts_with("HTTP/1.1 404"));
}

#[test]
fn leak_4_each_step_leaves_one_audit_event() {
    let (server, management) = server_with_management("info");
    let account = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD }).to_string();
    let cookie = server.post("/sign-up/email", "", &account).cookie("session_token");
    let wrong = json!({ "email": "ADA@example.com", "password": "wrong horse 1" }).to_string();
    server.post("/sign-in/email", "", &wrong);
    server.post("/sign-in/email", "", &account);
    server.post("/sign-out", &format!("cookie: {cookie}\r\n"), "{}");
    server.get("/api/auth/get-session", &format!("cookie: {cookie}\r\n"));
    Talking::to(&management).post("/set-password", "no-such-key", "{}");
    Talking::to(&management).post("/set-password", "canary-key-0123456789-0123456789-abcdef", "{}");
    let log = server.log();
    let events: Vec<&str> = log.lines().filter(|line| line.contains(" audit: ")).collect();
    let expected: [&[&str]; 8] = [
        &[
            "event=\"sign-up\"",
            "outcome=\"done\"",
            "status=200",
            "user=",
            "session=",
            "account=",
            "client=\"127.0.0.1\"",
        ],
        &["event=\"sign-in\"", "outcome=\"refused\"", "status=401", "code=\"INVALID_EMAIL_OR_PASSWORD\"", "account="],
        &["event=\"sign-in\"", "outcome=\"done\"", "how=\"email\"", "user=", "session="],
        &["event=\"sign-out\"", "outcome=\"done\"", "session="],
        // A token that was revoked is used once more.
        &["event=\"dead-session\"", "session="],
        &["event=\"management-call\"", "function=\"set-password\"", "outcome=\"refused\"", "status=401"],
        &["event=\"password-set\"", "outcome=\"refused\"", "code=\"VALIDATION_ERROR\""],
        &["event=\"management-call\"", "key=\"backend\"", "status=400"],
    ];
    assert_eq!(events.len(), expected.len(), "{events:#?}");
    for (event, parts) in events.iter().zip(expected) {
        for part in parts {
            assert!(event.contains(part), "{part} is not in {event}");
        }
        // UTC, at the start of the line.
        assert!(event.split(' ').next().is_some_and(|at| at.ends_with('Z')), "{event}");
    }
    let field = |event: &str, name: &str| event.split(' ').find_map(|part| part.strip_prefix(name)).map(str::to_owned);
    assert_eq!(field(events[0], "account="), field(events[1], "account="));
    assert_eq!(field(events[0], "session="), field(events[3], "session="));
}

async fn leak_5_cookies_outlive_a_change_of_secrets_and_end_with_the_old_one(place: Place) {
    const NEW: &str = "secrets = [{ version = 2, value = \"new-secret-0123456789-0123456789\" }]";
    let old = Fixture::start(&place, "").await;
    let old_cookie = sign_up(&old).await.cookie();
    let both = Fixture::start(&place, NEW).await;
    assert_eq!(both.get("/get-session", &old_cookie).await.json()["user"]["name"], json!("Ada"));
    let new_cookie = both.post("/sign-in/email", &credentials("correct horse 1")).await.cookie();
    let retired =
        Fixture::start_with_secret(&place, "rate_limit.enabled = false", "new-secret-0123456789-0123456789").await;
    let answer = retired.get("/get-session", &old_cookie).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "null"));
    assert_eq!(retired.get("/get-session", &new_cookie).await.json()["user"]["name"], json!("Ada"));
    assert_eq!(old.get("/get-session", &new_cookie).await.text, "null");
}
