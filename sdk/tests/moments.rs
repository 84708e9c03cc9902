//! The table of calls: it names the functions of the contract, the documentation is made from it, and the fake host holds it.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, reason = "a test fails by panicking")]

#[path = "../../tests/moments/plugin/src/lib.rs"]
mod probe;

#[path = "../../tests/moments/expected.rs"]
mod expected;

use doorward_contract::{CALLS, Moment, calls_table};
use doorward_sdk::fake::{self, RawAttempt, RawChange, RawReply, RawRequest};
use doorward_sdk::prelude::*;
use expected::{refused, sorted};
use std::fs;
use std::path::Path;

/// What the plugin found at this moment, natively.
fn found(moment: Moment) -> String {
    fake::reset();
    let plugin = probe::plugin();
    let get = |path: &str| RawRequest::get(path, &[]);
    let said = |error: Error| error.refusal().message.unwrap_or_default();
    match moment {
        Moment::Check => {
            fake::with(|world| world.options = json!({ "sweep_now": true }).to_string());
            fake::check_options(&plugin).unwrap_err()
        }
        Moment::Before => fake::text(&get("/moments/before").run_before(&plugin).unwrap().unwrap()),
        Moment::Route => fake::text(&get("/moments/route").send(&plugin).unwrap()),
        Moment::Chunk => fake::text(&get("/moments/chunk").send(&plugin).unwrap()),
        Moment::Function => fake::text(&get("/").call(&plugin, "moments-function").unwrap()),
        Moment::Page => fake::text(&get("/moments/page").open(&plugin).unwrap()),
        Moment::Section => {
            let section = get("/account").contribute(&plugin, "account.security", &Asking::default()).unwrap().unwrap();
            section.rows.iter().map(|row| row.title.as_str()).collect::<Vec<_>>().join(" ")
        }
        Moment::After => {
            let reply = RawReply::with_body(&json!(null));
            get("/moments/after").run_after(&plugin, &reply).unwrap();
            reply.json_body().unwrap().as_str().unwrap().to_owned()
        }
        Moment::Gate => said(RawAttempt::new(&json!({ "name": "gate" }), "email").ask(&plugin).err().unwrap()),
        Moment::Event => {
            let change = RawChange::new("user", Action::Create, &json!({ "name": "event" }));
            said(change.run_before(&plugin).unwrap_err())
        }
        Moment::Job => said(fake::run_job(&plugin, "sweep", &json!(null)).unwrap_err()),
        Moment::Claims => said(get("/moments/claims").extend_claims(&plugin, &json!({}), &Map::new()).unwrap_err()),
        _ => panic!("a moment without a sweep"),
    }
}

#[test]
fn the_fake_host_refuses_what_the_table_refuses() {
    // The fake host asks no plugin for permissions.
    for moment in Moment::ALL.into_iter().filter(|moment| *moment != Moment::Permission) {
        assert_eq!(sorted(&found(moment)), refused(moment, moment == Moment::Event), "{moment:?}");
    }
    fake::reset();
    let answer = RawRequest::get("/moments/transaction", &[]).send(&probe::plugin()).unwrap();
    assert_eq!(sorted(&fake::text(&answer)), refused(Moment::Route, true), "in a transaction");
}

#[test]
fn every_function_of_the_contract_has_its_row() {
    let mut of_contract: Vec<String> = Vec::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("wit")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut interface = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("interface ") {
                interface = name.trim_end_matches(" {").to_owned();
            }
            let name = line
                .strip_prefix("  ")
                .filter(|line| !line.starts_with(' '))
                .and_then(|line| line.split_once(": func("));
            of_contract.extend(name.map(|(name, _)| format!("{interface}.{name}")));
        }
    }
    // What plugins export, and the types of all.
    let exports = [
        "lifecycle.",
        "routes.",
        "request-hooks.",
        "session-gate.",
        "lifecycle-events.",
        "token-claims.",
        "server-functions.",
        "answers.",
        "contributions.",
        "background.",
        "chunks.",
        "data-steps.",
        "permission-decider.",
        "types.",
    ];
    of_contract.retain(|name| !exports.iter().any(|export| name.starts_with(export)));
    of_contract.sort();
    let mut in_table: Vec<String> =
        CALLS.iter().flat_map(|rule| rule.functions.iter().map(|name| format!("{}.{name}", rule.capability))).collect();
    in_table.sort();
    assert_eq!(in_table, of_contract);
}

#[test]
fn the_documentation_is_made_from_the_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("MOMENTS.md");
    if std::env::var_os("UPDATE_BOOK").is_some() {
        fs::write(&file, calls_table()).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(written, calls_table(), "run `UPDATE_BOOK=1 cargo test -p doorward-sdk --test moments`");
}
