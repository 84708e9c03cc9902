//! Pages of other origins: which may call, and what their scripts may read of every kind of answer.

use serde_json::json;

use super::{ada, sign_up, with};
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(
    a_preflight_is_answered_for_trusted_origins_and_known_routes,
    every_answer_carries_the_headers,
    other_origins_read_nothing,
    origins_can_be_listed_or_switched_off,
);

const OPTIONS: &str = "trusted_origins = [\"http://localhost:5173\", \"https://*.app.example\", \"exp://**\"]";
const PAGE: &str = "http://localhost:5173";
const EXPOSED: &str = "set-auth-token, set-auth-jwt, X-Retry-After, Retry-After";

/// The headers that a browser looks at, and what caches must tell apart.
fn seen(answer: &Answer) -> Vec<String> {
    let is_of_cors = |name: &str| name.starts_with("access-control-") || name == "vary";
    let headers = answer.headers.iter().filter(|(name, _)| is_of_cors(name));
    headers.map(|(name, value)| format!("{name}: {value}")).collect()
}

fn allowed(origin: &str) -> Vec<String> {
    vec![
        "vary: Origin".to_owned(),
        format!("access-control-allow-origin: {origin}"),
        "access-control-allow-credentials: true".to_owned(),
        format!("access-control-expose-headers: {EXPOSED}"),
    ]
}

async fn preflight(server: &Fixture, origin: &str, method: &str, path: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", "content-type,x-captcha-response"),
    ];
    server.send("OPTIONS", path, &headers, "").await
}

async fn a_preflight_is_answered_for_trusted_origins_and_known_routes(place: Place) {
    let limits = "rate_limit.custom_rules = { \"/sign-in/*\" = { window = 60, max = 1 } }";
    let server = Fixture::start_limited(&place, &format!("{OPTIONS}\n{limits}")).await;
    // It counts against no limit.
    for origin in [PAGE, "https://a.app.example", "http://localhost:3000", "exp://192.168.1.5:8081"] {
        let answer = preflight(&server, origin, "POST", "/sign-in/email").await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{origin}");
        let mut expected = vec![
            "access-control-allow-methods: POST".to_owned(),
            "access-control-allow-headers: content-type,x-captcha-response".to_owned(),
            "access-control-max-age: 600".to_owned(),
            "vary: Access-Control-Request-Method, Access-Control-Request-Headers".to_owned(),
        ];
        expected.extend(allowed(origin));
        assert_eq!(seen(&answer), expected);
    }
    let with_parameter = preflight(&server, PAGE, "GET", "/reset-password/some-token").await;
    assert_eq!(with_parameter.status, 204);
    for (origin, method, path) in [
        (PAGE, "DELETE", "/sign-in/email"),
        (PAGE, "GET", "/sign-up/email"),
        (PAGE, "POST", "/nowhere"),
        ("https://evil.example", "POST", "/sign-out"),
        ("null", "POST", "/sign-out"),
    ] {
        let answer = preflight(&server, origin, method, path).await;
        assert_eq!(answer.status, 404, "{origin} {method} {path}");
        assert!(answer.headers.get("access-control-allow-methods").is_none(), "{origin} {method} {path}");
    }
    let plain = server.send("OPTIONS", "/sign-out", &[("origin", PAGE)], "").await;
    assert_eq!(plain.status, 404);
    let odd = [("origin", PAGE), ("access-control-request-method", "POST"), ("access-control-request-headers", "a b")];
    let answer = server.send("OPTIONS", "/sign-out", &odd, "").await;
    assert_eq!((answer.status, answer.headers.get("access-control-allow-headers")), (204, None));
}

async fn every_answer_carries_the_headers(place: Place) {
    let limits = "rate_limit.custom_rules = { \"/sign-in/email\" = { window = 60, max = 2 } }";
    let options = format!("{OPTIONS}\ndisabled_paths = [\"/change-email\"]\n{limits}");
    let server = Fixture::start_limited(&place, &options).await;
    sign_up(&server).await;
    let headers = [("origin", PAGE), ("content-type", "application/json")];
    let body = json!({ "email": "ada@example.com", "password": "wrong horse 1" }).to_string();
    let mut found = Vec::new();
    for (method, path, body) in [
        ("GET", "/get-session", ""),
        ("POST", "/sign-in/email", "{"),
        ("POST", "/sign-in/email", body.as_str()),
        ("POST", "/sign-in/email", body.as_str()),
        ("POST", "/nowhere", "{}"),
        ("POST", "/change-email", "{}"),
        ("POST", "/sign-out", "{}"),
    ] {
        let answer = server.send(method, path, &headers, body).await;
        assert_eq!(seen(&answer), allowed(PAGE), "{method} {path}");
        found.push(answer.status);
    }
    assert_eq!(found, [200, 400, 401, 429, 404, 404, 200]);
    server.panic_at_random(true);
    let panicked = server
        .send("POST", "/sign-up/email", &headers, with(ada(), "email", json!("bob@example.com")).to_string())
        .await;
    assert_eq!((panicked.status, seen(&panicked)), (500, allowed(PAGE)));
    server.panic_at_random(false);
}

async fn other_origins_read_nothing(place: Place) {
    let server = Fixture::start(&place, OPTIONS).await;
    let cookie = sign_up(&server).await.cookie();
    for origins in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "http://localhost:5174")],
        vec![("origin", PAGE), ("origin", "https://evil.example")],
        vec![],
    ] {
        let mut headers = origins.clone();
        headers.push(("cookie", cookie.as_str()));
        let answer = server.send("GET", "/get-session", &headers, "").await;
        assert_eq!(seen(&answer), ["vary: Origin"], "{origins:?}");
    }
    // A page at the server's root is not the interface of the authentication server.
    let mails = server.send_to_root("GET", "/dev/mailbox.json", &[("origin", PAGE)]).await;
    assert!(seen(&mails).is_empty());
}

async fn origins_can_be_listed_or_switched_off(place: Place) {
    let server =
        Fixture::start(&place, &format!("{OPTIONS}\ncors.origins = [\"https://only.example\"]\ncors.max_age = 5"))
            .await;
    let answer = preflight(&server, "https://only.example", "POST", "/sign-out").await;
    assert_eq!((answer.status, answer.headers.get("access-control-max-age")), (204, Some("5")));
    assert_eq!(preflight(&server, PAGE, "POST", "/sign-out").await.status, 404);
    drop(server);
    let off = Fixture::start(&place, &format!("{OPTIONS}\ncors.enabled = false")).await;
    assert_eq!(preflight(&off, PAGE, "POST", "/sign-out").await.status, 404);
    assert!(seen(&off.send("GET", "/ok", &[("origin", PAGE)], "").await).is_empty());
    for origin in ["*", "https://only.example/"] {
        let refused = Fixture::try_start(&place, &format!("cors.origins = [\"{origin}\"]")).await.err().unwrap();
        assert!(refused.contains(&format!("cors.origins: \"{origin}\"")), "{refused}");
    }
}
