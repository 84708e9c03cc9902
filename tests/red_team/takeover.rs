//! Accounts are not taken over: secrets are bound to a purpose, a user and an address.

use doorward::auth::verification;
use doorward::crypto::{base64, hmac_sha256};
use doorward::store::{Models, eq};
use serde_json::json;

use super::{ALL_ON, address, escaped, redeem_reset, reset_token, sign_up, sign_up_as, token};
use crate::fixture::Fixture;
use crate::routes::{ada, sign_in_status, with};
use crate::store::{Place, on_both};

on_both!(
    ato_3_a_secret_is_good_for_its_purpose_alone,
    ato_3_a_cookie_is_no_link_and_a_link_no_cookie,
    ato_5_a_link_applies_to_its_user_and_address_only,
    ato_5_two_changes_at_once_leave_one_address,
    ato_6_an_address_is_verified_by_its_mail_alone,
    ato_7_nothing_of_a_deleted_user_works_for_the_next_one,
);

/// Secrets of all kinds, each with its name.
async fn mint(server: &Fixture, cookie: &str) -> Vec<(&'static str, String)> {
    let mut secrets = vec![("reset", reset_token(server, "ada@example.com").await)];
    server.post("/send-verification-email", &address("ada@example.com")).await;
    secrets.push(("verify", token(server, "verify-email").await));
    server.post_as("/change-email", cookie, &json!({ "newEmail": "new@example.com" })).await;
    secrets.push(("change", token(server, "verify-email").await));
    server.post_as("/delete-user", cookie, &json!({})).await;
    secrets.push(("delete", token(server, "delete-account").await));
    let session = server.get("/get-session", cookie).await.json()["session"]["token"].clone();
    secrets.push(("session", session.as_str().unwrap().to_owned()));
    secrets.push(("cookie", cookie.split_once('=').unwrap().1.to_owned()));
    let auth = server.auth();
    let link = json!({ "type": "magic-link", "email": "ada@example.com" }).to_string();
    for (name, identifier, value) in [
        ("magic-link", "magic-link:", link.as_str()),
        ("two-factor", "2fa-", "ada"),
        ("one-time", "one-time-token:", "session"),
        ("trusted-device", "trust-device-", "ada"),
    ] {
        let secret = format!("{name}-0123456789abcdefghij");
        verification::create(auth, &server.scope(), &format!("{identifier}{secret}"), value, 300).await.unwrap();
        secrets.push((name, secret));
    }
    secrets
}

/// Presents a secret at a redeemer; whether it did anything.
async fn redeem(server: &Fixture, cookie: &str, redeemer: &str, secret: &str) -> bool {
    let in_query = escaped(secret);
    let answer = match redeemer {
        "reset" => redeem_reset(server, secret, "correct horse 9").await,
        "verify" => server.get(&format!("/verify-email?token={in_query}"), cookie).await,
        "delete" => server.post_as("/delete-user", cookie, &json!({ "token": secret })).await,
        _ => server.get(&format!("/delete-user/callback?token={in_query}"), cookie).await,
    };
    assert!(answer.status < 500, "{redeemer} {}", answer.text);
    assert!(answer.status == 200 || answer.refusal().contains("INVALID_TOKEN"), "{redeemer} {}", answer.text);
    answer.status == 200
}

async fn ato_3_a_secret_is_good_for_its_purpose_alone(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    let cookie = sign_up(&server).await.cookie();
    let secrets = mint(&server, &cookie).await;
    let state = async || {
        let mut rows = Vec::new();
        for model in ["user", "account", "session", "verification"] {
            rows.push(server.records(model).await);
        }
        rows
    };
    let before = state().await;
    for redeemer in ["reset", "verify", "delete", "delete-callback"] {
        for (kind, secret) in &secrets {
            let is_right = match redeemer {
                "verify" => ["verify", "change"].contains(kind),
                "delete-callback" => *kind == "delete",
                own => own == *kind,
            };
            if !is_right {
                assert!(!redeem(&server, &cookie, redeemer, secret).await, "{kind} at {redeemer}");
            }
        }
    }
    assert_eq!(state().await, before, "what is refused is not used up");
    let secret = |name: &str| &secrets.iter().find(|(kind, _)| *kind == name).unwrap().1;
    for (name, works) in [("verify", true), ("change", true), ("reset", false), ("delete", false)] {
        let redeemer = if name == "change" { "verify" } else { name };
        let answer = redeem(&server, &cookie, redeemer, secret(name)).await;
        assert_eq!(answer, works, "{name}: what was mailed to the old address falls with it");
    }
    assert_eq!(server.rows("user").await, 1);
}

async fn ato_3_a_cookie_is_no_link_and_a_link_no_cookie(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    let cookie = sign_up(&server).await.cookie();
    let key = server.auth().config.secret_value.expose().as_bytes();
    let sign = |value: &str| escaped(&format!("{value}.{}", base64(&hmac_sha256(key, value.as_bytes()))));
    for (kind, secret) in mint(&server, &cookie).await {
        if ["session", "cookie"].contains(&kind) {
            continue;
        }
        for value in [secret.clone(), sign(&secret), format!("{secret}.{secret}")] {
            let answer = server.get("/get-session", &format!("better-auth.session_token={value}")).await;
            assert_eq!(answer.text, "null", "{kind}");
        }
        let mark = sign(&secret);
        let answer = server.get("/get-session", &format!("better-auth.dont_remember={mark}")).await;
        assert_eq!(answer.text, "null", "{kind}");
    }
}

async fn change_link(server: &Fixture, cookie: &str, new_email: &str) -> String {
    assert_eq!(server.post_as("/change-email", cookie, &json!({ "newEmail": new_email })).await.status, 200);
    let mail = server.mail("verify-email").await;
    assert_eq!(mail.to, new_email);
    mail.data["token"].as_str().unwrap().to_owned()
}

async fn click(server: &Fixture, token: &str) -> String {
    let answer = server.send("GET", &format!("/verify-email?token={token}"), &[], "").await;
    assert!(answer.headers.get("set-cookie").is_none(), "a link opens no session");
    answer.refusal()
}

async fn ato_5_a_link_applies_to_its_user_and_address_only(place: Place) {
    let server = Fixture::start(&place, "mail.transport = \"mailbox\"\nuser.change_email.enabled = true").await;
    let cookie = sign_up(&server).await.cookie();
    server.post("/send-verification-email", &address("ada@example.com")).await;
    let verify_a = token(&server, "verify-email").await;
    let to_b = change_link(&server, &cookie, "b@example.com").await;
    let to_c = change_link(&server, &cookie, "c@example.com").await;
    assert_eq!(click(&server, &to_b).await, "200 - -");
    let invalid = "401 INVALID_TOKEN Invalid token";
    for stale in [&to_c, &verify_a, &to_b] {
        assert_eq!(click(&server, stale).await, invalid);
    }
    // Someone else gets the old address: the old links are not about them.
    let eve = sign_up_as(&server, "ada@example.com").await;
    for stale in [&to_c, &verify_a, &to_b] {
        assert_eq!(click(&server, stale).await, invalid);
    }
    let users = server.records("user").await;
    assert!(users.iter().all(|user| user.boolean("emailVerified") == Some(false)));
    // The link to the present address is good for its user alone, whoever is signed in where it is opened.
    let to_d = change_link(&server, &cookie, "d@example.com").await;
    let stranger = server.get(&format!("/verify-email?token={to_d}"), &eve).await;
    assert_eq!(stranger.refusal(), "401 INVALID_USER Invalid user");
    assert_eq!(click(&server, &to_d).await, "200 - -");
}

async fn ato_5_two_changes_at_once_leave_one_address(place: Place) {
    let server = Fixture::start(&place, "mail.transport = \"mailbox\"\nuser.change_email.enabled = true").await;
    let cookie = sign_up(&server).await.cookie();
    let mut links = Vec::new();
    for number in 0..10 {
        links.push(change_link(&server, &cookie, &format!("n{number}@example.com")).await);
    }
    let clicks = links.iter().map(|link| click(&server, link));
    let answers = futures_util::future::join_all(clicks).await;
    let winners: Vec<usize> = (0..10).filter(|number| answers[*number].starts_with("200")).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert_eq!(server.records("user").await[0].text("email"), format!("n{}@example.com", winners[0]));
}

async fn ato_6_an_address_is_verified_by_its_mail_alone(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    let body = with(with(ada(), "emailVerified", json!(true)), "email_verified", json!(true));
    let cookie = server.post("/sign-up/email", &body).await.cookie();
    let is_verified = async || server.records("user").await[0].boolean("emailVerified").unwrap();
    let update = server.post_as("/update-user", &cookie, &json!({ "name": "A", "emailVerified": true })).await;
    assert_eq!(update.status, 200);
    let email = server.post_as("/update-user", &cookie, &address("eve@example.com")).await;
    assert_eq!(email.refusal(), "400 EMAIL_CAN_NOT_BE_UPDATED Email can not be updated");
    let token = reset_token(&server, "ada@example.com").await;
    assert_eq!(redeem_reset(&server, &token, "correct horse 2").await.status, 200);
    let cookie = server.post("/sign-in/email", &super::credentials("correct horse 2")).await.cookie();
    let link = change_link(&server, &cookie, "new@example.com").await;
    assert_eq!(click(&server, &link).await, "200 - -");
    assert!(!is_verified().await, "the link may have been opened by someone who never asked for it");
    server.post("/send-verification-email", &address("new@example.com")).await;
    let mail = server.mail("verify-email").await;
    assert_eq!(mail.to, "new@example.com");
    server.follow(&mail, "").await;
    assert!(is_verified().await);
}

async fn ato_7_nothing_of_a_deleted_user_works_for_the_next_one(place: Place) {
    let server = Fixture::start(&place, ALL_ON).await;
    let first = sign_up(&server).await;
    let (old_cookie, old_id) = (first.cookie(), first.json()["user"]["id"].clone());
    let secrets = mint(&server, &old_cookie).await;
    let secret = |name: &str| secrets.iter().find(|(kind, _)| *kind == name).unwrap().1.clone();
    server.store().delete("user", &[eq("email", "ada@example.com")]).await.unwrap();
    let body = with(ada(), "password", json!("another horse 1"));
    let second = server.post("/sign-up/email", &body).await;
    assert_ne!(second.json()["user"]["id"], old_id, "ids are not used again");
    assert_eq!(server.get("/get-session", &old_cookie).await.text, "null");
    assert_eq!(server.post_as("/update-user", &old_cookie, &json!({ "name": "Eve" })).await.status, 401);
    assert_eq!(redeem_reset(&server, &secret("reset"), "correct horse 9").await.status, 400);
    let cookie = second.cookie();
    for name in ["verify", "change", "delete"] {
        let redeemer = if name == "change" { "verify" } else { name };
        assert!(!redeem(&server, &cookie, redeemer, &secret(name)).await, "{name}");
    }
    let user = server.get("/get-session", &cookie).await.json()["user"].clone();
    assert_eq!(
        (&user["email"], &user["emailVerified"], &user["name"]),
        (&json!("ada@example.com"), &json!(false), &json!("Ada"))
    );
    assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 1").await, 401);
    assert_eq!(sign_in_status(&server, "ada@example.com", "another horse 1").await, 200);
}
