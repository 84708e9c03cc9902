//! One key, several purposes: what a plugin signs proves nothing anywhere else.

use doorward::auth::email_token::{self, EmailToken, Purpose};
use doorward::crypto::{base64, base64_url, from_base64, hmac_sha256};
use doorward::http::decode_component;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value as Json, json};

use crate::fixture::Fixture;
use crate::hostile;
use crate::routes::sign_up;
use crate::store::{Place, on_both};

on_both!(
    cve_2026_121802_a_plugins_signature_is_no_mail_link,
    cve_2026_121802_a_plugins_signature_is_no_session,
    cve_2026_134316_a_plugins_signature_is_good_for_its_own_cookie,
    cve_2026_134315_a_change_of_address_without_its_user_is_refused,
    cve_2026_134316_a_token_of_another_form_is_no_mail_link,
);

async fn server(place: &Place, options: &str) -> Fixture {
    let entry = hostile::entry("hostile", hostile::hostile(), hostile::GRANTS);
    Fixture::start(place, &format!("{options}\n{entry}")).await
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The signature that the hostile plugin gets for this value, as bytes.
async fn signature(server: &Fixture, value: &str) -> Vec<u8> {
    let answer = server.send("GET", &format!("/hostile/sign?value={}", escaped(value)), &[], "").await;
    let cookie = decode_component(&answer.cookie());
    let signed = cookie.strip_prefix("better-auth.hostile=").unwrap();
    let (signed, mac) = signed.rsplit_once('.').unwrap();
    assert_eq!(signed, value);
    from_base64(mac).unwrap()
}

/// Header and claims of a token, without its signature.
fn unsigned(claims: &Json) -> String {
    let part = |json: &Json| base64_url(json.to_string().as_bytes());
    format!("{}.{}", part(&json!({ "alg": "HS256" })), part(claims))
}

fn key(server: &Fixture) -> Vec<u8> {
    server.auth().config.secret_value.expose().clone().into_bytes()
}

fn signed_by_server(server: &Fixture, claims: &Json) -> String {
    let header = Header { typ: None, ..Header::default() };
    encode(&header, claims, &EncodingKey::from_secret(&key(server))).unwrap()
}

async fn click(server: &Fixture, token: &str) -> String {
    server.send("GET", &format!("/verify-email?token={token}"), &[], "").await.refusal()
}

async fn cve_2026_121802_a_plugins_signature_is_no_mail_link(place: Place) {
    let server = server(&place, "").await;
    let user = sign_up(&server).await.json()["user"].clone();
    let claims = json!({
        "email": user["email"], "updateTo": "eve@example.com", "requestType": "change-email-verification",
        "userId": user["id"], "exp": 9_999_999_999_i64,
    });
    let text = unsigned(&claims);
    let forged = format!("{text}.{}", base64_url(&signature(&server, &text).await));
    assert_eq!(click(&server, &forged).await, "401 INVALID_TOKEN Invalid token");
    assert_eq!(server.rows("session").await, 1, "no session");
    let genuine = format!("{text}.{}", base64_url(&hmac_sha256(&key(&server), text.as_bytes())));
    assert_eq!(click(&server, &genuine).await, "200 - -", "the text is a link's, the signature is not");
}

async fn cve_2026_121802_a_plugins_signature_is_no_session(place: Place) {
    for strategy in ["compact", "jwt"] {
        let options = format!("session.cookie_cache = {{ enabled = true, strategy = \"{strategy}\" }}");
        let server = server(&place, &options).await;
        let email = format!("{strategy}@example.com");
        let body = json!({ "name": "Ada", "email": email, "password": "correct horse 1" });
        let signed_up = server.post("/sign-up/email", &body).await;
        let cookies: Vec<&str> = signed_up.headers.all("set-cookie").collect();
        let value = |name: &str| {
            let start = format!("better-auth.{name}=");
            let text = cookies.iter().find_map(|cookie| cookie.strip_prefix(&start)).unwrap();
            text.split(';').next().unwrap().to_owned()
        };
        let (token, copy) = (value("session_token"), value("session_data"));
        let forged = match strategy {
            "compact" => {
                let bytes = doorward::crypto::from_base64_url(&copy).unwrap();
                let mut envelope: Json = serde_json::from_slice(&bytes).unwrap();
                envelope["session"]["user"]["name"] = json!("Eve");
                let mut text = envelope["session"].clone();
                text["expiresAt"] = envelope["expiresAt"].clone();
                envelope["signature"] = json!(base64_url(&signature(&server, &text.to_string()).await));
                base64_url(envelope.to_string().as_bytes())
            }
            _ => {
                let claims = copy.split('.').nth(1).unwrap();
                let mut claims: Json =
                    serde_json::from_slice(&doorward::crypto::from_base64_url(claims).unwrap()).unwrap();
                claims["user"]["name"] = json!("Eve");
                let text = unsigned(&claims);
                format!("{text}.{}", base64_url(&signature(&server, &text).await))
            }
        };
        let session = |copy: &str| format!("better-auth.session_token={token}; better-auth.session_data={copy}");
        let seen = server.get("/get-session", &session(&forged)).await.json();
        assert_eq!(seen["user"]["name"], "Ada", "{strategy}");
        let raw = token.split('.').next().unwrap();
        let own = format!("{raw}.{}", escaped(&base64(&signature(&server, raw).await)));
        let answer = server.get("/get-session", &format!("better-auth.session_token={own}")).await;
        assert_eq!(answer.text, "null", "{strategy}");
    }
}

async fn cve_2026_134316_a_plugins_signature_is_good_for_its_own_cookie(place: Place) {
    let server = server(&place, "").await;
    let user = sign_up(&server).await.json()["user"]["id"].as_str().unwrap().to_owned();
    let raw = key(&server);
    for value in [user.as_str(), "true", "known-device!1", "doorward plugin jwt", "doorward compiled plugins"] {
        let own = signature(&server, value).await;
        assert_ne!(own, hmac_sha256(&raw, value.as_bytes()), "{value}");
        let cookie = |mac: &[u8]| format!("better-auth.hostile={}", escaped(&format!("{value}.{}", base64(mac))));
        assert_eq!(server.get("/hostile/sign", &cookie(&own)).await.json(), json!(value));
        let foreign = hmac_sha256(&raw, value.as_bytes());
        assert_eq!(server.get("/hostile/sign", &cookie(&foreign)).await.json(), Json::Null, "{value}");
        let cookies = &server.auth().cookies;
        let signed = format!("{value}.{}", base64(&own));
        for signer in [&cookies.token_signer, &cookies.dont_remember_signer, &cookies.known_device_signer] {
            assert_eq!(signer.verify(&signed), None, "{value}");
        }
    }
}

async fn cve_2026_134315_a_change_of_address_without_its_user_is_refused(place: Place) {
    let server = server(&place, "mail.transport = \"mailbox\"").await;
    let email = sign_up(&server).await.json()["user"]["email"].as_str().unwrap().to_owned();
    let auth = server.auth();
    let new_email = || "eve@example.com".to_owned();
    for purpose in [Purpose::ConfirmChange { new_email: new_email() }, Purpose::VerifyChange { new_email: new_email() }]
    {
        let token = EmailToken { email: email.clone(), user_id: None, purpose, version: None };
        let token = email_token::sign(auth, &token).unwrap();
        assert_eq!(click(&server, &token).await, "401 INVALID_TOKEN Invalid token");
    }
    assert_eq!(server.rows("doorward_outbox").await, 0);
    let token = EmailToken { email, user_id: None, purpose: Purpose::Verify, version: None };
    assert_eq!(click(&server, &email_token::sign(auth, &token).unwrap()).await, "200 - -", "a verification needs none");
}

async fn cve_2026_134316_a_token_of_another_form_is_no_mail_link(place: Place) {
    let server = server(&place, "").await;
    let user = sign_up(&server).await.json()["user"].clone();
    let link = json!({ "email": user["email"], "userId": user["id"], "iat": 1, "exp": 9_999_999_999_i64 });
    for (name, value) in [
        ("session", json!({ "token": "x" })),
        ("user", user.clone()),
        ("requestType", json!("change-email-verification")),
        ("requestType", json!("something-else")),
        ("updateTo", json!("eve@example.com")),
    ] {
        let mut claims = link.clone();
        claims[name] = value;
        let answer = click(&server, &signed_by_server(&server, &claims)).await;
        assert_eq!(answer, "401 INVALID_TOKEN Invalid token", "{name}");
    }
    assert_eq!(click(&server, &signed_by_server(&server, &link)).await, "200 - -");
}
