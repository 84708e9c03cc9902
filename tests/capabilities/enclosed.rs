//! What a request does while its plugin has a transaction open: it takes part, and nobody else waits for it.

use doorward::store::{Models, eq};
use serde_json::{Value as Json, json};

use super::{member, run, server_with};
use crate::fixture::Fixture;
use crate::routes::sign_up_as;
use crate::store::{Place, on_both};

on_both!(
    a_request_takes_part_in_the_transaction_of_its_plugin,
    what_is_taken_back_was_seen_within_the_transaction_alone,
    guesses_are_not_counted_within_a_transaction,
);

const DAY_SECS: i64 = 86_400;

/// The outcome of each step, all in one transaction.
async fn together(server: &Fixture, cookie: &str, steps: &Json) -> Vec<Json> {
    let answer = server.post_as("/probe", cookie, &json!({ "do": steps, "together": true })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json().as_array().unwrap().clone()
}

async fn a_request_takes_part_in_the_transaction_of_its_plugin(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("gate.rhai");
    let gate =
        "gate(|ctx| { if ctx.sessions.len() > 5 || ctx.accounts.len() > 5 { reject(403, \"MANY\", \"Too many\"); } });";
    std::fs::write(&script, gate).unwrap();
    // With as many transactions at once as there are connections, none is left for what does not take part.
    let options = format!("database.pool_size = 2\n[[hooks]]\nfile = {:?}", script.display().to_string());
    let server = server_with(&place, &options).await;
    let mut members = Vec::new();
    for name in ["ada", "bob", "cleo", "dora"] {
        members.push(member(&server, name).await);
    }
    server.pass_secs(DAY_SECS);
    let requests = members.iter().map(async |(id, cookie)| {
        let mail = json!(["mail", "probe", format!("{id}@example.com")]);
        let steps = json!([["session"], ["open", id], ["put", format!("probe:{id}"), "1"], mail]);
        together(&server, cookie, &steps).await
    });
    let (outcomes, _) = tokio::join!(futures_util::future::join_all(requests), sign_up_as(&server, "eve@example.com"));
    for ((id, _), outcomes) in members.iter().zip(outcomes) {
        assert_eq!((&outcomes[0]["user"]["id"], &outcomes[1]["user"]["id"]), (&json!(id), &json!(id)), "{outcomes:?}");
        assert_eq!(&outcomes[2..], [Json::Null, Json::Null]);
        let sessions =
            server.store().find_many("session", &[eq("userId", id.as_str())], None, None, None).await.unwrap();
        let is_extended = |row: &doorward::store::Record| row.timestamp("updatedAt") == Some(server.now());
        assert_eq!((sessions.len(), sessions.iter().filter(|row| is_extended(row)).count()), (2, 2));
    }
    assert_eq!(server.rows("verification").await, 4);
}

async fn what_is_taken_back_was_seen_within_the_transaction_alone(place: Place) {
    let server = server_with(&place, "").await;
    let (ada, cookie) = member(&server, "ada").await;
    // The last step fails and takes the others back.
    let steps = json!([["end-all", ada], ["session"], ["update-user", ada, { "name": "Lady" }], ["nothing", 1], ["put", "x", "1"]]);
    let outcomes = together(&server, &cookie, &steps).await;
    assert_eq!((&outcomes[0], &outcomes[1]), (&json!(1), &Json::Null), "{outcomes:?}");
    assert_eq!(outcomes[2]["name"], "Lady");
    assert!(outcomes[4]["denied"].is_string());
    assert_eq!(run(&server, &cookie, json!([["session"]])).await[0]["user"]["name"], "ada");
}

async fn guesses_are_not_counted_within_a_transaction(place: Place) {
    let options = "rate_limit.per_account = { enabled = true, window = 900, max = 2 }";
    for storage in ["memory", "database"] {
        let server = server_with(&place, &format!("rate_limit.storage = \"{storage}\"\n{options}")).await;
        let guess = json!(["verify-sign-in", "nobody", null, "wrong horse 1"]);
        let outcomes = together(&server, "", &json!([guess])).await;
        assert!(outcomes[0]["invalid"].as_str().unwrap().contains("transaction"), "{storage}: {outcomes:?}");
        assert_eq!(run(&server, "", json!([guess])).await, [json!(false)], "{storage}");
    }
}
