//! `/api/keys`: signing keys are shown without their values, and let end all at once.

use serde_json::json;

use super::{with_admin, with_role};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(signing_keys_end_and_the_next_token_makes_one);

async fn signing_keys_end_and_the_next_token_makes_one(place: Place) {
    let server = Fixture::start(&place, &with_admin("", "[[plugins]]\nid = \"jwt\"\n")).await;
    let admin = with_role(&server, &place, "grace", "admin").await;
    let headers =
        [("cookie", admin.as_str()), ("origin", "http://localhost:3000"), ("content-type", "application/json")];
    let show = async || server.send_to_root("GET", "/api/keys", &headers).await;
    let rotate = async || {
        let answer = server.send_to_root_with("POST", "/api/keys/rotate", &headers, "{}".to_owned()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    };
    assert_eq!(rotate().await, json!({ "ended": 0 }), "there is none yet");
    for made in 1..=2 {
        assert_eq!(server.get("/token", &admin).await.status, 200);
        let shown = show().await;
        assert!(!shown.text.contains("rivate"), "no value of a key is shown: {}", shown.text);
        let keys = shown.json()["signingKeys"].as_array().unwrap().clone();
        let current: Vec<bool> = keys.iter().map(|key| key["current"].as_bool().unwrap()).collect();
        assert_eq!(current.len(), made);
        assert_eq!(current.iter().filter(|current| **current).count(), 1);
        assert_eq!(rotate().await, json!({ "ended": 1 }), "those that have ended are left alone");
    }
    place.sql("update \"user\" set role = 'user'").await;
    assert_eq!(show().await.status, 403);
}
