//! The description of the API: it has every endpoint that the server has, and says of operators' endpoints what they do.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{with_admin, with_role};
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(
    every_route_of_the_server_is_described,
    operators_endpoints_answer_as_they_are_described,
    a_backend_is_told_the_same_of_its_functions,
);

const ORIGIN: &str = "http://localhost:3000";
const KEY: &str = "key-for-the-description-0123456789-0123456789";
const PLUGINS: &str = "[[plugins]]\nid = \"open-api\"\n[[plugins]]\nid = \"pages\"\n[[plugins]]\nid = \"jwt\"\n";
const STREAM: &str = "[[ssf.streams]]\nname = \"suite\"\nurl = \"https://suite.example.com/in\"\nauthorization = \"Bearer a\"\n\
                      audience = \"https://suite.example.com\"\nevents = [\"session-revoked\"]\n";

async fn document(server: &Fixture) -> Json {
    let answer = server.get("/open-api/generate-schema", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Method, path in the document and what is said, of every operation.
fn operations(document: &Json) -> Vec<(String, String, Json)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, said)| (method.to_uppercase(), path.clone(), said.clone()))
    });
    all.collect()
}

fn of_operators(document: &Json) -> Vec<(String, String, Json)> {
    operations(document).into_iter().filter(|(.., said)| said["tags"] == json!(["Operators"])).collect()
}

async fn every_route_of_the_server_is_described(place: Place) {
    let server = Fixture::start(&place, &with_admin(STREAM, PLUGINS)).await;
    let document = document(&server).await;
    let base = document["servers"][0]["url"].as_str().unwrap();
    let told: BTreeSet<String> = operations(&document)
        .into_iter()
        .map(|(method, path, said)| format!("{method} {}{path}", said["servers"][0]["url"].as_str().unwrap_or(base)))
        .collect();
    let there: BTreeSet<String> = server
        .routes()
        .iter()
        // Pages and files are for browsers alone.
        .filter(|route| !(route.is_at_root && (route.is_of_plugin || is_file(&route.path))))
        .map(|route| {
            let path = route.path.split('/').map(|part| match part.strip_prefix(':') {
                Some(name) => format!("{{{name}}}"),
                None => part.to_owned(),
            });
            let path = path.collect::<Vec<_>>().join("/");
            format!("{} {}{path}", route.method, if route.is_at_root { ORIGIN } else { base })
        })
        .collect();
    assert_eq!(told, there);
    for (method, path) in [("GET", "/api/audit"), ("PUT", "/api/settings"), ("GET", "/.well-known/ssf-configuration")] {
        assert!(told.contains(&format!("{method} {ORIGIN}{path}")), "{method} {path}: {told:?}");
    }
}

fn is_file(path: &str) -> bool {
    path.ends_with("/**") || path.starts_with("/dev/mailbox")
}

async fn operators_endpoints_answer_as_they_are_described(place: Place) {
    let server = Fixture::start(&place, &with_admin(STREAM, PLUGINS)).await;
    let user = with_role(&server, &place, "ada", "user").await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    let document = document(&server).await;
    let all = of_operators(&document);
    assert!(all.len() >= 20, "{}", all.len());
    for (method, path, said) in &all {
        let name = format!("{method} {path}");
        let send = async |cookie: &str, query: &str, body: &str| {
            let headers = [("cookie", cookie), ("origin", ORIGIN), ("content-type", "application/json")];
            let body = if method == "GET" { String::new() } else { body.to_owned() };
            server.send_to_root_with(method, &format!("{path}{query}"), &headers, body).await
        };
        assert_eq!(said["security"], json!([{ "apiKeyCookie": [] }]), "{name}");
        assert_eq!(send("", "", "{}").await.refusal(), "401 UNAUTHORIZED Unauthorized", "{name}");
        let refused = send(&user, "", "{}").await;
        assert_eq!(refused.refusal(), "403 PERMISSION_REQUIRED You are not allowed to do this", "{name}");
        let read = &said["requestBody"]["content"]["application/json"]["schema"];
        if read.is_null() {
            is_as_told(&name, &document, said, &send(&admin, "", "{}").await);
        } else {
            for body in ["{}", r#"{"id":7,"all":7,"since":7,"receiver":7,"enabled":7,"version":"x","changes":{}}"#] {
                let refused = send(&admin, "", body).await.refusal();
                assert!(refused.starts_with("400 VALIDATION_ERROR [body"), "{name} {body}: {refused}");
            }
        }
        for parameter in said["parameters"].as_array().unwrap() {
            let (field, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let answer = send(&admin, &format!("?{field}=words"), "").await;
            let is_any_text = schema == &json!({ "type": "string" });
            let expected = format!("400 VALIDATION_ERROR [query.{field}] ");
            assert!(is_any_text || answer.refusal().starts_with(&expected), "{name} {field}: {}", answer.text);
            is_as_told(&name, &document, said, &answer);
            // What a form leaves empty is not asked for, and what is there twice is not one text.
            is_as_told(&name, &document, said, &send(&admin, &format!("?{field}="), "").await);
            let twice = send(&admin, &format!("?{field}=1&{field}=2"), "").await;
            assert!(twice.refusal().starts_with(&expected), "{name} {field}: {}", twice.text);
        }
    }
}

/// An answer that the description has: its status, its type, its code or its fields.
fn is_as_told(name: &str, document: &Json, said: &Json, answer: &Answer) {
    let told = &said["responses"][answer.status.to_string()];
    let told = told["$ref"].as_str().map_or(told, |pointer| document.pointer(&pointer[1..]).unwrap());
    assert!(answer.status < 500 && !told.is_null(), "{name}: {} {}", answer.status, answer.text);
    let content_type = answer.headers.get("content-type").unwrap().split(';').next().unwrap();
    let schema = &told["content"][content_type]["schema"];
    assert!(!schema.is_null(), "{name}: {content_type} is not told");
    if content_type != "application/json" {
        return;
    }
    fits(&format!("{name} {}", answer.status), schema, &answer.json());
}

/// A value that the schema allows: its type, its choices, and the same of all that is in it.
fn fits(place: &str, schema: &Json, value: &Json) {
    let is_of = |kind: &Json| match kind.as_str().unwrap() {
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        kind => kind == "null" && value.is_null(),
    };
    match &schema["type"] {
        Json::Array(kinds) => assert!(kinds.iter().any(is_of), "{place}: {value} is none of {kinds:?}"),
        Json::Null => {}
        kind => assert!(is_of(kind), "{place}: {value} is no {kind}"),
    }
    if let Some(choices) = schema["enum"].as_array() {
        assert!(choices.contains(value), "{place}: {value} is none of {choices:?}");
    }
    for field in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(field.as_str().unwrap()).is_some(), "{place}: {field} is not in {value}");
    }
    for (field, of_field) in schema["properties"].as_object().into_iter().flatten() {
        value.get(field).into_iter().for_each(|value| fits(&format!("{place}.{field}"), of_field, value));
    }
    for item in value.as_array().into_iter().flatten() {
        fits(&format!("{place}[]"), &schema["items"], item);
    }
}

async fn a_backend_is_told_the_same_of_its_functions(place: Place) {
    let key = format!(
        "[management]\naddress = \"127.0.0.1:0\"\nkeys = [{{ name = \"s\", value = \"{KEY}\", scopes = [\"*\"] }}]"
    );
    let server = Fixture::start(&place, &with_admin(&key, PLUGINS)).await;
    let document = document(&server).await;
    for (method, path, said) in of_operators(&document) {
        let id = said["operationId"].as_str().unwrap();
        let name = id.chars().fold(String::new(), |mut name, letter| {
            if letter.is_ascii_uppercase() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
            name
        });
        let wrong = json!({ "query": { "limit": "words", "before": "words" }, "body": [] });
        let reads = !said["requestBody"].is_null() || !said["parameters"].as_array().unwrap().is_empty();
        let answer = server.call_function(KEY, &name, &wrong).await;
        let expected = if reads { "400 VALIDATION_ERROR" } else { "200" };
        assert!(answer.refusal().starts_with(expected), "{method} {path}, {name}: {} {}", answer.status, answer.text);
    }
}
