//! ADM-1, ADM-8 and ADM-9: a client sets no more than it may, speaks for nobody else, and breaks nothing with odd types.

use serde_json::{Value as Json, json};

use super::{JSON, OWN_ORIGIN};
use crate::fixture::Fixture;
use crate::routes::{ada, sign_up, sign_up_as, with};
use crate::store::{Place, on_both};

on_both!(
    adm_1_fields_that_are_not_input_stay_as_they_are,
    adm_8_who_calls_is_never_read_from_the_body,
    adm_9_odd_types_are_refused_quickly,
);

const FIELDS: &str = "user.additional_fields.role = { type = \"string\", default_value = \"user\", input = false }\n\
                      user.additional_fields.banned = { type = \"boolean\", input = false }";

fn greedy() -> [(&'static str, Json); 11] {
    [
        ("role", json!("admin")),
        ("Role", json!("admin")),
        ("role[]", json!("admin")),
        ("user.role", json!("admin")),
        ("user", json!({ "role": "admin" })),
        ("banned", json!(true)),
        ("emailVerified", json!(true)),
        ("id", json!("chosen-id")),
        ("createdAt", json!("2001-01-01T00:00:00.000Z")),
        ("twoFactorEnabled", json!(true)),
        ("additionalData", json!({ "role": "admin" })),
    ]
}

/// The user's row but for the name, which may change.
async fn row(server: &Fixture) -> Vec<Json> {
    let user = server.records("user").await.remove(0);
    ["id", "email", "emailVerified", "createdAt", "role", "banned"].map(|name| user.get(name).to_json()).to_vec()
}

async fn adm_1_fields_that_are_not_input_stay_as_they_are(place: Place) {
    let server = Fixture::start(&place, FIELDS).await;
    let cookie = sign_up(&server).await.cookie();
    let before = row(&server).await;
    assert_eq!(before[4], json!("user"));
    for (field, value) in greedy() {
        let answer =
            server.post_as("/update-user", &cookie, &with(json!({ "name": "Ada" }), field, value.clone())).await;
        assert!(matches!(answer.status, 200 | 400), "{field}: {}", answer.text);
        if field == "role" || field == "banned" {
            assert!(answer.refusal().starts_with("400 FIELD_NOT_ALLOWED "), "{field}: {}", answer.text);
        }
        assert_eq!(row(&server).await, before, "{field}");
    }
    // Of two keys of one name, the last counts, and it is no field for clients either.
    let twice = r#"{"name":"x","role":"user","role":"admin"}"#;
    let headers = [JSON, OWN_ORIGIN, ("cookie", cookie.as_str())];
    assert_eq!(server.send("POST", "/update-user", &headers, twice).await.status, 400);
    assert_eq!(row(&server).await, before);
    for (number, (field, value)) in greedy().into_iter().enumerate() {
        let email = format!("user{number}@example.com");
        let answer = server.post("/sign-up/email", &with(with(ada(), "email", json!(email)), field, value)).await;
        assert!(matches!(answer.status, 200 | 400), "{field}: {}", answer.text);
    }
    for user in server.records("user").await {
        assert_eq!((user.text("role"), user.boolean("emailVerified")), ("user", Some(false)), "{user:?}");
        assert!(user.text("id") != "chosen-id" && user.get("banned").is_null() && !user.get("createdAt").is_null());
        assert_eq!(user.timestamp("createdAt"), Some(server.now()));
    }
}

async fn adm_8_who_calls_is_never_read_from_the_body(place: Place) {
    let server = Fixture::start(&place, "user.delete_user.enabled = true\nuser.change_email.enabled = true").await;
    sign_up(&server).await;
    let victim = server.records("user").await.remove(0);
    let session = server.records("session").await.remove(0);
    let mallory = sign_up_as(&server, "mallory@example.com").await;
    let counts = server.counts().await;
    let body = json!({
        "userId": victim.text("id"), "user": { "id": victim.text("id") }, "session": { "token": session.text("token") },
        "sessionToken": session.text("token"), "newEmail": "stolen@example.com", "name": "Stolen", "newPassword": "stolen horse 1",
        "currentPassword": "correct horse 1", "password": "correct horse 1",
    });
    for path in [
        "/update-user",
        "/change-email",
        "/change-password",
        "/delete-user",
        "/verify-password",
        "/revoke-sessions",
        "/revoke-other-sessions",
        "/update-session",
        "/set-password",
        "/unlink-account",
        "/revoke-session",
    ] {
        let answer = server.post(path, &body).await;
        assert!(matches!(answer.status, 400 | 401 | 404), "{path}: {} {}", answer.status, answer.text);
    }
    for path in ["/list-sessions", "/list-accounts"] {
        let query = format!("{path}?userId={}", victim.text("id"));
        assert_eq!(server.get(&query, "").await.status, 401);
        assert!(!server.get(&query, &mallory).await.text.contains(victim.text("id")), "{path}");
    }
    assert_eq!(server.counts().await, counts);
    for path in ["/update-user", "/change-email", "/change-password"] {
        server.post_as(path, &mallory, &body).await;
        let after = server.records("user").await.into_iter().find(|user| user.text("id") == victim.text("id")).unwrap();
        assert_eq!(after.get("email"), victim.get("email"), "{path}");
        assert_eq!(after.get("name"), victim.get("name"), "{path}");
    }
}

async fn adm_9_odd_types_are_refused_quickly(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let headers = [JSON, OWN_ORIGIN, ("cookie", cookie.as_str())];
    let deep = format!("{{\"email\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies = [
        r#"{"email":{},"password":true,"name":[]}"#,
        r#"{"email":["a@example.com"],"password":["x"],"name":1}"#,
        r#"{"email":null,"password":null}"#,
        r#"{"email":NaN,"password":"x"}"#,
        r#"{"email":"a@example.com","password":"correct horse 1","name":1e400}"#,
        "{\"email\":\"\\ud800@example.com\",\"password\":\"correct horse 1\",\"name\":\"x\"}",
        "\u{feff}{\"email\":\"a@example.com\"}",
        "[]",
        "\"text\"",
        "1",
        &deep,
    ];
    for path in ["/sign-up/email", "/sign-in/email", "/change-password", "/request-password-reset", "/verify-password"]
    {
        for body in bodies {
            let answer = server.send("POST", path, &headers, body).await;
            assert_eq!(answer.status, 400, "{path} {}: {}", &body[..body.len().min(60)], answer.text);
            assert!(answer.json()["message"].is_string(), "{}", answer.text);
        }
    }
    assert_eq!(server.rows("user").await, 1);
}
