//! `GET /list-accounts`.

use serde_json::json;

use super::{link, sign_up, sign_up_as};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(accounts_are_listed_without_their_secrets);

async fn accounts_are_listed_without_their_secrets(place: Place) {
    let server = Fixture::start(&place, "").await;
    let signed_up = sign_up(&server).await;
    let user_id = signed_up.json()["user"]["id"].as_str().unwrap().to_owned();
    sign_up_as(&server, "bob@example.com").await;
    link(&server, &user_id, "wire").await;
    let answer = server.get("/list-accounts", &signed_up.cookie()).await;
    assert_eq!(answer.status, 200);
    let accounts = answer.json();
    let shown: Vec<_> = accounts.as_array().unwrap().iter().map(|a| (&a["providerId"], &a["scopes"])).collect();
    assert_eq!(shown, [(&json!("credential"), &json!([])), (&json!("wire"), &json!(["openid", "email"]))]);
    let keys: Vec<_> = accounts[1].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["accountId", "providerId", "userId", "createdAt", "updatedAt", "id", "scopes"]);
    assert!(!answer.text.contains("secret-of-the-provider") && !answer.text.contains("argon2id"));
}
