//! Thieves that forge: a value that they had signed counts for their own cookie, and nowhere else.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward::http::decode_component;
use doorward::store::{Models, eq};
use serde_json::{Map, Value as Json, json};

use super::thief::{Thief, act, email, someone};
use crate::fixture::Fixture;
use crate::routes::{token, verify_all};
use crate::store::{Place, on_both};

on_both!(
    a_signature_is_not_the_cores,
    a_link_that_verifies_an_address,
    a_link_that_changes_an_address,
    a_session_in_a_compact_copy,
    a_session_in_a_signed_copy,
    a_session_from_its_bare_token,
    a_device_that_is_known,
    a_cookie_of_another_name,
    a_cookie_of_another_plugin,
    what_was_signed_comes_back_under_its_name,
);

const MAIL: &str = "mail.transport = \"mailbox\"\nuser.change_email.enabled = true\n";

fn forger() -> Thief {
    Thief::new("cookies")
}

async fn server(place: &Place, options: &str) -> Fixture {
    forger().loaded(place, &["cookies"], options).await
}

/// What the server sets as the thief's cookie for this value: the value and its signature.
async fn signed(server: &Fixture, value: &str) -> (String, String) {
    signed_as(server, "/thief/", "theme", value).await
}

async fn signed_as(server: &Fixture, home: &str, name: &str, value: &str) -> (String, String) {
    let body = json!([{ "do": "sign", "name": name, "value": value }]);
    let answer = server.post(&format!("{home}act"), &body).await;
    assert_eq!(answer.json(), json!([{ "ok": null }]), "{}", answer.text);
    let wire = decode_component(answer.cookie().split_once('=').unwrap().1);
    let (_, signature) = wire.rsplit_once('.').unwrap();
    (wire.clone(), signature.to_owned())
}

/// A signature in the letters of tokens.
fn url_safe(signature: &str) -> String {
    STANDARD.decode(signature).map_or_else(|_| signature.to_owned(), |bytes| URL_SAFE_NO_PAD.encode(bytes))
}

fn encoded(value: &Json) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token by HS256 of these claims, signed as a cookie of the thief's.
async fn token_of(server: &Fixture, claims: &Json) -> String {
    let body = format!("{}.{}", encoded(&json!({ "alg": "HS256" })), encoded(claims));
    let (_, signature) = signed(server, &body).await;
    format!("{body}.{}", url_safe(&signature))
}

/// A cookie's value on the wire.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        write!(all, "%{byte:02X}").unwrap();
        all
    })
}

fn in_an_hour(server: &Fixture) -> i64 {
    server.now().as_secs() + 3600
}

async fn a_signature_is_not_the_cores(place: Place) {
    let server = server(&place, "").await;
    for value in ["a", "known-device!user-1", "2fa-abcdefghijklmnopqrst", "state", "a.b", "{\"session\":{}}"] {
        let (wire, _) = signed(&server, value).await;
        let cookies = &server.auth().cookies;
        for signer in [&cookies.token_signer, &cookies.dont_remember_signer, &cookies.known_device_signer] {
            assert_eq!(signer.verify(&wire), None, "{value}: under one key with everything else");
        }
    }
}

async fn a_link_that_verifies_an_address(place: Place) {
    let server = server(&place, MAIL).await;
    server.post("/sign-up/email", &someone("victim")).await;
    let claims = json!({ "email": email("victim"), "iat": 1, "exp": in_an_hour(&server) });
    let link = token_of(&server, &claims).await;
    let answer = server.get(&format!("/verify-email?token={link}"), "").await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    assert_eq!(server.records("user").await[0].boolean("emailVerified"), Some(false));
}

async fn a_link_that_changes_an_address(place: Place) {
    let server = server(&place, MAIL).await;
    server.post("/sign-up/email", &someone("victim")).await;
    verify_all(&server).await;
    let id = server.records("user").await[0].text("id").to_owned();
    for user in [json!({}), json!({ "userId": id })] {
        let mut claims = json!({
            "email": email("victim"), "updateTo": "eve@evil.example", "requestType": "change-email-verification",
            "iat": 1, "exp": in_an_hour(&server),
        });
        claims.as_object_mut().unwrap().extend(user.as_object().unwrap().clone());
        let link = token_of(&server, &claims).await;
        let answer = server.get(&format!("/verify-email?token={link}"), "").await;
        assert_eq!(answer.status, 401, "{}", answer.text);
        assert_eq!(server.records("user").await[0].text("email"), email("victim"));
    }
}

/// Someone's own session: its cookie and its token.
async fn own_session(server: &Fixture) -> (String, String) {
    let answer = server.post("/sign-up/email", &someone("eve")).await;
    (answer.cookie(), token(&answer))
}

/// What a copy of that session holds, if it were of a user whom nobody knows.
fn payload(server: &Fixture, token: &str) -> Map<String, Json> {
    let now = server.now().to_iso();
    let until = server.now().plus_secs(3600).to_iso();
    let copy = json!({
        "session": {
            "id": "session-1", "createdAt": now, "updatedAt": now, "userId": "user-1", "expiresAt": until,
            "token": token, "ipAddress": "", "userAgent": "",
        },
        "user": {
            "id": "user-1", "createdAt": now, "updatedAt": now, "email": "root@example.com", "emailVerified": true,
            "name": "Root", "image": null,
        },
        "updatedAt": server.now().0, "version": "1",
    });
    copy.as_object().unwrap().clone()
}

/// Who is signed in by this session with this copy.
async fn presented(server: &Fixture, session: &str, copy: &str) -> Json {
    let cookies = format!("{session}; better-auth.session_data={}", escaped(copy));
    server.get("/get-session", &cookies).await.json()["user"]["email"].clone()
}

fn cached(strategy: &str) -> String {
    format!("session.cookie_cache = {{ enabled = true, strategy = \"{strategy}\" }}\n")
}

async fn a_session_in_a_compact_copy(place: Place) {
    let server = server(&place, &cached("compact")).await;
    let (session, token) = own_session(&server).await;
    let (payload, until) = (payload(&server, &token), server.now().plus_secs(3600).0);
    let mut what_is_signed = payload.clone();
    what_is_signed.insert("expiresAt".into(), until.into());
    let (_, signature) = signed(&server, &Json::from(what_is_signed).to_string()).await;
    let copy = json!({ "session": payload, "expiresAt": until, "signature": url_safe(&signature) });
    assert_eq!(presented(&server, &session, &encoded(&copy)).await, json!(email("eve")), "oneself and nobody else");
}

async fn a_session_in_a_signed_copy(place: Place) {
    let server = server(&place, &cached("jwt")).await;
    let (session, token) = own_session(&server).await;
    let mut claims = payload(&server, &token);
    claims.extend([("iat".to_owned(), json!(1)), ("exp".to_owned(), json!(in_an_hour(&server)))]);
    let copy = token_of(&server, &Json::from(claims)).await;
    assert_eq!(presented(&server, &session, &copy).await, json!(email("eve")), "oneself and nobody else");
}

/// A token without the server's signature is no session; a thief's signature does not make it one.
async fn a_session_from_its_bare_token(place: Place) {
    let server = server(&place, "").await;
    let token = token(&server.post("/sign-up/email", &someone("victim")).await);
    let (wire, _) = signed(&server, &token).await;
    let answer = server.get("/get-session", &format!("better-auth.session_token={}", escaped(&wire))).await;
    assert_eq!(answer.json(), Json::Null);
}

/// Devices that are known are let through when an account is tried too often.
async fn a_device_that_is_known(place: Place) {
    let limits = "[rate_limit]\nmax = 1000\ncustom_rules = { \"/sign-in/email\" = false, \"/sign-up/email\" = false }\n\
        per_account = { window = 900, max = 3 }\n";
    let server = forger().start(&place, &["cookies"], limits).await.unwrap();
    server.post("/sign-up/email", &someone("victim")).await;
    let users = server.store().find_one("user", &[eq("email", email("victim"))]).await.unwrap();
    let mark = format!("known-device!{}", users.unwrap().text("id"));
    let (wire, _) = signed(&server, &mark).await;
    let known = format!("better-auth.known_device={}", escaped(&wire));
    let guess = json!({ "email": email("victim"), "password": "a guess of many" });
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(server.post_as("/sign-in/email", &known, &guess).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429, 429]);
}

async fn a_cookie_of_another_name(place: Place) {
    let two = json!([
        { "name": "theme", "is_literal": false, "is_prefix": false },
        { "name": "other", "is_literal": false, "is_prefix": false },
    ]);
    let server = forger().with("cookies", two).loaded(&place, &["cookies"], "").await;
    let (wire, _) = signed(&server, "dark").await;
    let read = json!([{ "do": "read", "name": "other" }, { "do": "read", "name": "theme" }]);
    let cookies = format!("better-auth.other={0}; better-auth.theme={0}", escaped(&wire));
    let answer = server.post_as("/thief/act", &cookies, &read).await;
    assert_eq!(answer.json(), json!([{ "ok": null }, { "ok": "dark" }]));
}

async fn a_cookie_of_another_plugin(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let own = json!([{ "name": "badge", "is_literal": false, "is_prefix": false }]);
    let other = forger().named("other", "/other/").with("cookies", own).entry(folder.path(), &["cookies"]);
    let server = server(&place, &other).await;
    let (wire, _) = signed(&server, "admin").await;
    let read = json!([{ "do": "read", "name": "badge" }]);
    let answer = server.post_as("/other/act", &format!("better-auth.badge={}", escaped(&wire)), &read).await;
    assert_eq!(answer.json(), json!([{ "ok": null }]));
}

/// What is forbidden is not forbidden by signing nothing.
async fn what_was_signed_comes_back_under_its_name(place: Place) {
    let server = server(&place, "").await;
    for value in ["dark", "a.b.c", "ключ"] {
        let (wire, _) = signed(&server, value).await;
        let read = json!([{ "do": "read", "name": "theme" }]);
        let answer = server.post_as("/thief/act", &format!("better-auth.theme={}", escaped(&wire)), &read).await;
        assert_eq!(answer.json(), json!([{ "ok": value }]));
    }
    let changed = act(&server, "/thief/", json!({ "do": "read", "name": "theme" })).await;
    assert_eq!(changed, json!({ "ok": null }));
}
