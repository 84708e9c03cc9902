//! The URLs of all providers, held against what the reference answered.

use serde_json::{Value, json};
use social::providers::{self, Authorization, Client, Settings};

const RECORDED: &str = include_str!("../../../tests/wire/transcripts/core-accounts-oauth/builtin-providers.json");
const CALLBACK: &str = "<base>/api/auth/callback/";

fn client(id: &str, settings: Value) -> Client {
    let settings: Settings = serde_json::from_value(settings).expect("settings");
    let provider = providers::entry(id, &settings).expect("the provider");
    assert_eq!(settings.fault(id, provider), None);
    providers::open(id, &settings).expect("a client")
}

fn url(client: &Client, request: Authorization<'_>) -> String {
    let redirect_uri = format!("{CALLBACK}{}", client.id);
    let request =
        Authorization { state: "STATE", redirect_uri: &redirect_uri, code_challenge: Some("CHALLENGE"), ..request };
    client.authorization_url(&request).expect("a URL")
}

/// What stands for random text in the record is the same text here.
fn plain(url: &str) -> String {
    let mut plain = String::new();
    let mut rest = url;
    while let Some((before, after)) = rest.split_once("<token:") {
        let (token, behind) = after.split_once('>').expect("a token ends");
        plain.push_str(before);
        plain.push_str(if token.starts_with("32") { "STATE" } else { "CHALLENGE" });
        rest = behind;
    }
    plain + rest
}

fn recorded() -> Vec<(String, String)> {
    let flow: Value = serde_json::from_str(RECORDED).expect("the record is JSON");
    let mut urls = Vec::new();
    collect(&flow, &mut urls);
    urls
}

fn collect(value: &Value, urls: &mut Vec<(String, String)>) {
    if let (Some(request), Some(response)) = (value.get("request"), value.get("response"))
        && let (Some(id), Some(url)) = (request["body"]["provider"].as_str(), response["body"]["url"].as_str())
    {
        urls.push((id.to_owned(), plain(url)));
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, urls)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, urls)),
        _ => {}
    }
}

#[test]
fn urls_are_those_of_the_reference() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 36);
    for (id, expected) in recorded {
        let mut settings = json!({ "client_id": format!("{id}-client"), "client_secret": format!("{id}-secret") });
        if id == "cognito" {
            settings["domain"] = json!("example.auth.eu-west-1.amazoncognito.com");
            settings["region"] = json!("eu-west-1");
            settings["user_pool_id"] = json!("eu-west-1_abc");
        }
        if id == "tiktok" {
            settings["client_key"] = json!("tiktok-key");
        }
        // The record escapes the address that stands for the server's.
        let actual = url(&client(&id, settings), Authorization::default()).replace("%3Cbase%3E", "<base>");
        assert_eq!(actual, expected, "{id}");
    }
}

/// What the reference answers to settings and requests of every kind, by provider.
const ANSWERED: &str = include_str!("urls.json");

#[test]
fn settings_and_requests_do_what_they_do_in_the_reference() {
    let answered: Vec<Value> = serde_json::from_str(ANSWERED).expect("the record is JSON");
    for case in answered {
        let id = case["provider"].as_str().expect("an id");
        let mut settings = json!({ "client_id": "client", "client_secret": "secret" });
        for (name, value) in case["settings"].as_object().into_iter().flatten() {
            settings[name] = value.clone();
        }
        let request = &case["request"];
        let list = |value: &Value| value.as_str().map(str::to_owned);
        let scopes: Vec<String> = request["scopes"].as_array().into_iter().flatten().filter_map(list).collect();
        let pairs = request["more"].as_object().into_iter().flatten();
        let more: Vec<(String, String)> =
            pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        let callback = format!("https://app.example/api/auth/callback/{id}");
        let request = Authorization {
            state: "STATE",
            redirect_uri: &callback,
            // Of "verifier".
            code_challenge: Some("iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ"),
            nonce: None,
            scopes: &scopes,
            login_hint: request["login_hint"].as_str(),
            display: request["display"].as_str(),
            more: &more,
        };
        let url = client(id, settings).authorization_url(&request).expect("a URL");
        assert_eq!(Value::String(url), case["url"], "{id}: {}", case["settings"]);
    }
}
