//! The browser's copy of a session, with `session.cookie_cache` on.

use doorward::store::{Models, Value, eq};
use serde_json::{Value as Json, json};

use super::{ada, sign_in, sign_up, with};
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(
    a_copy_answers_without_the_store,
    a_copy_that_is_not_right_is_replaced,
    an_ended_session_is_none_where_it_matters,
    a_copy_of_a_browser_session_is_short_and_not_made_again,
    a_copy_comes_with_every_change_of_the_session,
    a_long_copy_is_cut,
    a_copy_never_outlives_its_session
);

const STRATEGIES: [&str; 3] = ["compact", "jwt", "jwe"];

async fn start(place: &Place, strategy: &str, options: &str) -> Fixture {
    let cache = format!("session.cookie_cache = {{ enabled = true, strategy = \"{strategy}\" }}\n{options}");
    let server = Fixture::start(place, &cache).await;
    for user in server.records("user").await {
        server.store().delete("user", &[eq("id", user.text("id"))]).await.unwrap();
    }
    server
}

async fn rename(server: &Fixture, name: &str) {
    let changes = [("name", Value::from(name))];
    server.store().update("user", &[eq("email", "ada@example.com")], &changes).await.unwrap();
}

async fn end_sessions(server: &Fixture) {
    for session in server.records("session").await {
        server.store().delete("session", &[eq("id", session.text("id"))]).await.unwrap();
    }
}

fn name(answer: &Answer) -> Json {
    answer.json()["user"]["name"].clone()
}

async fn a_copy_answers_without_the_store(place: Place) {
    for strategy in STRATEGIES {
        let server = start(&place, strategy, "").await;
        let signed_up = sign_up(&server).await;
        assert_eq!(signed_up.cookie_changes(), ["session_token", "session_data"], "{strategy}");
        rename(&server, "Changed").await;
        let hit = server.get("/get-session", &signed_up.cookies()).await;
        assert_eq!(name(&hit), "Ada");
        assert!(hit.headers.get("set-cookie").is_none());
        let keys = |part: &str| hit.json()[part].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(keys("session"), "id createdAt updatedAt userId expiresAt token ipAddress userAgent");
        assert_eq!(keys("user"), "id createdAt updatedAt email emailVerified name image");
        let read = server.get("/get-session?disableCookieCache=true", &signed_up.cookies()).await;
        assert_eq!((name(&read), read.cookie_changes()), (json!("Changed"), vec!["session_data".into()]));
        let line = read.headers.get("set-cookie").unwrap();
        assert!(line.ends_with("; Max-Age=300; Path=/; HttpOnly; SameSite=Lax"), "{line}");
        let with_both = format!("{}; {}", signed_up.cookie(), read.cookie());
        assert_eq!(name(&server.get("/get-session", &with_both).await), "Changed");
    }
}

async fn a_copy_that_is_not_right_is_replaced(place: Place) {
    for strategy in STRATEGIES {
        let server = start(&place, strategy, "").await;
        let (first, second) = (sign_up(&server).await.cookies(), sign_in(&server).await.cookies());
        rename(&server, "Changed").await;
        let (token, copy) = second.split_once("; ").unwrap();
        let other = first.split_once("; ").unwrap().1;
        for bad in
            [other.to_owned(), copy.replacen("=ey", "=fy", 1), format!("{copy}x"), "better-auth.session_data=".into()]
        {
            let answer = server.get("/get-session", &format!("{token}; {bad}")).await;
            assert_eq!(name(&answer), "Changed", "{strategy} {bad:.60}");
            assert_eq!(answer.cookie_changes(), ["-session_data", "session_data"]);
        }
        let alone = server.get("/get-session", copy).await;
        assert_eq!((alone.text.as_str(), alone.headers.get("set-cookie")), ("null", None));
        // Encrypted copies are read a little longer, as the reference reads them.
        server.pass_secs(300 + 15);
        assert_eq!(server.get("/get-session", &second).await.cookie_changes(), ["-session_data", "session_data"]);
    }
    let older = start(&place, "compact", "").await;
    let cookies = sign_up(&older).await.cookies();
    let newer = Fixture::start(&place, "session.cookie_cache = { enabled = true, version = \"2\" }").await;
    assert_eq!(newer.get("/get-session", &cookies).await.cookie_changes(), ["-session_data", "session_data"]);
}

async fn an_ended_session_is_none_where_it_matters(place: Place) {
    for strategy in STRATEGIES {
        let server = start(&place, strategy, "").await;
        let cookies = sign_up(&server).await.cookies();
        end_sessions(&server).await;
        assert_eq!(server.get("/get-session", &cookies).await.json()["user"]["email"], "ada@example.com");
        assert_eq!(server.get("/list-accounts", &cookies).await.refusal(), "401 UNAUTHORIZED Unauthorized");
        for (path, body) in [
            ("/revoke-session", json!({ "token": "x" })),
            ("/revoke-sessions", json!({})),
            ("/revoke-other-sessions", json!({})),
            ("/update-session", json!({})),
            ("/unlink-account", json!({ "accountId": "x" })),
        ] {
            let answer = server.post_as(path, &cookies, &body).await;
            assert_eq!(answer.refusal(), "401 UNAUTHORIZED Unauthorized", "{path}");
            assert_eq!(answer.cookie_changes(), ["-session_token", "-session_data", "-session_data", "-dont_remember"]);
        }
        assert_eq!(server.get("/list-sessions", &cookies).await.refusal(), "401 UNAUTHORIZED Unauthorized");
        let read = server.get("/get-session?disableCookieCache=true", &cookies).await;
        assert_eq!(read.text, "null");
    }
}

async fn a_copy_of_a_browser_session_is_short_and_not_made_again(place: Place) {
    for (strategy, life_secs) in [("compact", 60), ("jwt", 300), ("jwe", 315)] {
        let server = start(&place, strategy, "").await;
        let signed_up = server.post("/sign-up/email", &with(ada(), "rememberMe", json!(false))).await;
        assert_eq!(signed_up.cookie_changes(), ["session_token", "dont_remember", "session_data"]);
        assert!(signed_up.headers.all("set-cookie").all(|line| !line.contains("Max-Age")));
        rename(&server, "Changed").await;
        server.pass_secs(life_secs - 1);
        assert_eq!(name(&server.get("/get-session", &signed_up.cookies()).await), "Ada", "{strategy}");
        server.pass_secs(1);
        let late = server.get("/get-session", &signed_up.cookies()).await;
        assert_eq!((name(&late), late.cookie_changes()), (json!("Changed"), vec!["-session_data".into()]));
    }
}

async fn a_copy_comes_with_every_change_of_the_session(place: Place) {
    let server = start(&place, "compact", "").await;
    let signed_up = sign_up(&server).await;
    server.pass_secs(86_400);
    let kept = server.get("/get-session?disableRefresh=true", &signed_up.cookie()).await;
    assert!(kept.headers.get("set-cookie").is_none());
    let extended = server.get("/get-session", &signed_up.cookie()).await;
    assert_eq!(extended.cookie_changes(), ["session_token", "session_data"]);
    let hit = server.get("/get-session", &extended.cookies()).await;
    assert_eq!(hit.json()["session"]["expiresAt"], extended.json()["session"]["expiresAt"]);
}

async fn a_long_copy_is_cut(place: Place) {
    for strategy in STRATEGIES {
        let server = start(
            &place,
            strategy,
            "user.additional_fields.bio = { type = \"string\", required = false, max_length = 5000 }",
        )
        .await;
        let signed_up = server.post("/sign-up/email", &with(ada(), "bio", json!("x".repeat(5_000)))).await;
        assert_eq!(signed_up.cookie_changes(), ["session_token", "session_data.0", "session_data.1"], "{strategy}");
        assert!(signed_up.headers.all("set-cookie").all(|line| line.len() <= 4050));
        let cookies = signed_up.cookies();
        let hit = server.get("/get-session", &cookies).await;
        assert_eq!(hit.json()["user"]["bio"], "x".repeat(5_000));
        assert!(hit.headers.get("set-cookie").is_none());
        server
            .store()
            .update("user", &[eq("email", "ada@example.com")], &[("bio", Value::from("short"))])
            .await
            .unwrap();
        let shrunk = server.get("/get-session?disableCookieCache=true", &cookies).await;
        assert_eq!(shrunk.cookie_changes(), ["-session_data.0", "-session_data.1", "session_data"]);
        let headers = [("cookie", cookies.as_str()), ("origin", "http://localhost:3000")];
        let signed_out = server.send("POST", "/sign-out", &headers, "").await;
        let removed = ["-session_token", "-session_data", "-session_data.0", "-session_data.1", "-dont_remember"];
        assert_eq!(signed_out.cookie_changes(), removed);
    }
}

async fn a_copy_never_outlives_its_session(place: Place) {
    for strategy in STRATEGIES {
        let server = start(&place, strategy, "session.expires_in = 100\nsession.update_age = 100").await;
        let cookies = sign_up(&server).await.cookies();
        server.pass_secs(99);
        assert_ne!(server.get("/get-session", &cookies).await.text, "null");
        server.pass_secs(1);
        assert_eq!(server.get("/get-session", &cookies).await.text, "null");
        assert_eq!(server.rows("session").await, 0);
    }
}
