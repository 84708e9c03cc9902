//! `POST /update-user`.

use serde_json::json;

use super::sign_up;
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(name_and_image_change, refusals_change_nothing);

async fn name_and_image_change(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    server.pass_secs(60);
    let answer =
        server.post_as("/update-user", &cookie, &json!({ "name": "Ada King", "image": "https://x/a.png" })).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{\"status\":true}"));
    assert_eq!(answer.cookie(), cookie, "the session's cookie is sent anew");
    let user = server.get("/get-session", &cookie).await.json()["user"].clone();
    assert_eq!((&user["name"], &user["image"]), (&json!("Ada King"), &json!("https://x/a.png")));
    assert_eq!(user["updatedAt"], json!("2026-01-01T00:01:00.000Z"));
    assert_eq!(server.post_as("/update-user", &cookie, &json!({ "image": null })).await.status, 200);
    assert_eq!(server.get("/get-session", &cookie).await.json()["user"]["image"], json!(null));
}

async fn refusals_change_nothing(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let before = server.records("user").await;
    for (body, expected) in [
        (json!({}), "400 - No fields to update"),
        (json!({ "colour": "blue", "emailVerified": true, "id": "x", "createdAt": 1 }), "400 - No fields to update"),
        (json!({ "email": "eve@example.com" }), "400 EMAIL_CAN_NOT_BE_UPDATED Email can not be updated"),
        (json!({ "email": "eve@example.com", "name": "Eve" }), "400 EMAIL_CAN_NOT_BE_UPDATED Email can not be updated"),
        (json!({ "name": null }), "400 VALIDATION_ERROR [body.name] Invalid input: expected string, received null"),
        (
            json!({ "name": { "a": 1 }, "image": 3 }),
            "400 VALIDATION_ERROR [body.name] Invalid input: expected string, received object; \
             [body.image] Invalid input: expected string, received number",
        ),
        (json!({ "name": "a\0b" }), "400 VALIDATION_ERROR Null characters are not allowed"),
        (json!([]), "400 VALIDATION_ERROR [body] Invalid input: expected record, received array"),
    ] {
        let answer = server.post_as("/update-user", &cookie, &body).await;
        assert_eq!(answer.refusal(), expected, "{body}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    assert_eq!(server.records("user").await, before);
}
