//! Mail: links lead to the configured server, headers and markup cannot be injected, delivery is retried and signed.

use std::path::Path;

use doorward::crypto::purpose::Purpose;
use doorward::crypto::secret::Secret;
use doorward::crypto::{hex, hmac_sha256};
use serde_json::{Value as Json, json};

use super::{ALL_ON, address, sign_up};
use crate::fixture::Fixture;
use crate::routes::{ada, with};
use crate::sinks::{HttpSink, SmtpSink};
use crate::store::{Place, on_both};

on_both!(
    host_1_links_lead_to_the_configured_server,
    host_2_a_hostile_first_request_leaves_no_trace,
    host_3_one_recipient_and_one_set_of_headers,
    host_4_a_link_that_is_only_fetched_ahead_does_nothing,
    smtp_mail_that_is_refused_is_sent_again,
    a_webhook_gets_signed_mail,
    a_webhook_that_is_down_gets_the_mail_later,
    templates_of_the_operator_are_used,
);

const HOSTILE: [(&str, &str); 6] = [
    ("host", "evil.example"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "gopher"),
    ("x-forwarded-port", "666"),
    ("forwarded", "host=evil.example;proto=https"),
    ("x-original-url", "https://evil.example/"),
];

pub fn smtp(port: u16) -> String {
    format!(
        "mail.transport = \"smtp\"\nmail.from = \"Acme <no-reply@acme.example>\"\n\
         mail.smtp = {{ host = \"127.0.0.1\", port = {port}, tls = \"none\" }}"
    )
}

pub fn webhook(port: u16) -> String {
    format!("mail.transport = \"webhook\"\nmail.webhook.url = \"http://127.0.0.1:{port}/mail?a=1\"")
}

async fn hostile_post(server: &Fixture, path: &str, cookie: &str, body: &Json) -> u16 {
    let mut headers = HOSTILE.to_vec();
    headers.extend([("content-type", "application/json"), ("origin", "http://localhost:3000")]);
    if !cookie.is_empty() {
        headers.push(("cookie", cookie));
    }
    server.send("POST", path, &headers, body.to_string()).await.status
}

async fn host_1_links_lead_to_the_configured_server(place: Place) {
    let server = Fixture::start(&place, &format!("{ALL_ON}\nemail_verification.send_on_sign_up = true")).await;
    assert_eq!(hostile_post(&server, "/sign-up/email", "", &ada()).await, 200);
    let cookie = server.post("/sign-in/email", &ada()).await.cookie();
    for (path, body) in [
        ("/request-password-reset", address("ada@example.com")),
        ("/send-verification-email", address("ada@example.com")),
        ("/change-email", json!({ "newEmail": "new@example.com" })),
        ("/delete-user", json!({})),
    ] {
        assert_eq!(hostile_post(&server, path, &cookie, &body).await, 200, "{path}");
    }
    let mails = server.mails().await;
    assert_eq!(mails.len(), 5);
    for mail in mails {
        let url = mail.data["url"].as_str().unwrap();
        assert!(url.starts_with("http://localhost:3000/api/auth/"), "{url}");
        assert!(!format!("{}{}{}", mail.text, mail.html, url).contains("evil"), "{}", mail.text);
    }
}

async fn host_2_a_hostile_first_request_leaves_no_trace(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    assert_eq!(server.send("GET", "/ok", &HOSTILE, "").await.status, 200);
    assert_eq!(server.send("GET", "/verify-email?token=x&callbackURL=%2F", &HOSTILE, "").await.status, 302);
    sign_up(&server).await;
    server.post("/request-password-reset", &address("ada@example.com")).await;
    let mail = server.mail("reset-password").await;
    let link = server.follow(&mail, "").await;
    assert_eq!(link.headers.get("location"), Some("http://localhost:3000/api/auth/error?error=INVALID_TOKEN"));
    assert!(mail.data["url"].as_str().unwrap().starts_with("http://localhost:3000/api/auth/reset-password/"));
}

async fn host_3_one_recipient_and_one_set_of_headers(place: Place) {
    let sink = SmtpSink::start("250 taken").await;
    let options = format!(
        "{}\nemail_verification.send_on_sign_up = true\napp_name = \"A\\r\\nBcc: x@y.com <b>\"",
        smtp(sink.port)
    );
    let server = Fixture::start(&place, &options).await;
    for email in [
        "a@x.com,evil@y.com",
        "a@x.com\r\nBcc:evil@y.com",
        "\"a b\"@x.com",
        "<a@x.com>",
        "a@x.com>",
        "a@x.com evil@y.com",
        "a@x.com;evil@y.com",
        "a@[127.0.0.1]",
        "a%evil@x.com",
    ] {
        let answer = server.post("/sign-up/email", &with(ada(), "email", json!(email))).await;
        assert_eq!(answer.status, 400, "{email}");
    }
    assert_eq!(server.counts().await, [0; 5]);
    let names = [
        "X\r\nSubject: owned\r\n\r\nbody",
        "=?utf-8?q?X?=",
        "{{7*7}}{% raw %}",
        "<img src=x onerror=alert(1)>",
        "\u{202e}x",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let body = with(with(ada(), "name", json!(name)), "email", json!(format!("ada{number}@example.com")));
        assert_eq!(server.post("/sign-up/email", &body).await.status, 200, "{name}");
    }
    for text in sink.received.take(names.len()).await {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let starting = |start: &str| head.lines().filter(|line| line.to_ascii_lowercase().starts_with(start)).count();
        for header in ["rcpt to:", "mail from:", "to:", "from:", "subject:", "message-id:", "date:"] {
            assert_eq!(starting(header), 1, "{header} in {head}");
        }
        assert_eq!((starting("bcc:"), starting("cc:")), (0, 0), "{head}");
        let html = body.split("text/html").nth(1).unwrap();
        assert!(!html.contains("<img") && !html.contains("<b>"), "{html}");
    }
}

async fn host_4_a_link_that_is_only_fetched_ahead_does_nothing(place: Place) {
    let server = Fixture::start(&place, &format!("{ALL_ON}\nemail_verification.send_on_sign_up = true")).await;
    let cookie = sign_up(&server).await.cookie();
    let verify = server.mail("verify-email").await;
    server.post_as("/delete-user", &cookie, &json!({})).await;
    let delete = server.mail("delete-account").await;
    let before = (server.counts().await, server.records("user").await);
    for mail in [&verify, &delete] {
        let path = mail.data["url"].as_str().unwrap().strip_prefix("http://localhost:3000/api/auth").unwrap();
        let head = server.send("HEAD", path, &[("cookie", &cookie)], "").await;
        assert_eq!((head.status, head.text.as_str()), (404, ""));
        for ahead in [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("x-moz", "prefetch")] {
            let answer = server.send("GET", path, &[("cookie", &cookie), ahead], "").await;
            assert_eq!((answer.status, answer.headers.get("cache-control")), (503, Some("no-store")));
        }
    }
    assert_eq!((server.counts().await, server.records("user").await), before);
    assert_eq!(server.follow(&verify, &cookie).await.headers.get("referrer-policy"), Some("no-referrer"));
    assert_eq!(server.follow(&delete, &cookie).await.headers.get("location"), Some("/"));
}

async fn smtp_mail_that_is_refused_is_sent_again(place: Place) {
    let sink = SmtpSink::start("451 later").await;
    let server = Fixture::start(&place, &smtp(sink.port)).await;
    sign_up(&server).await;
    let answer = server.post("/request-password-reset", &address("ada@example.com")).await;
    assert_eq!(answer.status, 200);
    let first = sink.received.take(1).await.remove(0);
    assert!(first.contains("RCPT TO:<ada@example.com>") && first.contains("Subject: Reset your password"), "{first}");
    waits_for_retry(&server, "451").await;
    server.pass_secs(5);
    let both = sink.received.take(2).await;
    let id = |text: &str| text.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned();
    assert_eq!(id(&both[0]), id(&both[1]), "the same mail has the same id");
}

/// Waits until the mail lies in the outbox with the reason for its failure, which tells no secret.
pub async fn waits_for_retry(server: &Fixture, reason: &str) {
    for _ in 0..1000 {
        let rows = server.records("doorward_outbox").await;
        if let Some(error) = rows.first().and_then(|row| row.opt_text("lastError")) {
            assert!(error.contains(reason) && !error.contains("ada@") && !error.contains("token"), "{error}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the failure is not recorded");
}

/// Head and body of a request.
fn parts(request: &str) -> (&str, &str) {
    request.split_once("\r\n\r\n").unwrap()
}

/// The key of a mail webhook without a secret of its own, as `doorward secret --for mail` prints it.
fn derived_key() -> String {
    let secret = Secret::new("route-test-secret-0123456789-abcdefghij".to_owned());
    hex(Purpose::MailWebhook.key(&secret).expose())
}

/// Checks the signature of a request and returns its body.
pub fn signed_body(request: &str, key: &str) -> Json {
    let (head, body) = parts(request);
    let line = head.lines().find_map(|line| line.strip_prefix("doorward-signature: ")).unwrap();
    let (at, mac) = line.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    assert_eq!(mac, hex(&hmac_sha256(key.as_bytes(), format!("{at}.{body}").as_bytes())));
    serde_json::from_str(body).unwrap()
}

async fn a_webhook_gets_signed_mail(place: Place) {
    let derived = derived_key();
    for (own, key) in [("", derived.as_str()), ("\nmail.webhook.secret = \"own key\"", "own key")] {
        let sink = HttpSink::start(0, &["204 No Content"]).await;
        let server = Fixture::start(&place, &format!("{}{own}", webhook(sink.port))).await;
        let email = format!("ada{}@example.com", own.len());
        server.post("/sign-up/email", &with(ada(), "email", json!(email))).await;
        server.post("/request-password-reset", &address(&email)).await;
        let request = sink.received.take(1).await.remove(0);
        assert!(request.starts_with("POST /mail?a=1 HTTP/1.1\r\n"), "{request}");
        assert!(parts(&request).0.contains("content-type: application/json"), "{request}");
        let mail = signed_body(&request, key);
        let keys: Vec<&String> = mail.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["id", "kind", "to", "subject", "text", "html", "data"]);
        assert_eq!((&mail["kind"], &mail["to"]), (&json!("reset-password"), &json!(email)));
        assert_eq!(mail["data"]["user"]["email"], json!(email));
        assert!(mail["data"]["url"].as_str().unwrap().contains(mail["data"]["token"].as_str().unwrap()));
        settle(&server).await;
        assert_eq!(sink.received.count(), 1, "what was taken is not sent again");
    }
}

/// Waits until the outbox is empty.
pub async fn settle(server: &Fixture) {
    for _ in 0..1000 {
        if server.rows("doorward_outbox").await == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("mail stays in the outbox");
}

async fn a_webhook_that_is_down_gets_the_mail_later(place: Place) {
    // A port that nothing listens on until the sink starts there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Fixture::start(&place, &webhook(port)).await;
    sign_up(&server).await;
    assert_eq!(server.post("/request-password-reset", &address("ada@example.com")).await.status, 200);
    waits_for_retry(&server, "onnection refused").await;
    let sink = HttpSink::start(port, &["500 Internal Server Error", "302 Found", "200 OK"]).await;
    for (attempt, wait) in [(1, 5), (2, 10), (3, 20)] {
        server.pass_secs(wait);
        assert_eq!(sink.received.take(attempt).await.len(), attempt);
        let again = async || {
            server
                .records("doorward_outbox")
                .await
                .iter()
                .all(|row| row.integer("attempts") == Some(attempt as i64 + 1))
        };
        assert!(again().await, "attempt {attempt} is counted");
        // Let the failure be recorded before time moves on.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    settle(&server).await;
    let requests = sink.received.take(3).await;
    let id = |request: &str| signed_body(request, &derived_key())["id"].clone();
    assert!(requests.iter().all(|request| id(request) == id(&requests[0])));
}

async fn templates_of_the_operator_are_used(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(Path::new(folder.path()).join(name), text).unwrap();
    write("reset-password.txt", "Subject: Neu: {{ app_name }}\nHallo {{ user.name }}, {{ url }}");
    write("reset-password.html", "<i>{{ user.name }}</i>");
    let options =
        format!("mail.transport = \"mailbox\"\nmail.templates = \"{}\"\napp_name = \"Acme\"", folder.path().display());
    let server = Fixture::start(&place, &options).await;
    server.post("/sign-up/email", &with(ada(), "name", json!("A & <B>"))).await;
    server.post("/request-password-reset", &address("ada@example.com")).await;
    let mail = server.mail("reset-password").await;
    assert_eq!((mail.subject.as_str(), mail.html.as_str()), ("Neu: Acme", "<i>A &amp; &lt;B&gt;</i>"));
    assert!(mail.text.starts_with("Hallo A & <B>, http://localhost:3000/"), "{}", mail.text);
}
