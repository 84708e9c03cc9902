//! Thieves that escape by a name: gates go by who signs in, never by what someone calls it; and what a name is worth.

use doorward::store::{Models, eq};
use serde_json::json;

use super::script::scripted;
use super::thief::{Thief, act, email, someone};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    a_second_factor_by_the_name_of_a_way,
    a_policy_by_the_name_of_a_way,
    a_parameter_that_is_encoded,
    a_query_that_repeats_itself,
);

fn official() -> String {
    format!("plugin_folder = \"{}\"\n", super::super::official().display())
}

/// A user with a second factor.
async fn guarded(server: &Fixture) {
    server.post("/sign-up/email", &someone("victim")).await;
    let enabled = [("twoFactorEnabled", true.into())];
    server.store().update("user", &[eq("email", email("victim"))], &enabled).await.unwrap();
    let answer = server.post("/sign-in/email", &someone("victim")).await;
    assert_eq!(answer.json()["twoFactorRedirect"], json!(true), "{}", answer.text);
    for session in server.records("session").await {
        server.store().delete("session", &[eq("id", session.text("id"))]).await.unwrap();
    }
}

const WAYS: [&str; 8] =
    ["two-factor", "passkey", "impersonation", "replacement", "email", "magic-link", "verify-email", ""];

async fn a_second_factor_by_the_name_of_a_way(place: Place) {
    let options = format!("{}mail.transport = \"mailbox\"\n[[plugins]]\nid = \"two-factor\"\n", official());
    let server = Thief::new("sessions").loaded(&place, &["sessions", "users"], &options).await;
    guarded(&server).await;
    let mut passed = Vec::new();
    for method in WAYS {
        let done = act(&server, "/thief/", json!({ "email": email("victim"), "method": method })).await;
        if server.rows("session").await > 0 {
            passed.push(format!("{method:?}: {done}"));
            for session in server.records("session").await {
                server.store().delete("session", &[eq("id", session.text("id"))]).await.unwrap();
            }
        }
    }
    assert!(passed.is_empty(), "{passed:#?}");
    for grants in [vec![], vec!["sessions"], vec!["users"]] {
        Thief::new("sessions").refused(&place, &grants, &["grants = [", "sessions"]).await;
    }
}

/// A script that lets a way of the core in is not passed by who gives his own that name.
async fn a_policy_by_the_name_of_a_way(place: Place) {
    let script = r#"gate(|ctx| { if ctx.sign_in_method != "email" { reject(403, "BY_PASSWORD", "No"); } });"#;
    let folder = tempfile::tempdir().unwrap();
    let thief = Thief::new("sessions").entry(folder.path(), &["sessions", "users"]);
    let server = scripted(&place, script, &thief).await.unwrap();
    assert_eq!(server.post("/sign-up/email", &someone("victim")).await.status, 200, "the core's own way");
    let sessions = server.rows("session").await;
    for method in ["email", "Email", " email", "e-mail"] {
        let done = act(&server, "/thief/", json!({ "email": email("victim"), "method": method })).await;
        assert!(done["error"].is_string(), "{method:?}: {done}");
        assert_eq!(server.rows("session").await, sessions, "{method:?}");
    }
}

/// What the contract promises of `param`, so that no guest decodes by itself, and some twice.
async fn a_parameter_that_is_encoded(place: Place) {
    let server = Thief::new("bare").loaded(&place, &[], "").await;
    for (written, read) in
        [("a%20b", "a b"), ("a%2Fb", "a/b"), ("%252e", "%2e"), ("%D0%BA", "к"), ("a+b", "a+b"), ("plain", "plain")]
    {
        let answer = server.get(&format!("/thief/echo/{written}"), "").await;
        assert_eq!(answer.json()["param"], json!(read), "{written}");
    }
}

/// What the contract promises of `query`: a parameter that comes twice is not one that never came.
async fn a_query_that_repeats_itself(place: Place) {
    let server = Thief::new("bare").loaded(&place, &[], "").await;
    for (query, read) in [("q=1", json!("1")), ("q=1&q=2", json!("1")), ("q=&q=2", json!("")), ("p=1", json!(null))] {
        assert_eq!(server.get(&format!("/thief/echo/x?{query}"), "").await.json()["query"], read, "{query}");
    }
}
