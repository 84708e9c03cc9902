//! Plugins in changes of rows, in claims of tokens and as functions of the backend, through a real component.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking, in helpers too")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use doorward::store::Models;
use serde_json::{Value as Json, json};

use crate::fixture::{Answer, Fixture};
use crate::hostile::built;
use crate::routes::{ada, sign_up, with};
use crate::store::{Place, on_both};

on_both!(
    a_change_is_altered_and_seen_in_its_transaction,
    a_refusal_or_a_failure_undoes_the_change,
    an_open_event_leaves_nothing_but_the_change_when_it_fails,
    secrets_of_rows_are_not_seen,
    a_change_by_a_plugin_is_a_change,
    claims_are_added_and_those_that_stand_stay,
    open_claims_leave_a_token_without_them,
    functions_are_called_by_the_backend_alone,
    nothing_is_sent_while_a_transaction_is_open,
);

const GRANTS: &str =
    r#"grants = ["users", "verifications", "claims", "transactions", "http", "models", "token-claims"]"#;
const MANAGEMENT: &str = r#"management.address = "127.0.0.1:0"
management.keys = [{ name = "all", value = "key-for-everything-0123456789-012345", scopes = ["*"] }]"#;

/// The component of `tests/watcher/plugin`, built once.
fn component() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| built("watcher"));
    &BUILT
}

async fn server(place: &Place) -> Fixture {
    server_with(place, "").await
}

async fn server_with(place: &Place, more: &str) -> Fixture {
    let path = component().display();
    let text = format!("{MANAGEMENT}\n[[plugins]]\nid = \"watcher\"\npath = \"{path}\"\n{GRANTS}\n{more}\n");
    Fixture::start(place, &text).await
}

async fn sign_up_named(server: &Fixture, name: &str) -> Answer {
    server.post("/sign-up/email", &with(ada(), "name", json!(name))).await
}

/// What the plugin wrote down under this name, newest first.
async fn noted(server: &Fixture, name: &str) -> Vec<Json> {
    let rows = server.records("verification").await;
    let own = rows.iter().filter(|row| row.text("identifier") == format!("watcher:{name}"));
    own.map(|row| serde_json::from_str(row.text("value")).unwrap()).collect()
}

async fn a_change_is_altered_and_seen_in_its_transaction(place: Place) {
    let server = server(&place).await;
    let answer = sign_up(&server).await;
    assert_eq!(answer.json()["user"]["nickname"], "ADA");
    let seen = &noted(&server, "after user").await[0];
    assert_eq!((&seen["data"]["nickname"], &seen["data"]["email"]), (&json!("ADA"), &json!("ada@example.com")));
    assert_eq!((&seen["path"], &seen["action"]), (&json!("/sign-up/email"), &json!("create")));
    let changed = server.post_as("/update-user", &answer.cookie(), &json!({ "name": "Ada L." })).await;
    assert_eq!(changed.status, 200);
    let seen = &noted(&server, "before user").await[0];
    assert_eq!(
        (&seen["data"]["name"], seen["data"].get("email")),
        (&json!("Ada L."), None),
        "what is set, nothing else"
    );
    assert_eq!(seen["actor"], answer.json()["user"]["id"]);
    server.post_as("/sign-out", &answer.cookie(), &json!({})).await;
    assert!(noted(&server, "after session").await.iter().any(|seen| seen["action"] == "delete"));
}

async fn a_refusal_or_a_failure_undoes_the_change(place: Place) {
    let server = server(&place).await;
    for (name, refusal) in [
        ("refused", "422 NAME_TAKEN Choose another name"),
        ("refused late", "422 TOO_LATE Too late"),
        ("trap", "500 PLUGIN_ERROR A plugin failed"),
        ("trap late", "500 PLUGIN_ERROR A plugin failed"),
        ("endless", "504 PLUGIN_TIMEOUT A plugin did not answer in time"),
        ("forged", "500 INTERNAL_SERVER_ERROR Internal Server Error"),
        ("wrong", "500 INTERNAL_SERVER_ERROR Internal Server Error"),
        ("set late", "500 INTERNAL_SERVER_ERROR Internal Server Error"),
    ] {
        let answer = sign_up_named(&server, name).await;
        assert_eq!(answer.refusal(), refusal, "{name}");
        assert!(answer.headers.get("set-cookie").is_none(), "{name}");
        for model in ["user", "account", "session", "verification"] {
            assert_eq!(server.rows(model).await, 0, "{name}: {model}");
        }
    }
    assert_eq!(sign_up_named(&server, "Ada").await.status, 200);
}

async fn an_open_event_leaves_nothing_but_the_change_when_it_fails(place: Place) {
    let server = server_with(&place, "on_failure = { events = \"open\" }").await;
    for (index, name) in ["trap", "trap late", "endless", "clash late"].into_iter().enumerate() {
        let body = with(with(ada(), "name", json!(name)), "email", json!(format!("ada{index}@example.com")));
        let answer = server.post("/sign-up/email", &body).await;
        assert_eq!((answer.status, &answer.json()["user"]["name"]), (200, &json!(name)), "{}", answer.text);
        assert_eq!(server.rows("user").await, index as u64 + 1, "{name}");
        assert_eq!(server.rows("watched").await, 0, "{name}");
    }
    let seen = noted(&server, "after user").await;
    let names: Vec<&Json> = seen.iter().map(|seen| &seen["data"]["name"]).collect();
    assert_eq!(names, ["trap"], "what a failed event wrote is gone, what another wrote is not");
    assert_eq!(noted(&server, "after session").await.len(), 4);
    assert_eq!(server.plugin_counters().skipped_hooks, 4);
    let refused = server.post("/sign-up/email", &with(ada(), "name", json!("refused late"))).await;
    assert_eq!(refused.refusal(), "422 TOO_LATE Too late", "a refusal is no failure");
    assert_eq!(server.rows("user").await, 4);
}

async fn open_claims_leave_a_token_without_them(place: Place) {
    for (policy, expected) in [("open", 200), ("closed", 500)] {
        let server = server_with(&place, &format!("on_failure = {{ claims = \"{policy}\" }}")).await;
        let body = with(with(ada(), "name", json!("trap token")), "email", json!(format!("{policy}@example.com")));
        let cookie = server.post("/sign-up/email", &body).await.cookie();
        let answer = server.get("/watcher/claims", &cookie).await;
        assert_eq!(answer.status, expected, "{}", answer.text);
        if expected == 200 {
            assert_eq!(answer.json(), json!({ "sub": "a", "exp": 1, "mine": true }));
        }
    }
}

async fn secrets_of_rows_are_not_seen(place: Place) {
    let server = server_with(&place, "[mail]\ntransport = \"mailbox\"").await;
    sign_up(&server).await;
    server.post("/request-password-reset", &json!({ "email": "ada@example.com" })).await;
    let keys = |seen: &Json| seen["data"].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let account = keys(&noted(&server, "after account").await[0]);
    let session = keys(&noted(&server, "after session").await[0]);
    let reset = keys(&noted(&server, "after verification").await[0]);
    assert!(account.contains("providerId") && session.contains("userId") && reset.contains("expiresAt"));
    for secret in ["password", "token", "Token", "identifier", "value"] {
        assert!(
            ![&account, &session, &reset].into_iter().any(|keys| keys.contains(secret)),
            "{secret}: {account} {session} {reset}"
        );
    }
    let token = server.records("session").await[0].text("token").to_owned();
    let notes = server.records("verification").await;
    assert!(
        notes
            .iter()
            .filter(|row| row.text("identifier").starts_with("watcher:"))
            .all(|row| !row.text("value").contains(&token))
    );
}

async fn a_change_by_a_plugin_is_a_change(place: Place) {
    let server = server(&place).await;
    let cookie = sign_up(&server).await.cookie();
    let update = async |nickname: &str| server.post_as("/update-user", &cookie, &json!({ "nickname": nickname })).await;
    assert_eq!(update("once").await.status, 200);
    let user = async || server.store().find_one("user", &[]).await.unwrap().unwrap();
    assert_eq!(user().await.text("nickname"), "done");
    assert_eq!(update("forever").await.status, 500);
    assert_eq!(user().await.text("nickname"), "done");
    assert_eq!(update("plain").await.status, 200, "the next write goes on");
}

async fn claims_are_added_and_those_that_stand_stay(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("claims.rhai");
    std::fs::write(&script, "claims(|ctx| { ctx.claims.tier = \"gold\"; });").unwrap();
    let server = server_with(&place, &format!("[[hooks]]\nfile = {:?}", script.display().to_string())).await;
    let cookie = sign_up(&server).await.cookie();
    let all = json!({ "sub": "a", "exp": 1, "mine": true, "nickname": "ADA", "tier": "gold" });
    assert_eq!(server.get("/watcher/claims", &cookie).await.json(), all);
    assert_eq!(server.get("/watcher/claims", "").await.json(), json!({ "sub": "a", "exp": 1, "mine": true }));
    server.post_as("/update-user", &cookie, &json!({ "name": "no token" })).await;
    assert_eq!(server.get("/watcher/claims", &cookie).await.refusal(), "403 NO_TOKEN No token for you");
}

async fn functions_are_called_by_the_backend_alone(place: Place) {
    let server = server(&place).await;
    let cookie = sign_up(&server).await.cookie();
    let call =
        async |name: &str, body: Json| server.call_function("key-for-everything-0123456789-012345", name, &body).await;
    let plain =
        call("echo", json!({ "body": { "text": "hi" }, "query": { "q": "1" }, "headers": { "x-h": "2" } })).await;
    assert_eq!(plain.json(), json!({ "text": "hi", "query": "1", "header": "2", "name": null }));
    let signed_in = call("echo", json!({ "body": { "text": "hi" }, "headers": { "cookie": cookie } })).await;
    assert_eq!(signed_in.json()["name"], "Ada");
    assert_eq!(call("echo", json!({ "body": {} })).await.status, 400);
    assert_eq!(call("refuse", json!({})).await.refusal(), "409 REFUSED No");
    assert_eq!(call("other", json!({})).await.refusal(), "404 FUNCTION_NOT_FOUND There is no such function");
    assert_eq!(server.manage("POST", "/echo", &[], json!({ "body": { "text": "hi" } }).to_string()).await.status, 401);
    assert_eq!(server.post("/echo", &json!({ "text": "hi" })).await.status, 404);
}

async fn nothing_is_sent_while_a_transaction_is_open(place: Place) {
    let server = server(&place).await;
    let refused = server.get("/watcher/twice", "").await;
    assert!(refused.json().as_str().unwrap().contains("while a transaction is open"), "{}", refused.text);
}
