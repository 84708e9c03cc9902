//! `POST /update-session`.

use serde_json::json;

use super::sign_up;
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(without_a_field_to_set_nothing_changes);

async fn without_a_field_to_set_nothing_changes(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let before = server.records("session").await;
    server.pass_secs(1);
    for body in [json!({}), json!({ "colour": "blue" }), json!({ "userAgent": "x", "updatedAt": "2030-01-01" })] {
        let answer = server.post_as("/update-session", &cookie, &body).await;
        assert_eq!((answer.status, answer.json()), (400, json!({ "message": "No fields to update" })));
        assert!(answer.headers.get("set-cookie").is_none());
    }
    assert_eq!(server.records("session").await, before);
}
