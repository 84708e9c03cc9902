//! Origins, redirect targets and odd paths, whatever the endpoint.

use serde_json::json;

use super::{ada, sign_up, with};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    login_csrf_is_refused,
    a_program_without_a_browser_may_sign_in,
    an_app_says_its_origin_in_a_header_of_its_own,
    without_origin_checks_navigations_of_other_sites_still_do_not_sign_in,
    odd_paths_are_not_found,
    disabled_paths_are_not_found
);

async fn login_csrf_is_refused(place: Place) {
    let server = Fixture::start(&place, "trusted_origins = [\"https://app.example\"]").await;
    sign_up(&server).await;
    let json_type = ("content-type", "application/json");
    let navigation: &[(&str, &str)] = &[json_type, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    let cases: [(&[(&str, &str)], u16); 8] = [
        (&[json_type, ("origin", "https://evil.example")], 403),
        (&[json_type, ("origin", "https://app.example.evil.example")], 403),
        (&[json_type, ("origin", "https://app.example"), ("origin", "https://evil.example")], 403),
        (&[json_type, ("referer", "https://evil.example/app")], 403),
        (navigation, 403),
        (&[json_type, ("sec-fetch-site", "same-origin")], 403),
        (&[json_type], 200),
        (&[json_type, ("origin", "https://app.example")], 200),
    ];
    let body = json!({ "email": "ada@example.com", "password": "correct horse 1" }).to_string();
    for (headers, status) in cases {
        let answer = server.send("POST", "/sign-in/email", headers, body.clone()).await;
        assert_eq!(answer.status, status, "{headers:?} {}", answer.text);
    }
    assert_eq!(server.rows("session").await, 3);
}

async fn a_program_without_a_browser_may_sign_in(place: Place) {
    let server = Fixture::start(&place, "").await;
    // As `fetch` of Node sends it.
    let node = [
        ("content-type", "application/json"),
        ("accept", "*/*"),
        ("accept-language", "*"),
        ("sec-fetch-mode", "cors"),
        ("user-agent", "node"),
    ];
    let signed_up = server.send("POST", "/sign-up/email", &node, ada().to_string()).await;
    assert_eq!(signed_up.status, 200, "{}", signed_up.text);
    assert_eq!(server.send("POST", "/sign-in/email", &node, ada().to_string()).await.status, 200);
    // With cookies, or with a sign of a browser, it is checked as ever.
    let cookie = signed_up.cookie();
    for (more, refusal) in [
        (("cookie", cookie.as_str()), "403 MISSING_OR_NULL_ORIGIN "),
        (("sec-fetch-site", "cross-site"), "403 MISSING_OR_NULL_ORIGIN "),
        (("sec-fetch-site", "none"), "403 MISSING_OR_NULL_ORIGIN "),
        (("origin", "https://evil.example"), "403 INVALID_ORIGIN "),
        (("referer", "https://evil.example/"), "403 INVALID_ORIGIN "),
    ] {
        let headers = [node.as_slice(), &[more]].concat();
        let answer = server.send("POST", "/sign-in/email", &headers, ada().to_string()).await;
        assert!(answer.refusal().starts_with(refusal), "{more:?} {}", answer.text);
    }
    assert_eq!(server.rows("session").await, 2);
}

async fn an_app_says_its_origin_in_a_header_of_its_own(place: Place) {
    let server = Fixture::start(&place, "trusted_origins = [\"exp://192.168.*.*:*/**\", \"myapp://\"]").await;
    let cookie = sign_up(&server).await.cookie();
    let app = |origin| [("expo-origin", origin), ("cookie", cookie.as_str()), ("content-type", "application/json")];
    for (origin, status) in
        [("exp://192.168.1.5:8081/--/", 200), ("myapp://", 200), ("exp://evil.example:8081", 403), ("other://", 403)]
    {
        let answer = server.send("POST", "/update-user", &app(origin), r#"{"name":"A"}"#).await;
        assert_eq!(answer.status, status, "{origin} {}", answer.text);
    }
    // The browser's own word wins.
    let headers = [app("myapp://").as_slice(), &[("origin", "https://evil.example")]].concat();
    assert_eq!(server.send("POST", "/update-user", &headers, r#"{"name":"A"}"#).await.status, 403);
}

async fn without_origin_checks_navigations_of_other_sites_still_do_not_sign_in(place: Place) {
    let navigation = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ];
    let form = "email=ada%40example.com&password=correct+horse+1";
    for (options, status) in [
        ("advanced.disable_origin_check = true\nadvanced.disable_csrf_check = false", 403),
        ("advanced.disable_origin_check = true", 200),
        ("advanced.disable_csrf_check = true", 200),
        ("", 403),
    ] {
        let server = Fixture::start(&place, options).await;
        let _ = server.post("/sign-up/email", &ada()).await;
        let answer = server.send("POST", "/sign-in/email", &navigation, form).await;
        assert_eq!(answer.status, status, "{options} {}", answer.text);
        let with_cookie = [navigation.as_slice(), &[("cookie", "a=b")]].concat();
        assert_eq!(server.send("POST", "/sign-in/email", &with_cookie, form).await.status, status, "{options}");
        // Other requests of other sites pass where the operator trusts every origin.
        let page = [("content-type", "application/json"), ("origin", "https://evil.example"), ("cookie", "a=b")];
        let answer = server.send("POST", "/sign-in/email", &page, ada().to_string()).await;
        assert_eq!(answer.status, if options.is_empty() { 403 } else { 200 }, "{options} {}", answer.text);
    }
}

async fn odd_paths_are_not_found(place: Place) {
    let server = Fixture::start(&place, "").await;
    let headers = [("content-type", "application/json"), ("x-http-method-override", "POST")];
    for path in [
        "//sign-up/email",
        "/sign-up//email",
        "/./sign-up/email",
        "/x/../sign-up/email",
        "/sign-up%2femail",
        "/%73ign-up/email",
        "/sign-up/email;a=b",
        "/sign-up/email/",
        "/SIGN-UP/email",
        "",
    ] {
        let answer = server.send("POST", path, &headers, ada().to_string()).await;
        assert_eq!((answer.status, answer.text.as_str()), (404, ""), "{path}");
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"] {
        assert_eq!(server.send(method, "/sign-up/email", &headers, ada().to_string()).await.status, 404, "{method}");
    }
    assert_eq!(server.rows("user").await, 0);
}

async fn disabled_paths_are_not_found(place: Place) {
    let server = Fixture::start(&place, "disabled_paths = [\"/sign-up/email\"]").await;
    for path in ["/sign-up/email", "/sign-up/email/"] {
        let answer = server.post(path, &with(ada(), "name", json!("A"))).await;
        assert_eq!((answer.status, answer.text.as_str()), (404, "Not Found"));
    }
    assert_eq!(server.rows("user").await, 0);
}
