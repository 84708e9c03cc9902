//! Requests that are malformed, deep, or carry text meant for pages, labels and redirects.

use serde_json::json;

use super::{escaped, member, official};
use crate::fixture::Fixture;
use crate::red_team::server::Binary;
use crate::routes::{ada, sign_up, token, with};
use crate::store::{Place, on_both, on_sqlite};

on_both!(
    cve_2026_9803_ghsa_gv94_a_malformed_bearer_header_is_nobody,
    kanidm_1_10_deep_input_is_refused,
    cve_2026_28512_no_name_before_the_host_moves_a_redirect,
    cve_2026_33525_42849_text_of_others_is_text_in_pages_and_mails,
);

#[test]
fn cve_2026_134342_nothing_follows_a_chunked_request() {
    let server = Binary::start("", "error");
    let host = server.address;
    let head = format!(
        "POST /api/auth/sign-out HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let next = format!("GET /api/auth/ok HTTP/1.1\r\nhost: {host}\r\n\r\n");
    // An end without its carriage return, and quoted text with escapes in a chunk's extension.
    for body in [
        "0\r\n\n",
        "0\n\r\n",
        "2\r\n{}\r\n0\r\n\n",
        "2;a=\"\\\"\r\n\"\r\n{}\r\n0\r\n\r\n",
        "2;a=\"x\\\r\n{}\r\n0\r\n\r\n",
        "0;a=\"\\\n\"\r\n\r\n",
    ] {
        let talk = server.talk(format!("{head}{body}{next}").as_bytes());
        assert!(talk.answers() <= 1 && talk.is_closed, "{body:?}: {talk:?}");
    }
    assert_eq!(server.get("/api/auth/ok", "").status(), 200);
}

async fn cve_2026_9803_ghsa_gv94_a_malformed_bearer_header_is_nobody(place: Place) {
    let management = "management = { address = \"127.0.0.1:0\", keys = [\
                      { name = \"all\", value = \"key-for-everything-0123456789-012345\", scopes = [\"*\"] }] }\n";
    let server = Fixture::start(&place, &format!("{management}{}", official(&[("bearer", "")]))).await;
    let answer = sign_up(&server).await;
    let (good, cookie) = (answer.headers.get("set-auth-token").unwrap(), answer.cookie());
    let (good, raw) = (good.to_owned(), token(&answer));
    let key = "key-for-everything-0123456789-012345";
    let long = "x".repeat(60_000);
    let headers = |token: &str| {
        let spelled = [
            "Bearer",
            "Bearer ",
            "Bearer  ",
            "Bearer\t",
            "bearer .",
            "Bearer ..",
            "Bearer %",
            "Bearer %zz",
            "Bearer é",
        ];
        let mut headers: Vec<String> = spelled.map(str::to_owned).into();
        headers.extend([
            format!("Bearer\t{token}"),
            format!("Bearer\u{a0}{token}"),
            format!("Bearer\u{b}{token}"),
            format!("Bearer{token}"),
            format!("Bearer:{token}"),
            format!("Bearer, {token}"),
            format!("Basic {token}"),
            format!("Bearer {token} x"),
            format!("Bearer {token}.x.y"),
            format!("Bearer {long}"),
        ]);
        headers
    };
    for header in headers(&good).iter().chain(&headers(&raw)) {
        let sent = [("authorization", header.as_str()), ("origin", "http://localhost:3000")];
        let listed = server.send("GET", "/list-sessions", &sent, "").await;
        assert_eq!(listed.status, 401, "{header:.80}: {}", listed.text);
        let seen = server.send("GET", "/get-session", &sent, "").await;
        assert_eq!((seen.status, seen.text.as_str()), (200, "null"), "{header:.80}");
        let changed = server.send("POST", "/update-user", &sent, "{\"name\":\"Eve\"}").await;
        assert!((400..500).contains(&changed.status), "{header:.80}: {}", changed.text);
    }
    for header in headers(key) {
        let answer = server.manage("POST", "/set-password", &[("authorization", &header)], "{}").await;
        assert_eq!(answer.status, 401, "{header:.80}: {}", answer.text);
    }
    let answer = server.manage("POST", "/nothing", &[("authorization", &format!("Bearer {key}"))], "{}").await;
    assert_eq!(answer.status, 404, "the key itself counts: {}", answer.text);
    for (header, status) in
        [(format!("Bearer {good}"), 200), (format!("bearer {good}"), 200), (format!("Bearer {raw}"), 401)]
    {
        assert_eq!(
            server.send("GET", "/list-sessions", &[("authorization", &header)], "").await.status,
            status,
            "{header}"
        );
    }
    assert_eq!(server.get("/list-sessions", &cookie).await.status, 200);
}

async fn kanidm_1_10_deep_input_is_refused(place: Place) {
    let options = official(&[("admin", ""), ("passkey", ""), ("two-factor", ""), ("username", "")]);
    let server = Fixture::start(&place, &options).await;
    let cookie = member(&server, "boss").await.cookie();
    place.sql("update \"user\" set role = 'admin'").await;
    let before = server.counts().await;
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    for value in [deep("[", "]"), deep("{\"a\":", "}"), "[".repeat(20_000)] {
        for (path, field) in [
            ("/sign-up/email", "name"),
            ("/sign-in/email", "email"),
            ("/sign-in/username", "username"),
            ("/update-user", "name"),
            ("/passkey/verify-authentication", "response"),
            ("/two-factor/verify-otp", "code"),
            ("/admin/update-user", "data"),
            ("/admin/create-user", "data"),
            ("/admin/set-role", "role"),
            ("/admin/has-permission", "permissions"),
        ] {
            let headers =
                [("origin", "http://localhost:3000"), ("content-type", "application/json"), ("cookie", &cookie)];
            let answer = server.send("POST", path, &headers, format!("{{\"{field}\":{value}}}")).await;
            assert!(matches!(answer.status, 400 | 413), "{path}: {} {:.200}", answer.status, answer.text);
        }
        for field in ["filterField", "filterValue", "filterOperator", "searchValue", "sortBy", "limit"] {
            let path = format!("/admin/list-users?filterField=email&{field}={}", escaped(&value[..5000]));
            let answer = server.get(&path, &cookie).await;
            assert!(matches!(answer.status, 200 | 400 | 414), "{field}: {} {:.200}", answer.status, answer.text);
        }
    }
    assert_eq!(server.counts().await, before);
    assert_eq!(server.get("/admin/list-users", &cookie).await.status, 200, "the server goes on");
}

async fn cve_2026_28512_no_name_before_the_host_moves_a_redirect(place: Place) {
    let social = "providers.wire = { client_id = \"id\", client_secret = \"secret\", \
                  authorization_url = \"https://idp.example/a\", token_url = \"https://idp.example/t\" }";
    let plugins = official(&[("social", social), ("magic-link", "")]);
    let trusted = "trusted_origins = [\"https://app.example.com\", \"https://*.apps.example.com\", \"myapp://\"]\n";
    let server = Fixture::start(&place, &format!("{trusted}{plugins}")).await;
    sign_up(&server).await;
    let before = server.counts().await;
    for target in [
        "http://localhost:3000@evil.example/",
        "http://localhost:3000%40evil.example/",
        "http://localhost:3000:x@evil.example/",
        "https://app.example.com@evil.example/",
        "https://app.example.com:443@evil.example/",
        "https://app.example.com%2f@evil.example/",
        "https://x.apps.example.com@evil.example/",
        "https://evil.example\\@x.apps.example.com/",
        "https://evil.example/@x.apps.example.com",
        "https://evil.example#@x.apps.example.com",
        "https://evil.example?@x.apps.example.com",
        "//localhost:3000@evil.example/",
        "/\\localhost:3000@evil.example/",
        "///app.example.com@evil.example/",
    ] {
        for (path, field, mut body) in [
            ("/sign-in/email", "callbackURL", ada()),
            ("/request-password-reset", "redirectTo", json!({ "email": "ada@example.com" })),
            ("/send-verification-email", "callbackURL", json!({ "email": "ada@example.com" })),
            ("/sign-in/magic-link", "callbackURL", json!({ "email": "ada@example.com" })),
            ("/sign-in/magic-link", "errorCallbackURL", json!({ "email": "ada@example.com" })),
            ("/sign-in/social", "callbackURL", json!({ "provider": "wire" })),
            ("/sign-in/social", "errorCallbackURL", json!({ "provider": "wire", "callbackURL": "/" })),
            ("/sign-in/social", "newUserCallbackURL", json!({ "provider": "wire", "callbackURL": "/" })),
        ] {
            body[field] = json!(target);
            let answer = server.post(path, &body).await;
            assert_eq!(answer.status, 403, "{path} {field} {target}: {}", answer.text);
        }
    }
    assert_eq!(server.counts().await, before);
    // For browsers a backslash is a slash: the last one leads to a path of the server's own.
    for target in [
        "https://app.example.com/",
        "https://x.apps.example.com/home",
        "/home",
        "http://localhost:3000\\@evil.example/",
    ] {
        assert_eq!(server.post("/sign-in/email", &with(ada(), "callbackURL", json!(target))).await.status, 200);
    }
}

async fn cve_2026_33525_42849_text_of_others_is_text_in_pages_and_mails(place: Place) {
    let social = "providers.wire = { client_id = \"id\", client_secret = \"secret\", \
                  authorization_url = \"https://idp.example/a\", token_url = \"https://idp.example/t\" }";
    let plugins = official(&[("social", social), ("magic-link", "")]);
    let server = Fixture::start(&place, &format!("user.change_email.enabled = true\n{plugins}")).await;
    let hostile = "\"'><img src=x onerror=alert(1)><script>alert(1)</script><form action=\"javascript:alert(1)\">";
    let body = with(with(ada(), "name", json!(hostile)), "image", json!("javascript:alert(1)"));
    assert_eq!(server.post("/sign-up/email", &body).await.status, 200);
    let own = json!({ "email": "ada@example.com", "callbackURL": "/<script>alert(1)</script>\"onload=x" });
    for path in ["/request-password-reset", "/send-verification-email", "/sign-in/magic-link"] {
        server.post(path, &own).await;
    }
    let mails = server.mails().await;
    assert!(!mails.is_empty());
    for mail in mails {
        let html = mail.html.to_lowercase();
        for part in ["<img", "<script", "<form", "\"onload", "'>"] {
            assert!(!html.contains(part), "{}: {part} in {html}", mail.kind);
        }
    }
    let query = escaped(hostile);
    let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://idp.example")];
    let mut pages = vec![
        server.get(&format!("/error?error={query}&error_description={query}&state={query}"), "").await,
        server.get(&format!("/callback/wire?error={query}&error_description={query}&state={query}"), "").await,
        server.get(&format!("/callback/{query}?error=x&state=x"), "").await,
        server.get(&format!("/verify-email?token={query}"), "").await,
        server.get(&format!("/magic-link/verify?token={query}"), "").await,
        server.get(&format!("/reset-password/{query}"), "").await,
        server.get(&format!("/{query}"), "").await,
    ];
    let posted = format!("error={query}&error_description={query}&state={query}&user={query}");
    pages.push(server.send("POST", "/callback/wire", &form, posted).await);
    for page in pages {
        assert!(page.status < 500, "{}", page.text);
        let is_page = page.headers.get("content-type").is_some_and(|kind| kind.contains("html"));
        let text = page.text.to_lowercase();
        if is_page {
            for part in ["<img", "<script", "<form", "onerror=alert(1)>"] {
                assert!(!text.contains(part), "{part} in {text}");
            }
            let policy = page.headers.get("content-security-policy").unwrap_or_default();
            assert!(policy.contains("default-src 'none'"), "{policy}");
        }
        assert_eq!(page.headers.get("x-content-type-options"), Some("nosniff"));
        let location = page.headers.get("location").unwrap_or_default();
        assert!(!location.contains(['<', '"', '\'']), "{location}");
    }
}

#[tokio::test]
async fn cve_2026_16100_ten_thousand_texts_make_no_series() {
    on_sqlite(async |place: Place| {
        let social = "providers.wire = { client_id = \"id\", client_secret = \"secret\", \
                      authorization_url = \"https://idp.example/a\", token_url = \"https://idp.example/t\" }";
        let management = "management.address = \"127.0.0.1:0\"\n";
        let server = Fixture::start(&place, &format!("{management}{}", official(&[("social", social)]))).await;
        let send = async |number: usize| {
            let text = format!("text-{number}");
            match number % 8 {
                0 => server.get(&format!("/error?error={text}"), "").await,
                1 => server.get(&format!("/callback/wire?error={text}&state={text}"), "").await,
                2 => server.get(&format!("/callback/{text}?error={text}"), "").await,
                3 => server.get(&format!("/verify-email?token={text}"), "").await,
                4 => server.get(&format!("/reset-password/{text}"), "").await,
                5 => server.get(&format!("/{text}"), "").await,
                6 => server.send(&text.to_uppercase(), "/ok", &[("user-agent", &text)], "").await,
                _ => server.post("/sign-in/email", &json!({ "email": text, "password": "" })).await,
            }
        };
        for number in 0..8 {
            send(number).await;
        }
        let series = async || server.manage("GET", "/metrics", &[], "").await.text;
        let before = series().await;
        for number in 8..10_000 {
            send(number).await;
        }
        let after = series().await;
        assert_eq!(after.lines().count(), before.lines().count(), "{after}");
        assert!(!after.to_lowercase().contains("text-"), "{after}");
        assert!(after.contains("} 1250\n"), "they were counted: {after}");
    })
    .await;
}
