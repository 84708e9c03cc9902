//! What strangers choose is bounded, so that no row makes a list, a cookie or a token too large.

use doorward::store::{Models, eq};
use serde_json::{Value as Json, json};

use super::{JSON, OWN_ORIGIN};
use crate::fixture::Fixture;
use crate::routes::{ada, sign_up, with};
use crate::store::{Place, on_both};

on_both!(long_values_are_refused, a_long_user_agent_is_cut, a_large_picture_stays_out_of_the_copy,);

async fn long_values_are_refused(place: Place) {
    let options = "user.additional_fields.bio = { type = \"string\" }\n\
                   user.additional_fields.motto = { type = \"string\", max_length = 10 }\n\
                   user.additional_fields.tags = { type = \"string[]\", max_length = 40 }\n";
    let server = Fixture::start(&place, options).await;
    // An emoji is two units, as JavaScript counts.
    let names = [
        ("a".repeat(256), true),
        ("a".repeat(257), false),
        ("\u{1f600}".repeat(128), true),
        ("\u{1f600}".repeat(129), false),
    ];
    for (number, (name, fits)) in names.into_iter().enumerate() {
        let body = with(with(ada(), "name", json!(name)), "email", json!(format!("u{number}@example.com")));
        let answer = server.post("/sign-up/email", &body).await;
        assert_eq!(answer.status == 200, fits, "{number}: {}", answer.text);
        if !fits {
            let refusal = "400 VALIDATION_ERROR [body.name] Too big: expected string to have <=256 characters";
            assert_eq!(answer.refusal(), refusal);
        }
    }
    let cookie = sign_up(&server).await.cookie();
    let before = server.records("user").await;
    for (field, value, most) in [
        ("name", json!("a".repeat(257)), 256),
        ("image", json!("a".repeat(32_769)), 32_768),
        ("bio", json!("a".repeat(10_001)), 10_000),
        ("motto", json!("a".repeat(11)), 10),
        ("tags", json!(["a".repeat(50)]), 40),
    ] {
        let answer = server.post_as("/update-user", &cookie, &json!({ field: value })).await;
        let refusal =
            format!("400 VALIDATION_ERROR [body.{field}] Too big: expected string to have <={most} characters");
        assert_eq!(answer.refusal(), refusal);
    }
    assert_eq!(server.records("user").await, before);
    let longest =
        json!({ "bio": "a".repeat(10_000), "motto": "a".repeat(10), "tags": ["a"], "image": "a".repeat(32_768) });
    assert_eq!(server.post_as("/update-user", &cookie, &longest).await.status, 200);
}

async fn a_long_user_agent_is_cut(place: Place) {
    let server = Fixture::start(&place, "").await;
    let agent = "\u{e9}".repeat(15_000);
    let headers = [JSON, OWN_ORIGIN, ("user-agent", agent.as_str())];
    assert_eq!(server.send("POST", "/sign-up/email", &headers, ada().to_string()).await.status, 200);
    let session = server.records("session").await.remove(0);
    assert_eq!(session.text("userAgent"), "\u{e9}".repeat(512));
}

async fn a_large_picture_stays_out_of_the_copy(place: Place) {
    for strategy in ["compact", "jwt", "jwe"] {
        let options = format!("session.cookie_cache = {{ enabled = true, strategy = \"{strategy}\" }}");
        let server = Fixture::start(&place, &options).await;
        server.store().delete("user", &[eq("email", "ada@example.com")]).await.unwrap();
        let cookie = sign_up(&server).await.cookie();
        for (length, is_kept) in [(1000, true), (6000, false)] {
            let image = "i".repeat(length);
            let updated = server.post_as("/update-user", &cookie, &json!({ "image": image })).await;
            let set: usize =
                updated.headers.all("set-cookie").filter(|line| line.contains("session_data")).map(str::len).sum();
            assert!(set > 0 && set < 4096, "{strategy} {length}: {set}");
            let cached = server.get("/get-session", &updated.cookies()).await.json();
            assert_eq!(cached["user"]["image"], if is_kept { json!(image) } else { Json::Null }, "{strategy} {length}");
            let stored = server.get("/get-session?disableCookieCache=true", &updated.cookies()).await.json();
            assert_eq!(stored["user"]["image"], json!(image));
        }
    }
}
