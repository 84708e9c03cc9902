//! `POST /revoke-sessions`.

use serde_json::json;

use super::{sign_in, sign_up, sign_up_as};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(all_sessions_of_the_user_end);

async fn all_sessions_of_the_user_end(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let other = sign_in(&server).await.cookie();
    let bob = sign_up_as(&server, "bob@example.com").await;
    let answer = server.post_as("/revoke-sessions", &cookie, &json!({})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
    assert_eq!(answer.cookie_changes(), ["-session_token", "-session_data", "-dont_remember"]);
    for dead in [&cookie, &other] {
        assert_eq!(server.get("/get-session", dead).await.text, "null");
    }
    assert_ne!(server.get("/get-session", &bob).await.text, "null");
}
