//! Nobody learns who has an account; and what a password or an address may be.

use doorward::store::{Models, eq};
use serde_json::{Value as Json, json};

use super::{ALL_ON, address, header_names, redeem_reset, reset_token, sign_up, sign_up_as, token};
use crate::fixture::{Answer, Fixture};
use crate::routes::{ada, sign_in_status, with};
use crate::sinks::{HttpSink, SmtpSink};
use crate::store::{Place, on_both};

on_both!(
    enum_1_known_and_unknown_addresses_look_alike,
    enum_3_the_answer_does_not_wait_for_mail,
    enum_3_refusals_come_in_one_order,
    inp_1_a_password_that_is_too_long_is_refused_everywhere,
    inp_3_a_password_counts_as_it_is_typed,
    inp_4_an_address_has_one_form,
);

/// What a client can see of an answer, apart from values that are made anew each time.
fn face(answer: &Answer) -> (u16, Vec<String>, String, usize) {
    fn shape(value: &Json) -> Json {
        match value {
            Json::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
            Json::Bool(_) | Json::Null => value.clone(),
            Json::String(text) => json!(text.len()),
            other => other.clone(),
        }
    }
    (answer.status, header_names(answer), shape(&answer.json()).to_string(), answer.text.len())
}

/// Addresses of one length: verified, unverified, without a password, and of nobody.
const ADDRESSES: [&str; 4] = ["proven@example.com", "waitin@example.com", "social@example.com", "nobody@example.com"];

async fn enum_1_known_and_unknown_addresses_look_alike(place: Place) {
    let server = Fixture::start(&place, &format!("{ALL_ON}\nemail_and_password.auto_sign_in = false")).await;
    for email in &ADDRESSES[..3] {
        server.post("/sign-up/email", &with(ada(), "email", json!(email))).await;
    }
    let verified = [("emailVerified", true.into())];
    server.store().update("user", &[eq("email", ADDRESSES[0])], &verified).await.unwrap();
    let users = server.records("user").await;
    let social = users.iter().find(|user| user.text("email") == ADDRESSES[2]).unwrap();
    server.store().delete("account", &[eq("userId", social.text("id"))]).await.unwrap();
    server.post("/sign-up/email", &ada()).await;
    let caller = server.post("/sign-in/email", &ada()).await.cookie();

    let ask = async |path: &str, body: Json| face(&server.post(path, &body).await);
    let wrong = |email: &str| json!({ "email": email, "password": "wrong password" });
    let reset = async |email: &str| ask("/request-password-reset", address(email)).await;
    let send = async |email: &str| ask("/send-verification-email", address(email)).await;
    let sign_in = async |email: &str| ask("/sign-in/email", wrong(email)).await;
    let change =
        async |email: &str| face(&server.post_as("/change-email", &caller, &json!({ "newEmail": email })).await);
    for email in &ADDRESSES[..3] {
        assert_eq!(reset(email).await, reset(ADDRESSES[3]).await, "reset {email}");
        assert_eq!(send(email).await, send(ADDRESSES[3]).await, "verification {email}");
        assert_eq!(sign_in(email).await, sign_in(ADDRESSES[3]).await, "sign-in {email}");
        assert_eq!(change(email).await, change(ADDRESSES[3]).await, "change {email}");
    }
    let sign_up = async |email: &str| ask("/sign-up/email", with(ada(), "email", json!(email))).await;
    let fresh = sign_up(ADDRESSES[3]).await;
    for email in ADDRESSES {
        assert_eq!(sign_up(email).await, fresh, "sign-up {email}");
    }
    assert_eq!(server.rows("user").await, 5);
    let to: Vec<String> = server.mails().await.into_iter().map(|mail| mail.to).collect();
    assert!(to.iter().filter(|to| *to == ADDRESSES[3]).count() == 3, "only the changes of address: {to:?}");
}

async fn enum_3_the_answer_does_not_wait_for_mail(place: Place) {
    let hook = HttpSink::start(0, &["200 OK"]).await;
    let options = format!(
        "mail.transport = \"webhook\"\nmail.webhook.url = \"http://localhost:{}/\"\nemail_verification.send_on_sign_up = true",
        hook.port
    );
    let server = Fixture::start(&place, &options).await;
    // The receiver takes the mail and keeps its answer: all that follows is answered meanwhile.
    let held = hook.permits.clone().acquire_many_owned(1000).await.unwrap();
    sign_up(&server).await;
    hook.received.take(1).await;
    for email in ["ada@example.com", "nobody@example.com"] {
        for path in ["/request-password-reset", "/send-verification-email"] {
            assert_eq!(server.post(path, &address(email)).await.status, 200);
        }
    }
    // One slow delivery holds up no other.
    hook.received.take(3).await;
    drop(held);

    // A server that refuses every mail changes no answer either.
    let refusing = SmtpSink::start("550 no").await;
    let options = format!(
        "mail.transport = \"smtp\"\nmail.from = \"a@b.example\"\nmail.smtp = {{ host = \"127.0.0.1\", port = {}, tls = \"none\" }}",
        refusing.port
    );
    let server = Fixture::start(&place, &options).await;
    let known = server.post("/request-password-reset", &address("ada@example.com")).await;
    let unknown = server.post("/request-password-reset", &address("nobody@example.com")).await;
    assert_eq!(face(&known), face(&unknown));
}

async fn enum_3_refusals_come_in_one_order(place: Place) {
    let server =
        Fixture::start(&place, &format!("{ALL_ON}\nemail_and_password.require_email_verification = true")).await;
    sign_up(&server).await;
    for (field, value) in [
        ("password", json!("short")),
        ("password", json!("a".repeat(129))),
        ("name", json!(null)),
        ("callbackURL", json!("https://evil.example")),
    ] {
        let known = server.post("/sign-up/email", &with(ada(), field, value.clone())).await;
        let unknown = with(with(ada(), field, value), "email", json!("bob@example.com"));
        assert_eq!(face(&known), face(&server.post("/sign-up/email", &unknown).await), "{field}");
    }
    // Whether an address is verified is told only after the right password.
    for (email, password, expected) in [
        ("ada@example.com", "wrong password", "401 INVALID_EMAIL_OR_PASSWORD Invalid email or password"),
        ("bob@example.com", "wrong password", "401 INVALID_EMAIL_OR_PASSWORD Invalid email or password"),
        ("ada@example.com", "correct horse 1", "403 EMAIL_NOT_VERIFIED Email not verified"),
    ] {
        let answer = server.post("/sign-in/email", &json!({ "email": email, "password": password })).await;
        assert_eq!(answer.refusal(), expected);
    }
}

async fn inp_1_a_password_that_is_too_long_is_refused_everywhere(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    let cookie = sign_up(&server).await.cookie();
    let reset = reset_token(&server, "ada@example.com").await;
    let before = (server.counts().await, server.records("account").await);
    for length in [129, 1_000, 60_000] {
        let long = "a".repeat(length);
        for (path, body) in [
            ("/sign-up/email", with(with(ada(), "email", json!("bob@example.com")), "password", json!(long))),
            ("/sign-up/email", with(ada(), "password", json!(long))),
            ("/sign-in/email", json!({ "email": "ada@example.com", "password": long })),
            ("/sign-in/email", json!({ "email": "bob@example.com", "password": long })),
            ("/change-password", json!({ "currentPassword": long, "newPassword": "correct horse 2" })),
            ("/change-password", json!({ "currentPassword": "correct horse 1", "newPassword": long })),
            ("/verify-password", json!({ "password": long })),
            ("/delete-user", json!({ "password": long })),
            ("/reset-password", json!({ "newPassword": long, "token": reset })),
            ("/reset-password", json!({ "newPassword": long, "token": "unknown" })),
        ] {
            let answer = server.post_as(path, &cookie, &body).await;
            assert_eq!(answer.refusal(), "400 PASSWORD_TOO_LONG Password too long", "{path}");
        }
    }
    assert_eq!((server.counts().await, server.records("account").await), before);
}

async fn inp_3_a_password_counts_as_it_is_typed(place: Place) {
    let server = Fixture::start(&place, "mail.transport = \"mailbox\"").await;
    let cookie = sign_up(&server).await.cookie();
    let mut current = "correct horse 1".to_owned();
    let at = |place: usize| format!("{}x{}", "a".repeat(place - 1), "a".repeat(128 - place));
    let cases = [
        (at(65), at(66)),
        (at(73), at(74)),
        (at(128), "a".repeat(128)),
        (" leading".to_owned(), "leading1".to_owned()),
        ("trailing ".to_owned(), "trailing".to_owned()),
        (" ".repeat(15), " ".repeat(14)),
        ("caf\u{e9} noir".to_owned(), "cafe noir".to_owned()),
        ("\u{1f434}\u{1f434}\u{1f434}\u{1f434}".to_owned(), "\u{1f434}\u{1f434}\u{1f434}\u{1f435}".to_owned()),
        ("Password".to_owned(), "password".to_owned()),
    ];
    for (password, other) in cases {
        let change = json!({ "currentPassword": current, "newPassword": password });
        assert_eq!(server.post_as("/change-password", &cookie, &change).await.status, 200, "{password}");
        assert_eq!(sign_in_status(&server, "ada@example.com", &password).await, 200, "{password}");
        assert_eq!(sign_in_status(&server, "ada@example.com", &other).await, 401, "{password}");
        current = password;
    }
    // The composed and the decomposed form of a letter are one password.
    let reset = reset_token(&server, "ada@example.com").await;
    assert_eq!(redeem_reset(&server, &reset, "caf\u{e9} noir").await.status, 200);
    assert_eq!(sign_in_status(&server, "ada@example.com", "cafe\u{301} noir").await, 200);
    for (password, expected) in [("1234567", 400), ("\u{1f434}\u{1f434}\u{1f434}", 400), ("nul\0inside", 400)] {
        let reset = reset_token(&server, "ada@example.com").await;
        assert_eq!(redeem_reset(&server, &reset, password).await.status, expected, "{password}");
    }
}

async fn inp_4_an_address_has_one_form(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    sign_up_as(&server, "Admin@Example.com").await;
    for same in ["admin@example.com", "ADMIN@EXAMPLE.COM"] {
        assert_eq!(sign_in_status(&server, same, "correct horse 1").await, 200, "{same}");
        let again = server.post("/sign-up/email", &with(ada(), "email", json!(same))).await;
        assert_eq!(again.status, 422, "{same}");
    }
    server.post("/request-password-reset", &address("aDMIN@example.COM")).await;
    assert_eq!(server.mail("reset-password").await.to, "admin@example.com", "mail goes to the stored address");
    let kept = token(&server, "reset-password").await;
    let long = format!("{}@example.com", "a".repeat(309));
    for other in [
        long.as_str(),
        "\u{212a}elvin@example.com",
        "adm\u{131}n@example.com",
        "adm\u{130}n@example.com",
        "\u{17f}ue@example.com",
        "\u{fb01}@example.com",
        "admin\u{ff20}example.com",
        "ad\u{200b}min@example.com",
        "admi\u{301}n@example.com",
        "\u{430}dmin@example.com",
        "admin@ex\u{e4}mple.com",
        "admin@example.com.",
        "admin@example.com ",
        " admin@example.com",
        "\"admin\"@example.com",
        "admin@[127.0.0.1]",
        "admin@localhost",
    ] {
        for (path, body) in [
            ("/sign-up/email", with(ada(), "email", json!(other))),
            ("/request-password-reset", address(other)),
            ("/send-verification-email", address(other)),
            ("/sign-in/email", json!({ "email": other, "password": "correct horse 1" })),
        ] {
            assert_eq!(server.post(path, &body).await.status, 400, "{path} {other}");
        }
    }
    assert_eq!(server.rows("user").await, 1);
    assert_eq!(token(&server, "reset-password").await, kept, "no other mail was sent");
    // A tag makes another mailbox, punycode another domain.
    for distinct in ["admin+tag@example.com", "admin@xn--exmple-cua.com", "ad.min@example.com"] {
        assert_eq!(server.post("/sign-up/email", &with(ada(), "email", json!(distinct))).await.status, 200);
    }
    assert_eq!(server.rows("user").await, 4);
}
