//! Providers that describe themselves: what is trusted of a discovery document, and who the user is.

use doorward_sdk::fake;
use serde_json::{Value, json};
use social::providers::{self, Authorization, Client, IdTokenCheck, Settings, Tokens};

const ISSUER: &str = "https://sso.example";
const DOCUMENT: &str = "https://sso.example/.well-known/openid-configuration";

fn document() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://sso.example/authorize?tenant=a",
        "token_endpoint": "https://sso.example/token",
        "userinfo_endpoint": "https://sso.example/userinfo",
        "end_session_endpoint": "https://sso.example/logout",
        "jwks_uri": "https://sso.example/jwks",
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    })
}

fn opened(document: &Value, more: Value) -> Option<Client> {
    fake::reset();
    fake::answer_http(DOCUMENT, 200, &document.to_string());
    open(more)
}

fn open(more: Value) -> Option<Client> {
    let mut settings = json!({ "client_id": "client", "client_secret": "secret", "discovery_url": DOCUMENT });
    for (name, value) in more.as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    let settings: Settings = serde_json::from_value(settings).expect("settings");
    let provider = providers::entry("sso", &settings).expect("an entry");
    assert_eq!(settings.fault("sso", provider), None);
    providers::open("sso", &settings)
}

#[test]
fn everything_comes_from_the_document() {
    let client = opened(&document(), Value::Null).expect("a client");
    assert_eq!(client.token_endpoint().ok().as_deref(), Some("https://sso.example/token"));
    assert_eq!(client.refresh_endpoint().as_deref(), Some("https://sso.example/token"));
    assert_eq!(client.value("end_session_endpoint").as_deref(), Some("https://sso.example/logout"));
    assert_eq!(client.issuer(), Some(ISSUER));
    assert!(client.uses_nonce() && client.uses_pkce());
    let Some(IdTokenCheck::Keys(rules)) = client.id_token() else { panic!("keys") };
    assert_eq!(
        (rules.jwks.as_str(), rules.algorithms.as_slice()),
        ("https://sso.example/jwks", &["RS256".into(), "ES256".into()][..])
    );
    assert_eq!((rules.audiences.as_slice(), rules.max_age_secs), (&["client".to_owned()][..], None));
    assert!(rules.admits(&json!({ "iss": ISSUER })));
    assert!(!rules.admits(&json!({ "iss": "https://evil.example" })) && !rules.admits(&json!({})));
    let request =
        Authorization { state: "S", redirect_uri: "https://app/cb", nonce: Some("N"), ..Authorization::default() };
    assert_eq!(
        client.authorization_url(&request).ok().as_deref(),
        Some(
            "https://sso.example/authorize?tenant=a&response_type=code&client_id=client&state=S&scope=openid\
             &redirect_uri=https%3A%2F%2Fapp%2Fcb&nonce=N"
        )
    );
}

#[test]
fn settings_replace_what_the_document_says() {
    let client = opened(
        &document(),
        json!({
            "authorization_url": "https://other.example/a", "scopes": ["email"], "pkce": false, "prompt": "login",
            "disable_id_token_nonce_binding": true, "authorization_url_params": { "audience": "x", "state": "EVIL" },
        }),
    );
    let client = client.expect("a client");
    assert!(!client.uses_nonce() && !client.uses_pkce());
    let scopes = ["profile".to_owned()];
    let request = Authorization {
        state: "S",
        redirect_uri: "https://app/cb",
        code_challenge: Some("C"),
        scopes: &scopes,
        ..Authorization::default()
    };
    assert_eq!(
        client.authorization_url(&request).ok().as_deref(),
        Some(
            "https://other.example/a?response_type=code&client_id=client&state=S&scope=openid+profile+email\
             &redirect_uri=https%3A%2F%2Fapp%2Fcb&prompt=login&audience=x"
        )
    );
}

#[test]
fn a_document_that_is_not_trusted_is_none() {
    let mut cases = vec![("another issuer", "issuer", json!("https://evil.example"))];
    cases.push(("no issuer", "issuer", Value::Null));
    cases.push(("open endpoint", "token_endpoint", json!("http://sso.example/token")));
    cases.push(("open keys", "jwks_uri", json!("http://sso.example/jwks")));
    cases.push(("no URL", "authorization_endpoint", json!("javascript:alert(1)")));
    cases.push(("a name before the host", "userinfo_endpoint", json!("https://sso.example@evil.example/")));
    for (says, field, value) in cases {
        let mut document = document();
        document[field] = value;
        assert!(opened(&document, Value::Null).is_none(), "{says}");
    }
    for (status, body) in [(500, "{}"), (302, "{}"), (200, "not JSON"), (200, "[]"), (404, "")] {
        fake::reset();
        fake::answer_http(DOCUMENT, status, body);
        assert!(open(Value::Null).is_none(), "{status} {body}");
    }
}

#[test]
fn an_issuer_of_another_form_is_named_by_the_operator() {
    let mut document = document();
    document["issuer"] = json!("https://sso.example/tenant/v2.0");
    assert!(opened(&document, json!({ "issuer": "https://sso.example/tenant/v2.0/" })).is_some());
    assert!(opened(&document, json!({ "issuer": "https://sso.example/other" })).is_none());
}

#[test]
fn endpoints_of_the_settings_serve_while_the_document_is_not_to_be_had() {
    let endpoints = json!({ "authorization_url": "https://sso.example/a", "token_url": "https://sso.example/t" });
    fake::reset();
    let client = open(endpoints.clone()).expect("a client");
    assert!(!client.uses_nonce() && client.id_token().is_none());
    fake::reset();
    let mut strict = endpoints;
    strict["require_id_token_verification"] = json!(true);
    assert!(open(strict).is_none());
}

#[test]
fn the_document_is_fetched_once() {
    fake::reset();
    fake::answer_http(DOCUMENT, 200, &document().to_string());
    assert!(open(Value::Null).is_some() && open(Value::Null).is_some());
    assert_eq!(fake::with(|world| world.http_sent.len()), 1);
    // What was kept for one issuer says nothing about another.
    assert!(open(json!({ "issuer": "https://other.example" })).is_none());
}

#[test]
fn headers_of_the_document_go_to_keys_of_the_same_origin() {
    let headers = json!({ "discovery_headers": { "x-client": "1" } });
    let rules = |document: &Value| match opened(document, headers.clone()).and_then(|client| client.id_token()) {
        Some(IdTokenCheck::Keys(rules)) => rules.headers,
        _ => panic!("keys"),
    };
    assert_eq!(rules(&document()), [("x-client".to_owned(), "1".to_owned())]);
    let mut elsewhere = document();
    elsewhere["jwks_uri"] = json!("https://keys.example/jwks");
    assert!(rules(&elsewhere).is_empty());
}

fn user(client: &Client, claims: Option<&Value>, info: &Value) -> Option<(String, Option<String>, bool)> {
    fake::answer_http("https://sso.example/userinfo", 200, &info.to_string());
    let tokens = Tokens { access_token: Some("access"), claims, ..Tokens::default() };
    let profile = client.user_info(&tokens).expect("the host works")?;
    Some((profile.id, profile.email, profile.email_verified))
}

#[test]
fn the_user_is_the_one_of_the_id_token() {
    let client = opened(&document(), Value::Null).expect("a client");
    let told = json!({ "sub": "1", "email": "ada@example.com", "email_verified": true });
    let expected = Some(("1".to_owned(), Some("ada@example.com".to_owned()), true));
    assert_eq!(user(&client, Some(&told), &json!({})), expected);
    // Without an address in the token the endpoint is asked, about the same user.
    assert_eq!(user(&client, Some(&json!({ "sub": "1" })), &told), expected);
    assert_eq!(user(&client, Some(&json!({ "sub": "2" })), &told), None);
    assert_eq!(user(&client, Some(&json!({ "sub": "1" })), &json!({ "email": "ada@example.com" })), None);
    assert_eq!(user(&client, None, &told), expected);
    let unsure = json!({ "sub": "1", "email": "ada@example.com", "email_verified": "false" });
    assert_eq!(
        user(&client, Some(&unsure), &json!({})),
        Some(("1".to_owned(), Some("ada@example.com".to_owned()), false))
    );
}

#[test]
fn plain_oauth_has_an_id_and_a_setting_says_where() {
    let endpoints = json!({
        "authorization_url": "https://sso.example/a", "token_url": "https://sso.example/t",
        "user_info_url": "https://sso.example/userinfo",
    });
    fake::reset();
    let client = open(endpoints.clone()).expect("a client");
    let info = json!({ "id": 7, "sub": "x", "email": "ada@example.com", "uuid": { "value": "u-1" } });
    assert_eq!(user(&client, None, &info).map(|user| user.0).as_deref(), Some("7"));
    assert_eq!(user(&client, None, &json!({ "sub": "x", "email": "ada@example.com" })), None);
    let mut own = endpoints;
    own["account_subject"] = json!("uuid.value");
    let client = open(own).expect("a client");
    assert_eq!(user(&client, None, &info).map(|user| user.0).as_deref(), Some("u-1"));
}

#[test]
fn account_info_says_it_in_the_reference_s_form() {
    let client = opened(&document(), Value::Null).expect("a client");
    let claims = json!({ "sub": "1", "email": "ada@example.com", "email_verified": true, "picture": "https://img/a", "name": "Ada" });
    let tokens = Tokens { claims: Some(&claims), ..Tokens::default() };
    let raw = client.user_info(&tokens).expect("the host works").expect("a profile").raw;
    let expected = json!({
        "id": "1", "emailVerified": true, "image": "https://img/a", "sub": "1", "email": "ada@example.com",
        "email_verified": true, "picture": "https://img/a", "name": "Ada",
    });
    assert_eq!(raw, expected);
}

#[test]
fn presets_know_their_documents() {
    let cases = [
        (
            "auth0",
            json!({ "domain": "https://acme.eu.auth0.com" }),
            "https://acme.eu.auth0.com/.well-known/openid-configuration",
        ),
        (
            "okta",
            json!({ "issuer": "https://acme.okta.com/oauth2/default/" }),
            "https://acme.okta.com/oauth2/default/.well-known/openid-configuration",
        ),
        (
            "keycloak",
            json!({ "issuer": "https://id.example/realms/a" }),
            "https://id.example/realms/a/.well-known/openid-configuration",
        ),
        (
            "microsoft-entra-id",
            json!({ "tenant_id": "3F2504E0-4F89-11D3-9A0C-0305E82C3301" }),
            "https://login.microsoftonline.com/3f2504e0-4f89-11d3-9a0c-0305e82c3301/v2.0/.well-known/openid-configuration",
        ),
    ];
    for (id, mut settings, url) in cases {
        fake::reset();
        settings["client_id"] = json!("client");
        let issuer = url.split("/.well-known").next().expect("an issuer");
        let mut told = document();
        // Auth0's issuer ends with a slash.
        told["issuer"] = json!(if id == "auth0" { format!("{issuer}/") } else { issuer.to_owned() });
        fake::answer_http(url, 200, &told.to_string());
        let settings: Settings = serde_json::from_value(settings).expect("settings");
        let client = providers::open(id, &settings).unwrap_or_else(|| panic!("{id} opens"));
        assert_eq!(client.scopes(&[]), ["openid", "profile", "email"], "{id}");
        assert!(client.uses_nonce(), "{id}");
    }
}

#[test]
fn entra_takes_names_from_the_endpoint_and_identity_from_the_token() {
    fake::reset();
    let tenant = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    let base = format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let mut told = document();
    told["issuer"] = json!(base);
    fake::answer_http(&format!("{base}/.well-known/openid-configuration"), 200, &told.to_string());
    let settings = serde_json::from_value(json!({ "client_id": "client", "tenant_id": tenant })).expect("settings");
    let client = providers::open("microsoft-entra-id", &settings).expect("a client");
    let ask = |claims: &Value, info: &Value| {
        fake::answer_http("https://graph.microsoft.com/oidc/userinfo", 200, &info.to_string());
        let tokens = Tokens { access_token: Some("access"), claims: Some(claims), ..Tokens::default() };
        client
            .user_info(&tokens)
            .expect("the host works")
            .map(|profile| (profile.id, profile.email, profile.email_verified, profile.name))
    };
    let info = json!({ "sub": "s", "email": "ada@example.com", "email_verified": true, "givenname": "Ada", "familyname": "L" });
    let whole = ask(&json!({ "oid": "o", "sub": "s" }), &info);
    assert_eq!(whole, Some(("o".into(), Some("ada@example.com".into()), true, Some("Ada L".into()))));
    // The endpoint's word about the address is not about the token's.
    let own = ask(&json!({ "oid": "o", "sub": "s", "email": "own@example.com", "name": "A" }), &info);
    assert_eq!(own, Some(("o".into(), Some("own@example.com".into()), false, Some("A".into()))));
    let other = ask(&json!({ "oid": "o", "sub": "other" }), &info);
    let placeholder = Some("o@microsoft-entra-id.placeholder.invalid".into());
    assert_eq!(other, Some(("o".into(), placeholder, false, None)));
    assert_eq!(ask(&json!({ "sub": "s" }), &info), None);
}
