//! A secondary storage beside the database: what is kept there, by whom it is seen, and what its loss costs.

mod loss;
mod server;

use doorward::store::Models;
use serde_json::{Value as Json, json};

use crate::fixture::Fixture;
use crate::routes::sign_up;
use crate::store::{Place, on_both, on_sqlite};
pub use server::Redis;

on_both!(
    sessions_are_kept_as_the_reference_keeps_them,
    a_session_of_another_server_is_one_here,
    the_note_of_a_clock_that_is_ahead_ends_no_later_session,
    an_ended_session_stays_ended_whatever_the_storage_says,
    rows_tell_where_sessions_are_in_the_database_too,
    rows_of_ended_sessions_stay_when_they_are_preserved,
    what_is_good_for_one_use_is_redeemed_once,
    a_new_password_ends_sessions_and_what_waits,
    limits_hold_for_all_servers_together
);

/// A server on this storage.
async fn start(place: &Place, redis: &Redis, options: &str) -> Fixture {
    Fixture::start(place, &format!("secondary_storage.url = \"{}\"\n{options}", redis.url)).await
}

async fn session_of(server: &Fixture, cookie: &str) -> Json {
    let answer = server.get("/get-session", cookie).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn is_signed_in(server: &Fixture, cookie: &str) -> bool {
    !session_of(server, cookie).await.is_null()
}

async fn sign_in(server: &Fixture) -> crate::fixture::Answer {
    let body = json!({ "email": "ada@example.com", "password": "correct horse 1" });
    let answer = server.post("/sign-in/email", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

async fn sessions_are_kept_as_the_reference_keeps_them(place: Place) {
    let redis = Redis::start();
    let server = start(&place, &redis, "").await;
    let signed_up = sign_up(&server).await;
    let (token, user_id) = (signed_up.json()["token"].clone(), signed_up.json()["user"]["id"].clone());
    let (token, user_id) = (token.as_str().unwrap(), user_id.as_str().unwrap());
    assert_eq!(server.rows("session").await, 0);
    let value: String = redis.run(&["GET", &format!("better-auth:{token}")]);
    let value: Json = serde_json::from_str(&value).unwrap();
    assert_eq!(value, session_of(&server, &signed_up.cookie()).await);
    let list: String = redis.run(&["GET", &format!("better-auth:active-sessions-{user_id}")]);
    let ends = server.now().plus_secs(604_800).0;
    assert_eq!(list, format!("[{{\"token\":\"{token}\",\"expiresAt\":{ends}}}]"));
    for key in [token.to_owned(), format!("active-sessions-{user_id}")] {
        let life: i64 = redis.run(&["TTL", &format!("better-auth:{key}")]);
        assert!((604_700..=604_800).contains(&life), "{key} {life}");
    }
    server.pass_secs(1);
    let other = sign_in(&server).await;
    let listed = server.get("/list-sessions", &other.cookie()).await.json();
    let tokens: Vec<&str> = listed.as_array().unwrap().iter().map(|one| one["token"].as_str().unwrap()).collect();
    assert_eq!(tokens, [token, other.json()["token"].as_str().unwrap()]);
    let renamed = server.post_as("/update-user", &other.cookie(), &json!({ "name": "Countess" })).await;
    assert_eq!(renamed.status, 200);
    let value: String = redis.run(&["GET", &format!("better-auth:{token}")]);
    assert!(value.contains("Countess"), "servers that read users beside sessions hear of changes");
    let ended = server.post_as("/revoke-other-sessions", &other.cookie(), &json!({})).await;
    assert_eq!(ended.status, 200);
    assert!(!is_signed_in(&server, &signed_up.cookie()).await && is_signed_in(&server, &other.cookie()).await);
    assert_eq!(server.post_as("/sign-out", &other.cookie(), &json!({})).await.status, 200);
    assert!(!is_signed_in(&server, &other.cookie()).await);
    assert_eq!(redis.keys(), Vec::<String>::new(), "nothing is left of them");
}

async fn a_session_of_another_server_is_one_here(place: Place) {
    let redis = Redis::start();
    let (here, there) = (start(&place, &redis, "").await, start(&place, &redis, "").await);
    let signed_up = sign_up(&here).await;
    assert!(is_signed_in(&there, &signed_up.cookie()).await);
    assert_eq!(there.post_as("/sign-out", &signed_up.cookie(), &json!({})).await.status, 200);
    assert!(!is_signed_in(&here, &signed_up.cookie()).await);
    // The reference ends all sessions of a user by a note.
    let signed_in = sign_in(&here).await;
    let note = format!("better-auth:revoked-sessions-before-{}", signed_in.json()["user"]["id"].as_str().unwrap());
    redis.run::<()>(&["SET", &note, &here.now().0.to_string()]);
    assert!(!is_signed_in(&there, &signed_in.cookie()).await);
}

async fn the_note_of_a_clock_that_is_ahead_ends_no_later_session(place: Place) {
    let redis = Redis::start();
    let (here, ahead) = (start(&place, &redis, "").await, start(&place, &redis, "").await);
    ahead.pass_secs(3_600);
    let before = sign_up(&here).await;
    assert_eq!(ahead.post_as("/revoke-sessions", &before.cookie(), &json!({})).await.status, 200);
    let after = sign_in(&here).await;
    for server in [&here, &ahead] {
        assert!(is_signed_in(server, &after.cookie()).await && !is_signed_in(server, &before.cookie()).await);
    }
}

async fn an_ended_session_stays_ended_whatever_the_storage_says(place: Place) {
    for options in ["", "session.store_session_in_database = true"] {
        let redis = Redis::start();
        let server = start(&place, &redis, options).await;
        let signed_in = if options.is_empty() { sign_up(&server).await } else { sign_in(&server).await };
        let key = format!("better-auth:{}", signed_in.json()["token"].as_str().unwrap());
        let saved: String = redis.run(&["GET", &key]);
        assert_eq!(server.post_as("/sign-out", &signed_in.cookie(), &json!({})).await.status, 200);
        // As if it had been restored from a backup of before.
        redis.run::<()>(&["SET", &key, &saved]);
        assert!(!is_signed_in(&server, &signed_in.cookie()).await, "{options}");
    }
}

async fn rows_tell_where_sessions_are_in_the_database_too(place: Place) {
    let redis = Redis::start();
    let server = start(&place, &redis, "session.store_session_in_database = true").await;
    let signed_up = sign_up(&server).await;
    let key = format!("better-auth:{}", signed_up.json()["token"].as_str().unwrap());
    assert_eq!((server.rows("session").await, redis.run::<i64>(&["EXISTS", &key])), (1, 1));
    // Other servers see that it was extended.
    server.pass_secs(86_400 * 2);
    assert!(is_signed_in(&server, &signed_up.cookie()).await);
    let value: String = redis.run(&["GET", &key]);
    let value: Json = serde_json::from_str(&value).unwrap();
    assert_eq!(value["session"]["expiresAt"], server.now().plus_secs(604_800).to_iso());
    redis.run::<()>(&["FLUSHALL"]);
    assert!(is_signed_in(&server, &signed_up.cookie()).await);
    assert_eq!(redis.run::<i64>(&["EXISTS", &key]), 0, "what may have been ended elsewhere is not put back");
    assert_eq!(server.post_as("/revoke-sessions", &signed_up.cookie(), &json!({})).await.status, 200);
    assert_eq!(server.rows("session").await, 0);
}

async fn rows_of_ended_sessions_stay_when_they_are_preserved(place: Place) {
    let redis = Redis::start();
    let options = "session = { store_session_in_database = true, preserve_session_in_database = true }";
    let server = start(&place, &redis, options).await;
    let signed_up = sign_up(&server).await;
    assert_eq!(server.post_as("/sign-out", &signed_up.cookie(), &json!({})).await.status, 200);
    assert_eq!(server.rows("session").await, 1);
    assert!(!is_signed_in(&server, &signed_up.cookie()).await);
    let swept = doorward::auth::sweeper::sweep(server.store(), server.now().plus_secs(86_400 * 30)).await.unwrap();
    assert!(swept.iter().all(|(model, _)| *model != "session") && server.rows("session").await == 1);
}

async fn what_is_good_for_one_use_is_redeemed_once(place: Place) {
    let redis = Redis::start();
    let options = "mail = { from = \"a@b.c\", transport = \"mailbox\" }";
    let (here, there) = (start(&place, &redis, options).await, start(&place, &redis, options).await);
    sign_up(&here).await;
    let asked = here.post("/request-password-reset", &json!({ "email": "ada@example.com", "redirectTo": "/x" })).await;
    assert_eq!((asked.status, here.rows("verification").await), (200, 0));
    let kept = redis.keys().iter().filter(|key| key.starts_with("verification:")).count();
    assert_eq!(kept, 1);
    let mail = here.mail("reset-password").await;
    let token = mail.data["token"].as_str().unwrap().to_owned();
    let body = |number: usize| json!({ "token": token, "newPassword": format!("another horse {number}") });
    let bodies: Vec<Json> = (0..8).map(body).collect();
    let tries = bodies.iter().enumerate().map(|(number, body)| {
        let server = if number % 2 == 0 { &here } else { &there };
        server.post("/reset-password", body)
    });
    let answers = futures_util::future::join_all(tries).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert!(redis.keys().iter().all(|key| !key.starts_with("verification")), "{:?}", redis.keys());
}

async fn a_new_password_ends_sessions_and_what_waits(place: Place) {
    let redis = Redis::start();
    let server = start(&place, &redis, "").await;
    let signed_up = sign_up(&server).await;
    let user_id = signed_up.json()["user"]["id"].as_str().unwrap().to_owned();
    let (auth, scope) = (server.auth(), server.scope());
    doorward::auth::verification::create(auth, &scope, "2fa-abc", &user_id, 600).await.unwrap();
    let body =
        json!({ "currentPassword": "correct horse 1", "newPassword": "another horse 1", "revokeOtherSessions": true });
    let changed = server.post_as("/change-password", &signed_up.cookie(), &body).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert!(!is_signed_in(&server, &signed_up.cookie()).await && is_signed_in(&server, &changed.cookie()).await);
    let waits = doorward::auth::verification::find(auth, server.store(), "2fa-abc").await.unwrap();
    assert_eq!(waits, None);
    // And a user who is gone has no session, whatever the storage keeps.
    let user = [doorward::store::eq("id", user_id)];
    server.store().delete("user", &user).await.unwrap();
    assert!(!is_signed_in(&server, &changed.cookie()).await);
}

async fn limits_hold_for_all_servers_together(place: Place) {
    let redis = Redis::start();
    let options = format!("secondary_storage.url = \"{}\"", redis.url);
    let here = Fixture::start_limited(&place, &options).await;
    let there = Fixture::start_limited(&place, &options).await;
    let mut statuses = Vec::new();
    for server in [&here, &there, &here, &there, &here] {
        statuses.push(
            server.post("/sign-in/email", &json!({ "email": "nobody@example.com", "password": "wrong horse 1" })).await,
        );
    }
    assert_eq!(statuses.iter().map(|answer| answer.status).collect::<Vec<_>>(), [401, 401, 401, 429, 429]);
    let wait: i64 = statuses[4].headers.get("x-retry-after").unwrap().parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    let counts: String = redis.run(&["GET", "better-auth:127.0.0.1|/sign-in/email"]);
    assert_eq!(counts, "3", "as the reference counts");
    assert!(redis.run::<i64>(&["PTTL", "better-auth:127.0.0.1|/sign-in/email"]) <= 10_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentinel_a_cluster_and_tls_are_spoken() {
    let redis = Redis::start();
    let sentinel = redis.sentinel();
    let cluster = Redis::start_cluster();
    let secure = Redis::start();
    let folder = tempfile::tempdir().unwrap();
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("server.crt"), folder.path().join("server.key"));
    std::fs::write(&certificate, signed.cert.pem()).unwrap();
    std::fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
    secure.use_tls(&certificate, &key);
    let tls = secure.url.replace("redis://127.0.0.1", "rediss://localhost");
    let trusted = format!("{tls}?sslrootcert={}", certificate.display());
    for url in [sentinel, cluster.url.clone(), trusted] {
        on_sqlite(async |place| {
            let server = Fixture::start(&place, &format!("secondary_storage.url = \"{url}\"")).await;
            let signed_up = sign_up(&server).await;
            assert!(is_signed_in(&server, &signed_up.cookie()).await, "{url}");
            assert_eq!(server.post_as("/sign-out", &signed_up.cookie(), &json!({})).await.status, 200);
            assert!(!is_signed_in(&server, &signed_up.cookie()).await, "{url}");
        })
        .await;
    }
    on_sqlite(async |place| {
        let failed = Fixture::try_start(&place, &format!("secondary_storage.url = \"{tls}\"")).await.err().unwrap();
        assert!(failed.starts_with("secondary_storage.url rediss://localhost:"), "{failed}");
        assert!(failed.contains("cannot be reached"), "{failed}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_work_is_named_at_the_start() {
    let redis = Redis::start();
    redis.run::<()>(&["CONFIG", "SET", "requirepass", "hush"]);
    let wrong = redis.url.replace("redis://", "redis://:loud@");
    for (options, part) in [
        ("session.store_session_in_database = true".to_owned(), "needs a secondary storage"),
        ("rate_limit.storage = \"secondary-storage\"".to_owned(), "needs a secondary storage"),
        ("verification.store_in_database = false".to_owned(), "needs a secondary storage"),
        (
            format!("secondary_storage.url = \"{}\"\nsession.preserve_session_in_database = true", redis.url),
            "Set both, or neither",
        ),
        ("secondary_storage.url = \"http://localhost\"".to_owned(), "starts with none of"),
        ("secondary_storage.url = \"redis://127.0.0.1:1\"".to_owned(), "refuses connections"),
        (format!("secondary_storage.url = \"{wrong}\""), "refuses the user or the password"),
        ("secondary_storage = {}".to_owned(), "url"),
    ] {
        on_sqlite(async |place| {
            let failed = Fixture::try_start(&place, &options).await.err().unwrap_or_default();
            assert!(failed.contains(part) && !failed.contains("loud"), "{options}: {failed}");
        })
        .await;
    }
}
