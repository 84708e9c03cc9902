//! Origins, redirect targets and odd paths, whatever the endpoint.

use serde_json::json;

use super::{ada, sign_up, with};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(login_csrf_is_refused, odd_paths_are_not_found, disabled_paths_are_not_found);

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
