//! ORI-1 to ORI-13: requests of other sites, and redirects to them.

use doorward::routes;
use futures_util::future::join_all;
use serde_json::json;

use super::{JSON, OWN_ORIGIN, credentials};
use crate::fixture::Fixture;
use crate::routes::{ada, sign_up};
use crate::store::{Place, on_both};

on_both!(
    ori_1_no_redirect_parameter_leads_elsewhere,
    ori_2_a_look_alike_of_a_trusted_origin_is_none,
    ori_3_wildcards_match_what_they_say,
    ori_4_a_custom_scheme_keeps_to_its_host_and_path,
    ori_6_sign_in_without_cookies_tells_browsers_apart,
    ori_13_the_error_page_escapes_what_it_is_given,
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

/// Answers to a sign-in that names `target`; nobody has this address, so that a trusted one is 401.
async fn aim(server: &Fixture, target: &str) -> String {
    let body = json!({ "email": "nobody@example.com", "password": "correct horse 1", "callbackURL": target });
    let answer = server.post("/sign-in/email", &body).await;
    assert!(answer.headers.get("location").is_none(), "{target:?}");
    answer.refusal()
}

async fn expect(server: &Fixture, refused: &[&str], admitted: &[&str]) {
    for target in refused {
        assert_eq!(aim(server, target).await, "403 INVALID_CALLBACK_URL Invalid callbackURL", "{target:?}");
    }
    for target in admitted {
        assert!(aim(server, target).await.starts_with("401 INVALID_EMAIL_OR_PASSWORD"), "{target:?}");
    }
}

async fn ori_1_no_redirect_parameter_leads_elsewhere(place: Place) {
    const EVIL: [&str; 14] = [
        "https://evil.tld",
        "//evil.tld",
        "/\\evil.tld",
        "\\\\evil.tld",
        "/%5Cevil.tld",
        "/%2f/evil",
        "/%2Fevil",
        "/\t/evil.tld",
        "/\n//evil",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.tld",
        "https:evil.tld",
        "http:\\\\evil",
    ];
    let options = "mail.transport = \"mailbox\"\nuser.change_email.enabled = true\nuser.delete_user.enabled = true";
    let server = Fixture::start(&place, options).await;
    let cookie = sign_up(&server).await.cookie();
    let before = (everything(&server).await, server.mails().await.len());
    for path in [
        "/sign-in/email",
        "/sign-up/email",
        "/request-password-reset",
        "/send-verification-email",
        "/change-email",
        "/delete-user",
    ] {
        for (name, code) in [
            ("callbackURL", "INVALID_CALLBACK_URL"),
            ("redirectTo", "INVALID_REDIRECT_URL"),
            ("errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"),
            ("newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"),
        ] {
            for target in EVIL {
                let mut body = ada();
                body["newEmail"] = json!("new@example.com");
                let in_query = format!("{path}?{name}={}", super::escaped(target));
                let answer = server.post_as(&in_query, &cookie, &body).await;
                assert!(answer.refusal().starts_with(&format!("403 {code} ")), "{in_query} {}", answer.text);
                body[name] = json!(target);
                let answer = server.post_as(path, &cookie, &body).await;
                assert!(
                    answer.refusal().starts_with(&format!("403 {code} ")),
                    "{path} {name} {target:?} {}",
                    answer.text
                );
                assert!(answer.headers.get("location").is_none());
            }
        }
    }
    for target in EVIL {
        for path in ["/verify-email?token=x", "/reset-password/x?", "/delete-user/callback?token=x"] {
            let answer = server.get(&format!("{path}&callbackURL={}", super::escaped(target)), &cookie).await;
            let location = answer.headers.get("location").unwrap_or_default();
            assert!(!location.contains("evil"), "{path} {target:?} {location}");
            assert_ne!(answer.status, 500);
        }
    }
    assert_eq!((everything(&server).await, server.mails().await.len()), before);
}

async fn ori_2_a_look_alike_of_a_trusted_origin_is_none(place: Place) {
    let server = Fixture::start(&place, "trusted_origins = [\"https://app.com\"]").await;
    let refused = [
        "https://app.com.evil.tld",
        "https://app.com@evil.tld",
        "https://evil.tld#https://app.com",
        "https://evil.tld/?x=https://app.com",
        "https://APP.com:444",
        "http://app.com",
    ];
    expect(&server, &refused, &["https://app.com", "https://app.com/welcome?x=1"]).await;
}

async fn ori_3_wildcards_match_what_they_say(place: Place) {
    let server = Fixture::start(&place, "trusted_origins = [\"https://*.x.com\", \"192.168.*.*\"]").await;
    let refused = [
        "https://evil.com?.x.com",
        "https://x.com.evil",
        "http://a.x.com",
        "http://192.168.evil.com",
        "a.x.com\\@evil",
    ];
    expect(&server, &refused, &["https://a.x.com", "http://192.168.1.5"]).await;
}

async fn ori_4_a_custom_scheme_keeps_to_its_host_and_path(place: Place) {
    let server = Fixture::start(&place, "trusted_origins = [\"myapp://callback\", \"myapp://host/cb\"]").await;
    let refused = [
        "myapp://callback.evil",
        "myapp://u@callback",
        "myapp://host/cbx",
        "myapp://host/cb/../evil",
        "myapp://host/cb/%2e%2e/evil",
    ];
    expect(&server, &refused, &["myapp://callback", "MyApp://CALLBACK", "myapp://host/cb/next"]).await;
}

async fn ori_6_sign_in_without_cookies_tells_browsers_apart(place: Place) {
    let server = Fixture::start(&place, "").await;
    for path in ["/sign-in/email", "/sign-up/email"] {
        let navigation = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        let cases: [(&[(&str, &str)], &str); 3] = [
            (&[("origin", "https://evil.tld")], "403 INVALID_ORIGIN "),
            (&[("referer", "https://evil.tld/page")], "403 INVALID_ORIGIN "),
            (&navigation, "403 CROSS_SITE_NAVIGATION_LOGIN_BLOCKED "),
        ];
        for (headers, refusal) in cases {
            let headers = [headers, &[JSON]].concat();
            let answer = server.send("POST", path, &headers, ada().to_string()).await;
            assert!(answer.refusal().starts_with(refusal), "{path} {headers:?} {}", answer.text);
        }
    }
    assert_eq!(server.rows("user").await, 0);
    assert_eq!(server.send("POST", "/sign-up/email", &[JSON], ada().to_string()).await.status, 200);
    assert_eq!(server.send("POST", "/sign-in/email", &[JSON], ada().to_string()).await.status, 200);
}

async fn ori_13_the_error_page_escapes_what_it_is_given(place: Place) {
    let server = Fixture::start(&place, "").await;
    let payload = super::escaped("\"><svg/onload=1>");
    let answer = server.get(&format!("/error?error={payload}&error_description={payload}&state={payload}"), "").await;
    assert!(!answer.text.contains("<svg"), "{}", answer.text);
    assert_eq!(answer.headers.get("x-content-type-options"), Some("nosniff"));
    assert!(answer.headers.get("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
}
