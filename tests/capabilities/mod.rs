//! The capabilities for data, called by a plugin that does what a request names: normal use, hostile use, races.

mod bodies;
mod enclosed;
mod passed_on;
mod people;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use doorward::commands::plugin::{BuildRequest, build};
use serde_json::{Value as Json, json};

use crate::fixture::Fixture;
use crate::hostile::root;
use crate::store::Place;

const GRANTS: &str = r#"grants = ["cookies", "verifications", "counters", "models", "users", "email-ownership", "passwords",
    "accounts", "sessions", "browser-sessions", "session-tokens", "user-directory", "user-administration",
    "session-administration", "mail", "transactions", "session-gate",
    "reads-request:/get-session", "observes:/**", "changes-answer:/**"]"#;

/// The component of `tests/capabilities/plugin`, built once.
fn component() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let out = root().join("target/probe");
        let folder = root().join("tests/capabilities/plugin");
        let request = BuildRequest { folder, out: out.clone(), target: root().join("target/plugins") };
        // The command brings a runtime of its own, which cannot run inside the test's.
        std::thread::spawn(move || build(&request).map_err(|error| error.to_string())).join().unwrap().unwrap();
        out.join("probe.wasm")
    });
    &BUILT
}

pub async fn server(place: &Place) -> Fixture {
    server_with(place, "").await
}

async fn server_with(place: &Place, options: &str) -> Fixture {
    let entry = format!("[[plugins]]\nid = \"probe\"\npath = \"{}\"\n{GRANTS}\n", component().display());
    Fixture::start(place, &format!("mail.transport = \"mailbox\"\n{options}\n{entry}")).await
}

/// The outcome of each step.
async fn run(server: &Fixture, cookie: &str, steps: Json) -> Vec<Json> {
    let answer = server.post_as("/probe", cookie, &json!({ "do": steps })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json().as_array().unwrap().clone()
}

/// The outcome of one step without a session.
async fn one(server: &Fixture, step: Json) -> Json {
    run(server, "", json!([step])).await.remove(0)
}

/// Signs a user up: id and cookie.
async fn member(server: &Fixture, name: &str) -> (String, String) {
    let body = json!({ "name": name, "email": format!("{name}@example.com"), "password": "correct horse 1" });
    let answer = server.post("/sign-up/email", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    (answer.json()["user"]["id"].as_str().unwrap().to_owned(), answer.cookie())
}
