//! The table of calls in the server: a component calls every function at every moment, and exactly those that the table refuses
//! are refused, each with an error of its own.

mod expected;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use doorward::store::outbox::JOBS;
use doorward::store::{Models, Value, eq, ne};
use doorward_contract::Moment;
use serde_json::{Value as Json, json};

use crate::fixture::{Answer, Fixture};
use crate::hostile::{build_once, built as build, entry, root};
use crate::store::{Place, on_both};
use expected::{refused, sorted};

const GRANTS: &str = r#"grants = ["accounts", "browser-sessions", "claims", "cookies", "counters", "email-ownership", "http", "jobs", "keys",
    "mail", "models", "pages", "passwords", "sealing", "section:account.security", "sections", "session-administration",
    "session-gate", "session-tokens", "sessions", "token-claims", "transactions", "user-administration", "user-directory",
    "users", "verifications", "webauthn"]
limits = { password_hashes = 40 }"#;
const FRAME: &str = r#"grants = ["pages", "sections", "cookies", "page-scripts"]"#;
const KEY: &str = "a-management-key-for-tests-0123456789";

fn component() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| build("moments"));
    &BUILT
}

/// A plugin with a page that asks for sections.
fn frame() -> PathBuf {
    let out = root().join("target/pages");
    build_once(&root().join("tests/pages/plugins"), &out);
    out.join("frame.wasm")
}

fn options(more: &str) -> String {
    let management = format!(
        "[management]\naddress = \"127.0.0.1:0\"\nkeys = [{{ name = \"a\", value = \"{KEY}\", scopes = [\"moments-function\"] }}]\n"
    );
    format!(
        "{}{}{management}",
        entry("moments", component(), &format!("{GRANTS}\n{more}")),
        entry("frame", &frame(), FRAME)
    )
}

fn message(answer: &Answer) -> String {
    assert_eq!(answer.status, 403, "{}", answer.text);
    answer.json()["message"].as_str().unwrap().to_owned()
}

on_both!(the_server_refuses_what_the_table_refuses);

async fn the_server_refuses_what_the_table_refuses(place: Place) {
    let fault = Fixture::try_start(&place, &options("sweep_now = true")).await.err().unwrap();
    let (_, names) = fault.rsplit_once(": ").unwrap();
    let server = Fixture::start(&place, &options("")).await;
    let text = async |path: &str| server.get(path, "").await.text;
    let mut found: Vec<(&str, Moment, bool, String)> = vec![("options", Moment::Check, false, names.to_owned())];
    found.push(("before", Moment::Before, false, text("/moments/before").await));
    found.push(("route", Moment::Route, false, text("/moments/route").await));
    found.push(("in a transaction", Moment::Route, true, text("/moments/transaction").await));
    found.push(("chunk", Moment::Chunk, false, text("/moments/chunk").await));
    let after: Json = serde_json::from_str(&text("/moments/after").await).unwrap();
    found.push(("after", Moment::After, false, after.as_str().unwrap().to_owned()));
    found.push(("page", Moment::Page, false, server.send_to_root("GET", "/moments/page", &[]).await.text));
    found.push((
        "function",
        Moment::Function,
        false,
        server.call_function(KEY, "moments-function", &json!({})).await.text,
    ));

    server.get("/moments/enqueue", "").await;
    let of_sweep = [eq("kind", "job:moments:sweep"), ne("lastError", Value::Null)];
    let mut swept = None;
    while swept.is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        swept = server.store().find_one(JOBS, &of_sweep).await.unwrap();
    }
    let swept = swept.unwrap().text("lastError").replace("SWEPT: ", "");
    found.push(("job", Moment::Job, false, swept));

    // A sweep may end the session of who asks, so each has a person of its own.
    let person = |name: &str, id: &str| json!({ "name": name, "email": format!("{id}@example.com"), "password": "correct horse 1" });
    let cookie = async |id: &str| server.post("/sign-up/email", &person("Ada", id)).await.cookie();
    found.push(("event", Moment::Event, true, message(&server.post("/sign-up/email", &person("event", "a")).await)));
    let of_claims = server.get("/moments/claims", &cookie("b").await).await;
    found.push(("claims", Moment::Claims, false, message(&of_claims)));
    let headers = [("cookie", &*cookie("c").await), ("user-agent", "a test")];
    let page = server.send_to_root("GET", "/frame", &headers).await;
    let rows = page.json()["sections"][0]["section"]["rows"].as_array().unwrap().clone();
    let titles: Vec<&str> = rows.iter().map(|row| row["title"].as_str().unwrap()).collect();
    found.push(("section", Moment::Section, false, titles.join(" ")));
    server.post_as("/update-user", &cookie("d").await, &json!({ "name": "gate" })).await;
    found.push(("gate", Moment::Gate, false, message(&server.post("/sign-in/email", &person("", "d")).await)));

    for (name, moment, is_in_transaction, names) in found {
        assert_eq!(sorted(&names), refused(moment, is_in_transaction), "{name}");
    }
}
