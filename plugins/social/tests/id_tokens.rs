//! What ID tokens of the built-in providers must be.

use serde_json::{Value, json};
use social::providers::{self, IdTokenCheck, IdTokenRules, NonceRule, Settings};

fn check(id: &str, more: Value) -> Option<IdTokenCheck> {
    let mut settings = json!({ "client_id": ["client", "ios"], "client_secret": "secret", "client_key": "key" });
    for (name, value) in more.as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    let settings: Settings = serde_json::from_value(settings).expect("settings");
    providers::open(id, &settings).expect("a client").id_token()
}

fn rules(id: &str, more: Value) -> IdTokenRules {
    match check(id, more) {
        Some(IdTokenCheck::Keys(rules)) => rules,
        _ => panic!("{id} has keys"),
    }
}

#[test]
fn only_those_of_six_providers_are_accepted() {
    let pool = json!({ "domain": "a.example", "region": "eu-west-1", "user_pool_id": "pool" });
    let accepted: Vec<&str> = providers::all()
        .filter(|provider| provider.discovery.is_empty() && check(provider.id, pool.clone()).is_some())
        .map(|provider| provider.id)
        .collect();
    assert_eq!(accepted, ["apple", "cognito", "facebook", "google", "line", "microsoft"]);
}

#[test]
fn keys_and_issuers_are_those_of_the_reference() {
    let pool = json!({ "domain": "a.example", "region": "eu-west-1", "user_pool_id": "pool" });
    let cases = [
        ("apple", Value::Null, "https://appleid.apple.com/auth/keys", vec!["https://appleid.apple.com"], Some(3600)),
        (
            "cognito",
            pool,
            "https://cognito-idp.eu-west-1.amazonaws.com/pool/.well-known/jwks.json",
            vec!["https://cognito-idp.eu-west-1.amazonaws.com/pool"],
            Some(3600),
        ),
        (
            "facebook",
            Value::Null,
            "https://limited.facebook.com/.well-known/oauth/openid/jwks/",
            vec!["https://www.facebook.com"],
            None,
        ),
        (
            "google",
            Value::Null,
            "https://www.googleapis.com/oauth2/v3/certs",
            vec!["https://accounts.google.com", "accounts.google.com"],
            Some(3600),
        ),
        ("microsoft", Value::Null, "https://login.microsoftonline.com/common/discovery/v2.0/keys", vec![], Some(3600)),
    ];
    for (id, settings, jwks, issuers, age) in cases {
        let rules = rules(id, settings);
        assert_eq!((rules.jwks.as_str(), rules.max_age_secs), (jwks, age), "{id}");
        assert_eq!(rules.issuers, issuers, "{id}");
        assert_eq!(
            (rules.algorithms, rules.audiences),
            (vec!["RS256".to_owned()], vec!["client".to_owned(), "ios".to_owned()]),
            "{id}"
        );
        assert_eq!(rules.allows_opaque, id == "facebook", "{id}");
        assert_eq!(rules.nonce == NonceRule::ExactOrSha256, id == "apple", "{id}");
    }
    assert_eq!(
        check("line", Value::Null),
        Some(IdTokenCheck::Remote("https://api.line.me/oauth2/v2.1/verify".to_owned()))
    );
}

#[test]
fn apple_s_audience_is_the_one_that_is_named() {
    let audiences = |more| rules("apple", more).audiences;
    assert_eq!(audiences(json!({ "app_bundle_identifier": "com.example.app" })), ["com.example.app"]);
    assert_eq!(audiences(json!({ "app_bundle_identifier": "b", "audience": ["x", "y"] })), ["x", "y"]);
    assert_eq!(audiences(json!({ "audience": [] })), ["client", "ios"]);
}

#[test]
fn google_s_domain_is_the_one_that_is_set() {
    let claims = |domain: Value| json!({ "iss": "accounts.google.com", "hd": domain });
    assert!(rules("google", Value::Null).admits(&claims(Value::Null)));
    let one = rules("google", json!({ "hd": "example.com" }));
    assert!(one.admits(&claims(json!("example.com"))));
    for domain in [Value::Null, json!("example.org"), json!(""), json!(["example.com"])] {
        assert!(!one.admits(&claims(domain)));
    }
    let any = rules("google", json!({ "hd": "*" }));
    assert!(any.admits(&claims(json!("example.org"))) && !any.admits(&claims(Value::Null)));
    assert!(!any.admits(&json!({ "iss": "https://evil.example", "hd": "example.com" })));
}

#[test]
fn microsoft_s_tenant_is_one_that_is_admitted() {
    const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    const COMPANY: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    const OTHER: &str = "11111111-2222-3333-4444-555555555555";
    let claims =
        |tenant: &str| json!({ "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0"), "tid": tenant });
    let cases = [
        ("common", [true, true, true]),
        ("organizations", [false, true, true]),
        ("consumers", [true, false, false]),
        (COMPANY, [false, true, false]),
    ];
    for (setting, admitted) in cases {
        let rules = rules("microsoft", json!({ "tenant_id": setting }));
        for (tenant, is_admitted) in [CONSUMERS, COMPANY, OTHER].into_iter().zip(admitted) {
            assert_eq!(rules.admits(&claims(tenant)), is_admitted, "{setting} {tenant}");
        }
        let forged = json!({ "iss": format!("https://login.microsoftonline.com/{CONSUMERS}/v2.0"), "tid": COMPANY });
        assert!(!rules.admits(&forged) && !rules.admits(&json!({ "tid": COMPANY })) && !rules.admits(&json!({})));
    }
    assert!(check("microsoft", json!({ "tenant_id": "example.onmicrosoft.com" })).is_none());
    let own = rules("microsoft", json!({ "authority": "https://login.example.com/", "tenant_id": COMPANY }));
    assert!(own.admits(&json!({ "iss": format!("https://login.example.com/{COMPANY}/v2.0"), "tid": COMPANY })));
    assert!(!own.admits(&claims(COMPANY)));
}
