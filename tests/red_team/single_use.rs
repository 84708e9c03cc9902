//! Secrets work once: under races, after a failure in between, and only exactly as they were made.

use doorward::store::Backend;
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::{ALL_ON, escaped, redeem_reset, reset_token, sign_up, token};
use crate::fixture::Fixture;
use crate::routes::{ada, sign_in_status, with};
use crate::store::{Place, on_both};

on_both!(
    race_2_of_fifty_resets_one_sets_its_password,
    race_3_a_reset_that_fails_half_way_changes_nothing,
    race_4_of_twenty_deletions_one_deletes,
    race_8_of_fifty_sign_ups_one_makes_a_user,
    race_10_a_token_counts_only_as_it_was_made,
    race_10_a_token_expires_to_the_second,
);

async fn race_2_of_fifty_resets_one_sets_its_password(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    sign_up(&server).await;
    let token = reset_token(&server, "ada@example.com").await;
    let passwords: Vec<String> = (0..50).map(|number| format!("correct horse {number:02}")).collect();
    let answers = join_all(passwords.iter().map(|password| redeem_reset(&server, &token, password))).await;
    let winners: Vec<usize> = (0..50).filter(|number| answers[*number].status == 200).collect();
    let losers = answers.iter().filter(|answer| answer.refusal() == "400 INVALID_TOKEN Invalid token").count();
    assert_eq!((winners.len(), losers), (1, 49));
    let mut working = Vec::new();
    for (number, password) in passwords.iter().enumerate() {
        if sign_in_status(&server, "ada@example.com", password).await == 200 {
            working.push(number);
        }
    }
    assert_eq!(working, winners);
    assert_eq!(server.rows("account").await, 1);
}

async fn race_3_a_reset_that_fails_half_way_changes_nothing(place: Place) {
    let options = format!("{ALL_ON}\nemail_and_password.revoke_sessions_on_password_reset = true");
    let server = Fixture::start(&place, &options).await;
    let cookie = sign_up(&server).await.cookie();
    let token = reset_token(&server, "ada@example.com").await;
    let (make, drop) = match place.backend {
        Backend::Sqlite => (
            "CREATE TRIGGER no_passwords BEFORE UPDATE ON account BEGIN SELECT RAISE(ABORT, 'no'); END",
            "DROP TRIGGER no_passwords",
        ),
        Backend::Postgres => (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'; \
             CREATE TRIGGER no_passwords BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION refuse()",
            "DROP TRIGGER no_passwords ON account",
        ),
        Backend::Mysql => (
            "CREATE TRIGGER no_passwords BEFORE UPDATE ON account FOR EACH ROW SIGNAL SQLSTATE '45000'",
            "DROP TRIGGER no_passwords",
        ),
    };
    place.sql(make).await;
    let before = (server.counts().await, server.records("account").await);
    let failed = redeem_reset(&server, &token, "correct horse 2").await;
    assert_eq!(failed.status, 500, "{}", failed.text);
    assert_eq!((server.counts().await, server.records("account").await), before);
    assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 1").await, 200);
    assert_ne!(server.get("/get-session", &cookie).await.text, "null");
    place.sql(drop).await;
    assert_eq!(redeem_reset(&server, &token, "correct horse 2").await.status, 200, "the token was not spent");
    assert_eq!(server.get("/get-session", &cookie).await.text, "null");
}

async fn race_4_of_twenty_deletions_one_deletes(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    let cookie = sign_up(&server).await.cookie();
    crate::routes::sign_up_as(&server, "bob@example.com").await;
    server.post_as("/delete-user", &cookie, &json!({})).await;
    let mail = server.mail("delete-account").await;
    let answers = join_all((0..20).map(|_| server.follow(&mail, &cookie))).await;
    let winners = answers.iter().filter(|answer| answer.status == 302).count();
    let losers = answers.iter().filter(|answer| answer.status == 404).count();
    assert_eq!((winners, losers), (1, 19));
    assert_eq!(server.counts().await, [1, 1, 1, 0, 0]);
}

async fn race_8_of_fifty_sign_ups_one_makes_a_user(place: Place) {
    for (options, loser) in [("", 422), ("\nemail_and_password.require_email_verification = true", 200)] {
        let server = Fixture::start(&place, &format!("{ALL_ON}{options}")).await;
        let email = format!("ada{loser}@example.com");
        let before = server.counts().await;
        let racers = (0..50).map(|number| {
            let address = if number % 2 == 0 { email.clone() } else { email.to_ascii_uppercase() };
            let body = with(ada(), "email", json!(address));
            let server = &server;
            async move { server.post("/sign-up/email", &body).await.status }
        });
        let statuses = join_all(racers).await;
        let losers = statuses.iter().filter(|status| **status == loser).count();
        assert!(losers >= 49 && statuses.iter().all(|status| [200, loser].contains(status)), "{statuses:?}");
        let mails = server.mails().await.iter().filter(|mail| mail.to == email).count();
        assert_eq!(mails, usize::from(loser == 200), "one mail for one user");
        let after = server.counts().await;
        assert_eq!((after[0] - before[0], after[1] - before[1]), (1, 1));
    }
}

/// Spoiled forms of a secret.
fn spoiled(secret: &str) -> Vec<String> {
    let half = secret.len() / 2;
    vec![
        String::new(),
        " ".into(),
        "\t\r\n".into(),
        secret[..half].into(),
        secret[..secret.len() - 1].into(),
        secret[1..].into(),
        format!("{secret}x"),
        format!("{secret} "),
        format!(" {secret}"),
        format!("{secret}{secret}"),
        format!("{secret}.x"),
        secret.to_ascii_uppercase(),
        "%".into(),
        "_".repeat(secret.len()),
        "*".into(),
        format!("' OR '1'='1{secret}"),
        secret.chars().rev().collect(),
    ]
}

async fn race_10_a_token_counts_only_as_it_was_made(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    let cookie = sign_up(&server).await.cookie();
    let reset = reset_token(&server, "ada@example.com").await;
    server.post("/send-verification-email", &json!({ "email": "ada@example.com" })).await;
    let verify = token(&server, "verify-email").await;
    server.post_as("/delete-user", &cookie, &json!({})).await;
    let delete = token(&server, "delete-account").await;
    let before = (server.counts().await, server.records("account").await, server.records("user").await);
    for bad in spoiled(&reset) {
        let answer = redeem_reset(&server, &bad, "correct horse 2").await;
        assert_eq!(answer.refusal(), "400 INVALID_TOKEN Invalid token", "{bad:?}");
        let link = format!("/reset-password/{}?callbackURL=%2F", escaped(&bad));
        assert!(!server.send("GET", &link, &[], "").await.headers.get("location").unwrap_or("").contains("token="));
    }
    for bad in spoiled(&verify) {
        let answer = server.send("GET", &format!("/verify-email?token={}", escaped(&bad)), &[], "").await;
        assert_eq!(answer.refusal(), "401 INVALID_TOKEN Invalid token", "{bad:?}");
    }
    for bad in spoiled(&delete) {
        let answer = server.get(&format!("/delete-user/callback?token={}", escaped(&bad)), &cookie).await;
        assert_eq!(answer.refusal(), "404 INVALID_TOKEN Invalid token", "{bad:?}");
        let answer = server.post_as("/delete-user", &cookie, &json!({ "token": bad })).await;
        assert_eq!(answer.refusal(), "404 INVALID_TOKEN Invalid token", "{bad:?}");
    }
    for (path, body) in [
        ("/reset-password", json!({ "newPassword": "correct horse 2", "token": format!("{reset}\0") })),
        ("/delete-user", json!({ "token": format!("{delete}\0") })),
    ] {
        assert_eq!(server.post_as(path, &cookie, &body).await.status, 400, "{path}");
    }
    for path in ["/verify-email?token=%00", "/delete-user/callback?token=%00", "/reset-password/x?callbackURL=%00"] {
        assert_eq!(server.get(path, &cookie).await.status, 400, "{path}");
    }
    let null: Json = json!({ "newPassword": "correct horse 2", "token": null });
    assert_eq!(server.post("/reset-password", &null).await.status, 400);
    assert_eq!((server.counts().await, server.records("account").await, server.records("user").await), before);
}

async fn race_10_a_token_expires_to_the_second(place: Place) {
    let options = format!("{ALL_ON}\nemail_and_password.revoke_sessions_on_password_reset = false");
    let server = Fixture::start(&place, &options).await;
    let cookie = sign_up(&server).await.cookie();
    let reset = reset_token(&server, "ada@example.com").await;
    server.post("/send-verification-email", &json!({ "email": "ada@example.com" })).await;
    let verify = format!("/verify-email?token={}", token(&server, "verify-email").await);
    server.pass_secs(3600);
    assert_eq!(redeem_reset(&server, &reset, "correct horse 2").await.status, 400);
    assert_eq!(server.send("GET", &verify, &[], "").await.refusal(), "401 TOKEN_EXPIRED Token expired");
    server.pass_secs(-1);
    assert_eq!(server.get(&verify, &cookie).await.status, 200);
    assert_eq!(redeem_reset(&server, &reset, "correct horse 2").await.status, 200);
    server.post_as("/delete-user", &cookie, &json!({})).await;
    let mail = server.mail("delete-account").await;
    server.pass_secs(86_400);
    assert_eq!(server.follow(&mail, &cookie).await.status, 404);
    server.pass_secs(-1);
    assert_eq!(server.follow(&mail, &cookie).await.status, 302);
}
