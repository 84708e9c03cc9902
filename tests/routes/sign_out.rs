//! `POST /sign-out`.

use serde_json::json;

use super::sign_up;
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(the_session_is_dead_afterwards, a_foreign_page_cannot_sign_out);

async fn the_session_is_dead_afterwards(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let headers = [("cookie", cookie.as_str()), ("origin", "http://localhost:3000")];
    let answer = server.send("POST", "/sign-out", &headers, "").await;
    assert_eq!(answer.json(), json!({ "success": true }));
    assert_eq!(answer.headers.all("set-cookie").count(), 3);
    assert_eq!(server.rows("session").await, 0);
    assert_eq!(server.get("/get-session", &cookie).await.text, "null");
    assert_eq!(server.send("POST", "/sign-out", &headers, "").await.status, 200);
}

async fn a_foreign_page_cannot_sign_out(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    for (origin, expected) in [
        (Some("https://evil.example"), "403 INVALID_ORIGIN Invalid origin"),
        (Some("null"), "403 MISSING_OR_NULL_ORIGIN Missing or null Origin"),
        (None, "403 MISSING_OR_NULL_ORIGIN Missing or null Origin"),
    ] {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        assert_eq!(server.send("POST", "/sign-out", &headers, "").await.refusal(), expected);
    }
    assert_eq!(server.rows("session").await, 1);
}
