//! `POST /revoke-other-sessions`.

use serde_json::json;

use super::{sign_in, sign_up, sign_up_as};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(the_others_end);

async fn the_others_end(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let others = [sign_in(&server).await.cookie(), sign_in(&server).await.cookie()];
    let bob = sign_up_as(&server, "bob@example.com").await;
    let headers = [("cookie", cookie.as_str()), ("origin", "http://localhost:3000")];
    let answer = server.send("POST", "/revoke-other-sessions", &headers, "").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
    assert!(answer.headers.get("set-cookie").is_none());
    for dead in &others {
        assert_eq!(server.get("/get-session", dead).await.text, "null");
    }
    for alive in [&cookie, &bob] {
        assert_ne!(server.get("/get-session", alive).await.text, "null");
    }
}
