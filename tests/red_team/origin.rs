//! ORI-5 to ORI-12: requests of other sites, and redirects to them.

use doorward::routes;
use futures_util::future::join_all;
use serde_json::json;

use super::{JSON, OWN_ORIGIN, credentials};
use crate::fixture::Fixture;
use crate::routes::{ada, sign_up};
use crate::store::{Place, on_both};

on_both!(
    ori_5_redirect_targets_are_judged_as_the_reference_does,
    ori_7_no_change_without_a_trusted_origin,
    ori_8_sign_in_from_another_site_without_cookies,
    ori_9_targets_of_another_type,
    ori_10_verdicts_do_not_bleed_into_each_other,
    ori_11_reading_changes_nothing,
    ori_12_other_media_types_and_preflights,
);

const MODELS: [&str; 4] = ["user", "session", "account", "verification"];

async fn everything(server: &Fixture) -> Vec<String> {
    let mut rows = Vec::new();
    for model in MODELS {
        for record in server.records(model).await {
            rows.push(record.values().iter().map(|value| value.to_json().to_string()).collect());
        }
    }
    rows
}

async fn ori_5_redirect_targets_are_judged_as_the_reference_does(place: Place) {
    let server = Fixture::start(&place, "").await;
    sign_up(&server).await;
    for (target, status) in [
        ("/é", 200),
        ("/ｅvil", 200),
        ("／／evil", 403),
        ("/evil\n", 403),
        ("/\u{2028}evil", 200),
        ("/\\evil", 403),
        ("//evil", 403),
        ("/%5Cevil", 403),
        ("javascript:alert(1)", 403),
        ("/a?x=http://evil", 200),
        ("/plain/path", 200),
    ] {
        let mut body = credentials("correct horse 1");
        body["callbackURL"] = json!(target);
        assert_eq!(server.post("/sign-in/email", &body).await.status, status, "{target:?}");
    }
}

async fn ori_7_no_change_without_a_trusted_origin(place: Place) {
    let server = Fixture::start(&place, "trusted_origins = [\"https://app.example\"]").await;
    sign_up(&server).await;
    let before = everything(&server).await;
    let origins: [&[(&str, &str)]; 8] = [
        &[],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", "https://evil.example")],
        &[("origin", "http://app.example")],
        &[("origin", "https://app.example.")],
        &[("origin", "https://app.example"), ("origin", "https://evil.example")],
        &[("referer", "https://evil.example/https://app.example")],
    ];
    for route in routes::core().into_iter().filter(|route| route.method != "GET") {
        for origin in origins {
            let headers = [&[JSON, ("cookie", "unrelated=1")], origin].concat();
            let answer = server.send(&route.method, &route.path, &headers, ada().to_string()).await;
            assert_eq!(answer.status, 403, "{} {origin:?} {}", route.path, answer.text);
            assert!(answer.refusal().contains("ORIGIN"), "{}", answer.text);
        }
    }
    assert_eq!(everything(&server).await, before);
}

async fn ori_8_sign_in_from_another_site_without_cookies(place: Place) {
    let server = Fixture::start(&place, "").await;
    for route in routes::core().into_iter().filter(|route| route.is_sign_in) {
        let headers = [JSON, ("origin", "https://evil.example")];
        let answer = server.send(&route.method, &route.path, &headers, ada().to_string()).await;
        assert_eq!(answer.refusal(), "403 INVALID_ORIGIN Invalid origin", "{}", route.path);
    }
    assert_eq!([server.rows("user").await, server.rows("doorward_outbox").await], [0, 0]);
}

async fn ori_9_targets_of_another_type(place: Place) {
    let server = Fixture::start(&place, "").await;
    for name in ["callbackURL", "redirectTo", "errorCallbackURL", "newUserCallbackURL"] {
        for value in [json!({}), json!([]), json!(["/a"]), json!(1), json!(true)] {
            let mut body = ada();
            body[name] = value;
            assert_eq!(server.post("/sign-up/email", &body).await.status, 400, "{name}");
        }
        let path = format!("/sign-up/email?{name}=/a&{name}=/b");
        assert_eq!(server.post(&path, &ada()).await.status, 400, "{path}");
    }
    assert_eq!(server.rows("user").await, 0);
}

async fn ori_10_verdicts_do_not_bleed_into_each_other(place: Place) {
    let server = Fixture::start(&place, "trusted_origins = [\"https://app.example\"]").await;
    sign_up(&server).await;
    let requests = (0..200).map(|number| {
        let (is_evil, server) = (number % 2 == 0, &server);
        async move {
            let origin = if is_evil { "https://evil.example" } else { "https://app.example" };
            let headers = [JSON, ("origin", origin), ("host", "app.example")];
            let answer =
                server.send("POST", "/sign-in/email", &headers, credentials("wrong horse 1").to_string()).await;
            (is_evil, answer.status)
        }
    });
    for (is_evil, status) in join_all(requests).await {
        assert_eq!(status, if is_evil { 403 } else { 401 });
    }
}

async fn ori_11_reading_changes_nothing(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let before = everything(&server).await;
    let headers = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("referer", "https://evil.example/"),
    ];
    for route in routes::core() {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let answer = server.send(method, &route.path, &headers, "").await;
            assert!(!answer.headers.get("location").is_some_and(|to| to.contains("evil")), "{method} {}", route.path);
        }
    }
    assert_eq!(everything(&server).await, before);
    server.pass_secs(8 * 86_400);
    let answer = server.send("GET", "/get-session", &headers, "").await;
    assert_eq!((answer.status, answer.text.as_str(), answer.headers.get("location")), (200, "null", None));
}

async fn ori_12_other_media_types_and_preflights(place: Place) {
    let server = Fixture::start(&place, "").await;
    for media_type in ["text/plain", "multipart/form-data; boundary=x", "application/xml", "text/json", ""] {
        let headers = [("content-type", media_type), OWN_ORIGIN];
        let answer = server.send("POST", "/sign-up/email", &headers, ada().to_string()).await;
        assert!(matches!(answer.status, 400 | 415), "{media_type}: {}", answer.status);
    }
    let answer = server.send("POST", "/sign-up/email", &[OWN_ORIGIN], ada().to_string()).await;
    assert_eq!(answer.status, 400);
    let form = [("content-type", "application/x-www-form-urlencoded"), ("cookie", "a=b")];
    assert!(matches!(server.send("POST", "/sign-out", &form, "a=b").await.status, 403 | 415));
    let preflight = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    for route in routes::core() {
        let answer = server.send("OPTIONS", &route.path, &preflight, "").await;
        let allowed: Vec<_> = answer.headers.iter().filter(|(name, _)| name.starts_with("access-control")).collect();
        assert!(answer.status == 404 && allowed.is_empty(), "{} {allowed:?}", route.path);
    }
    assert_eq!(server.rows("user").await, 0);
}
