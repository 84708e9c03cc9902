//! `POST /revoke-session`.

use serde_json::json;

use super::{sign_in, sign_up, sign_up_as, token};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(one_session_ends, ones_own_session_ends_with_its_cookies, an_old_session_may_revoke);

async fn one_session_ends(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let (other, kept) = (sign_in(&server).await, sign_in(&server).await);
    let bob = sign_up_as(&server, "bob@example.com").await;
    let answer = server.post_as("/revoke-session", &cookie, &json!({ "token": token(&other) })).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
    assert!(answer.headers.get("set-cookie").is_none());
    assert_eq!(server.get("/get-session", &other.cookie()).await.text, "null");
    for alive in [&cookie, &kept.cookie(), &bob] {
        assert_ne!(server.get("/get-session", alive).await.text, "null");
    }
}

async fn ones_own_session_ends_with_its_cookies(place: Place) {
    let server = Fixture::start(&place, "").await;
    let own = sign_up(&server).await;
    // The session is due to be extended; the cookies of that must not come after those that end it.
    server.pass_secs(90_000);
    let answer = server.post_as("/revoke-session", &own.cookie(), &json!({ "token": token(&own) })).await;
    assert_eq!(answer.json(), json!({ "status": true }));
    assert_eq!(answer.cookie_changes(), ["-session_token", "-session_data", "-dont_remember"]);
    assert_eq!(server.rows("session").await, 0);
}

async fn an_old_session_may_revoke(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    server.pass_secs(2 * 86_400);
    let answer = server.post_as("/revoke-session", &cookie, &json!({ "token": "nope" })).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
    assert_eq!(server.rows("session").await, 1);
}
