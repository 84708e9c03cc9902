//! The manifest names every host that the table's requests go to, and none that is everybody's.

use doorward_sdk::fake;
use serde_json::{Value, json};
use social::providers::{self, IdTokenCheck, Settings, Tokens};

fn is_allowed(host: &str) -> bool {
    providers::hosts().iter().any(|allowed| match allowed.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.')),
        None => *allowed == host,
    })
}

fn host(url: &str) -> &str {
    url.strip_prefix("https://")
        .and_then(|rest| rest.split(['/', '?']).next())
        .unwrap_or_else(|| panic!("{url} is open"))
}

/// Settings for everything that has to be set, as most operators would have it.
fn settings(extra: &Value) -> Settings {
    let mut settings = json!({ "client_id": "client", "client_secret": "secret", "client_key": "key" });
    for (name, value) in extra.as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    serde_json::from_value(settings).expect("settings")
}

fn variants(id: &str) -> Vec<Value> {
    match id {
        "cognito" => {
            vec![json!({ "domain": "a.auth.eu-west-1.amazoncognito.com", "region": "eu-west-1", "user_pool_id": "p" })]
        }
        "paypal" => vec![Value::Null, json!({ "environment": "live" })],
        "salesforce" => {
            vec![Value::Null, json!({ "environment": "sandbox" }), json!({ "login_url": "acme.my.salesforce.com" })]
        }
        "microsoft" => vec![Value::Null, json!({ "authority": "https://login.microsoftonline.us" })],
        "auth0" => vec![json!({ "domain": "acme.eu.auth0.com" })],
        "okta" => vec![json!({ "issuer": "https://acme.okta.com" })],
        "microsoft-entra-id" => vec![json!({ "tenant_id": "3f2504e0-4f89-11d3-9a0c-0305e82c3301" })],
        _ => vec![Value::Null],
    }
}

#[test]
fn every_request_goes_to_a_host_of_the_manifest() {
    let own = ["keycloak"];
    for provider in providers::all().filter(|provider| !own.contains(&provider.id)) {
        for variant in variants(provider.id) {
            fake::reset();
            let client = providers::open(provider.id, &settings(&variant));
            let mut urls: Vec<String> = Vec::new();
            if let Some(client) = &client {
                urls.extend(client.token_endpoint().ok());
                urls.extend(client.refresh_endpoint());
                urls.extend(match client.id_token() {
                    Some(IdTokenCheck::Keys(rules)) => Some(rules.jwks),
                    Some(IdTokenCheck::Remote(url)) => Some(url),
                    None => None,
                });
                let answer = json!({ "openid": "o" });
                let claims = json!({ "oid": "o", "sub": "s" });
                for claims in [None, Some(&claims)] {
                    let tokens =
                        Tokens { access_token: Some("access"), claims, answer: Some(&answer), form_user: None };
                    client.user_info(&tokens).expect("the host works");
                }
            }
            urls.extend(fake::with(|world| world.http_sent.iter().map(|sent| sent.url.clone()).collect::<Vec<_>>()));
            assert!(!urls.is_empty(), "{} asks somebody", provider.id);
            for url in urls {
                assert!(is_allowed(host(&url)), "{}: {url}", provider.id);
            }
        }
    }
}

#[test]
fn further_requests_go_to_hosts_of_the_manifest_too() {
    // Those that only follow an answer; the fixtures of profiles name them.
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles");
    for entry in std::fs::read_dir(folder).expect("fixtures") {
        let text = std::fs::read_to_string(entry.expect("a fixture").path()).expect("text");
        let cases: Vec<Value> = serde_json::from_str(&text).expect("JSON");
        for url in cases.iter().filter_map(|case| case["answers"].as_object()).flat_map(|answers| answers.keys()) {
            assert!(is_allowed(host(url)) || url.starts_with("https://git.example.com/"), "{url}");
        }
    }
}

#[test]
fn no_pattern_of_the_manifest_is_everybody_s() {
    for host in providers::hosts() {
        let name = host.strip_prefix("*.").unwrap_or(host);
        assert!(!name.contains('*') && name.contains('.') && !name.starts_with('.'), "{host}");
        assert!(!["amazonaws.com", "com", "net"].contains(&name), "{host}");
    }
}
