//! Security event tokens: what is told, that another library verifies it with the published keys, and what receivers refuse.

use std::collections::HashSet;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value as Json, json};

use super::{Got, settled};
use crate::fixture::Fixture;
use crate::operators::with_admin;
use crate::routes::{sign_up, sign_up_as};
use crate::sinks::HttpSink;
use crate::store::{Place, on_both, on_sqlite};

on_both!(revocations_and_credentials_are_told, every_algorithm_is_verified_by_its_published_key);

fn stream(port: u16, more: &str) -> String {
    format!(
        "[[ssf.streams]]\nname = \"sp\"\nurl = \"http://127.0.0.1:{port}/events\"\nauthorization = \"Bearer hush-hush-token\"\n\
         audience = \"https://sp.example.com\"\nallow_private = true\n\
         events = [\"session-revoked\", \"credential-change\", \"account-disabled\", \"account-enabled\", \"account-purged\", \
         \"identifier-changed\"]\n{more}\n"
    )
}

/// The claims of a token, verified with the keys that the metadata leads to.
async fn claims(server: &Fixture, token: &str) -> Json {
    let metadata = server.send_to_root("GET", "/.well-known/ssf-configuration", &[]).await.json();
    assert_eq!((&metadata["issuer"], &metadata["spec_version"]), (&json!("http://localhost:3000"), &json!("1_0")));
    assert_eq!(metadata["delivery_methods_supported"], json!(["urn:ietf:rfc:8935"]));
    let path = metadata["jwks_uri"].as_str().unwrap().strip_prefix("http://localhost:3000").unwrap();
    let keys = server.send_to_root("GET", path, &[]).await;
    for private in ["\"d\"", "\"p\"", "\"q\""] {
        assert!(!keys.text.contains(private), "{}", keys.text);
    }
    let keys: JwkSet = serde_json::from_str(&keys.text).unwrap();
    let header = decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("secevent+jwt"));
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&["https://sp.example.com"]);
    rules.set_issuer(&["http://localhost:3000"]);
    rules.required_spec_claims = HashSet::from(["iss".to_owned(), "aud".to_owned()]);
    let decoded = decode::<Json>(token, &DecodingKey::from_jwk(key).unwrap(), &rules).unwrap();
    let claims = decoded.claims;
    assert!(claims.get("exp").is_none() && claims.get("sub").is_none(), "{claims}");
    assert!(claims["jti"].is_string() && claims["iat"].is_i64() && claims["events"].as_object().unwrap().len() == 1);
    claims
}

fn event(claims: &Json) -> (&str, &Json) {
    let (uri, said) = claims["events"].as_object().unwrap().iter().next().unwrap();
    (uri.strip_prefix("https://schemas.openid.net/secevent/").unwrap(), said)
}

async fn revocations_and_credentials_are_told(place: Place) {
    let sink = HttpSink::start(0, &["202 Accepted"]).await;
    let options = format!("[ssf]\nalgorithm = \"ES256\"\n{}", stream(sink.port, ""));
    let server = Fixture::start(&place, &options).await;
    let cookie = sign_up(&server).await.cookie();
    let user = server.records("user").await[0].text("id").to_owned();
    let session = server.records("session").await[0].text("id").to_owned();
    assert_eq!(server.post_as("/sign-out", &cookie, &json!({})).await.status, 200);
    let all = sink.received.take(2).await;
    settled(&server).await;
    let mut told = Vec::new();
    for text in &all {
        let got = Got::of(text);
        assert_eq!(got.header("content-type"), "application/secevent+jwt");
        assert_eq!((got.header("accept"), got.header("authorization")), ("application/json", "Bearer hush-hush-token"));
        told.push(claims(&server, &got.body).await);
    }
    told.sort_by_key(|claims| event(claims).0.to_owned());
    let named = json!({ "format": "iss_sub", "iss": "http://localhost:3000", "sub": user });
    let (uri, said) = event(&told[0]);
    assert_eq!((uri, &told[0]["sub_id"]), ("caep/event-type/credential-change", &named));
    assert_eq!((&said["credential_type"], &said["change_type"]), (&json!("password"), &json!("create")));
    let (uri, said) = event(&told[1]);
    let expected = json!({ "format": "complex", "user": named, "session": { "format": "opaque", "id": session } });
    assert_eq!((uri, &told[1]["sub_id"]), ("caep/event-type/session-revoked", &expected));
    assert_eq!((&said["initiating_entity"], said["event_timestamp"].is_i64()), (&json!("user"), true));
    let rows = server.records("doorward_event").await;
    assert!(rows.iter().all(|row| row.text("state") == "delivered"), "{rows:?}");
}

async fn every_algorithm_is_verified_by_its_published_key(place: Place) {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let sink = HttpSink::start(0, &["202 Accepted"]).await;
        let options = format!("[ssf]\nalgorithm = \"{algorithm}\"\n{}", stream(sink.port, ""));
        let server = Fixture::start(&place, &options).await;
        sign_up_as(&server, &format!("{}@example.com", algorithm.to_lowercase())).await;
        let got = Got::of(&sink.received.take(1).await[0]);
        let expected = match algorithm {
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            _ => Algorithm::EdDSA,
        };
        assert_eq!(decode_header(&got.body).unwrap().alg, expected);
        claims(&server, &got.body).await;
        server.stop().await;
    }
    // What is stored does not open without the secret.
    for row in Fixture::start(&place, "").await.records("doorward_event_key").await {
        assert!(!row.text("private").contains("\"d\""), "{row:?}");
    }
}

#[tokio::test]
async fn bans_are_told_by_address_and_refusals_are_kept() {
    on_sqlite(async |place| {
        let sink = HttpSink::start(0, &["400 Bad Request"]).await;
        let options = format!("{}\n{}", with_admin("", ""), stream(sink.port, "subject = \"email\""));
        let server = Fixture::start(&place, &options).await;
        sign_up_as(&server, "grace@example.com").await;
        let admin = crate::operators::with_role(&server, &place, "root", "admin").await;
        let users = server.records("user").await;
        let grace = users.iter().find(|user| user.text("email") == "grace@example.com").unwrap().text("id").to_owned();
        let answer = server.post_as("/admin/ban-user", &admin, &json!({ "userId": grace })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        // Two passwords, the ban, and the session that it ended.
        let all = sink.received.take(4).await;
        let mut told = Vec::new();
        for text in &all {
            told.push(claims(&server, &Got::of(text).body).await);
        }
        let of = |name: &str| told.iter().find(|claims| event(claims).0.ends_with(name)).unwrap();
        let named = json!({ "format": "email", "email": "grace@example.com" });
        assert_eq!(of("account-disabled")["sub_id"], named);
        let revoked = of("session-revoked");
        assert_eq!((&revoked["sub_id"]["user"], &event(revoked).1["initiating_entity"]), (&named, &json!("admin")));
        let rows = settled(&server).await;
        assert!(rows.iter().all(|row| row.text("lastError").starts_with("the receiver answered 400")), "{rows:?}");
    })
    .await;
}

#[tokio::test]
async fn what_a_stream_can_never_have_is_refused() {
    on_sqlite(async |place| {
        let wrong = stream(1, "").replace("\"session-revoked\"", "\"session-ended\"");
        let error = Fixture::try_start(&place, &wrong).await.err().unwrap();
        assert!(error.contains("there is no event \"session-ended\"") && error.contains("session-revoked"), "{error}");
        let server = Fixture::start(&place, "").await;
        assert_eq!(server.send_to_root("GET", "/.well-known/ssf-configuration", &[]).await.status, 404);
    })
    .await;
}
