//! What each provider says about a user, in the shape of its documentation, and the profile made of it.

use doorward_sdk::fake;
use serde_json::{Value, json};
use social::providers::{self, Client, Profile, Settings, Tokens};
use std::path::Path;

/// The fixtures of a provider: one case each.
fn cases(id: &str) -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles").join(format!("{id}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{} is missing", file.display()));
    serde_json::from_str(&text).expect("the fixture is JSON")
}

fn client(id: &str, more: &Value) -> Client {
    let mut settings = json!({ "client_id": "client", "client_secret": "secret" });
    for (name, value) in more.as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    let settings: Settings = serde_json::from_value(settings).expect("settings");
    let provider = providers::entry(id, &settings).expect("the provider");
    assert_eq!(settings.fault(id, provider), None);
    providers::open(id, &settings).expect("a client")
}

fn arrange(answers: &Value) {
    fake::reset();
    for (url, answer) in answers.as_object().into_iter().flatten() {
        match (answer.get("status"), answer.get("body").and_then(Value::as_str)) {
            (Some(status), Some(body)) => fake::answer_http(url, status.as_u64().unwrap_or(0) as u16, body),
            _ => fake::answer_http(url, 200, &answer.to_string()),
        }
    }
}

fn ask(client: &Client, case: &Value) -> Option<Profile> {
    let tokens = Tokens {
        access_token: Some("access"),
        claims: case.get("claims"),
        answer: case.get("token_answer"),
        form_user: case.get("form_user"),
    };
    client.user_info(&tokens).expect("the host works")
}

fn seen(profile: Profile) -> Value {
    let mut seen = json!({
        "id": profile.id,
        "email": profile.email,
        "email_verified": profile.email_verified,
        "name": profile.name,
        "image": profile.image,
    });
    if !profile.extra.is_empty() {
        seen["extra"] = Value::Object(profile.extra);
    }
    seen
}

/// Those whose endpoints a discovery document names have tests of their own.
fn has_fixtures(provider: &providers::Provider) -> bool {
    provider.discovery.is_empty()
}

#[test]
fn every_provider_maps_what_it_says() {
    for provider in providers::all().filter(|provider| has_fixtures(provider)) {
        for case in cases(provider.id) {
            arrange(&case["answers"]);
            let profile = ask(&client(provider.id, &case["settings"]), &case);
            assert_eq!(json!(profile.map(seen)), case["profile"], "{}: {}", provider.id, case["says"]);
        }
    }
}

#[test]
fn every_provider_survives_what_it_should_not_say() {
    let nonsense = ["", "not JSON", "[]", "null", "7", "\"text\"", "{}", r#"{"data":null}"#, r#"{"data":[]}"#];
    for provider in providers::all().filter(|provider| has_fixtures(provider)) {
        for case in cases(provider.id).iter().filter(|case| case.get("answers").is_some()) {
            for (status, body) in
                nonsense.iter().map(|body| (200, *body)).chain([(401, "{}"), (500, "oops"), (302, "")])
            {
                arrange(&Value::Null);
                for url in case["answers"].as_object().into_iter().flatten().map(|(url, _)| url) {
                    fake::answer_http(url, status, body);
                }
                // An ID token is an answer by itself; here the endpoints are asked.
                let mut asked = case.clone();
                asked.as_object_mut().expect("a case").remove("claims");
                assert_eq!(ask(&client(provider.id, &case["settings"]), &asked), None, "{}: {body}", provider.id);
            }
        }
    }
}

#[test]
fn nobody_is_somebody_without_a_stable_id() {
    for provider in providers::all().filter(|provider| has_fixtures(provider)) {
        let case = cases(provider.id).into_iter().find(|case| !case["profile"].is_null()).expect("a profile");
        let id = case["profile"]["id"].as_str().expect("an id").to_owned();
        for nothing in [Value::Null, json!(""), json!(" "), json!("undefined"), json!("null"), json!({}), json!(1.5)] {
            // Where there are two kinds of id, neither is there.
            let without = replaced(&replaced(&case, &id, &nothing), "o6_b+m", &nothing);
            arrange(&without["answers"]);
            let profile = ask(&client(provider.id, &without["settings"]), &without);
            assert_eq!(profile, None, "{}: {nothing}", provider.id);
        }
    }
}

/// The case with every `id`, text or number, replaced by `nothing`; not that in the expectation.
fn replaced(value: &Value, id: &str, nothing: &Value) -> Value {
    match value {
        Value::String(text) if text == id => nothing.clone(),
        Value::Number(number) if number.to_string() == id => nothing.clone(),
        Value::Array(items) => items.iter().map(|item| replaced(item, id, nothing)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), replaced(value, id, nothing))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn requests_carry_the_token_as_the_provider_wants_it() {
    arrange(&json!({}));
    ask(&client("yandex", &Value::Null), &json!({}));
    ask(&client("vk", &Value::Null), &json!({}));
    ask(&client("linear", &Value::Null), &json!({}));
    ask(&client("notion", &Value::Null), &json!({}));
    ask(&client("hubspot", &Value::Null), &json!({}));
    let sent: Vec<String> = fake::with(|world| {
        let line = |request: &_| format!("{request:?}");
        world.http_sent.iter().map(line).collect()
    });
    let has = |place: usize, part: &str| sent.get(place).is_some_and(|line| line.contains(part));
    assert!(has(0, "\"OAuth access\"") && has(0, "GET"), "{sent:?}");
    assert!(!has(1, "authorization") && has(1, "POST") && has(1, "application/x-www-form-urlencoded"), "{sent:?}");
    assert!(has(2, "\"Bearer access\"") && has(2, "application/json"), "{sent:?}");
    assert!(has(3, "2022-06-28"), "{sent:?}");
    assert!(!has(4, "authorization") && has(4, "/access-tokens/access"), "{sent:?}");
}
