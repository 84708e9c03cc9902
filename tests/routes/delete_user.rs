//! `POST /delete-user` and `GET /delete-user/callback`.

use doorward::crypto::{base64_url, sha256};
use serde_json::json;

use super::{sign_up, sign_up_as};
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(
    the_password_or_a_fresh_session_deletes,
    a_mailed_token_deletes,
    someone_elses_token_stays,
    refusals_change_nothing,
    switched_off_it_is_not_found
);

const ON: &str = "user.delete_user.enabled = true";
const BY_MAIL: &str =
    "mail.transport = \"mailbox\"\nuser.delete_user = { enabled = true, send_delete_account_verification = true }";

fn assert_deleted(answer: &Answer) {
    let cleared: Vec<&str> = answer.headers.all("set-cookie").collect();
    let names = ["session_token", "session_data", "dont_remember"];
    assert_eq!(cleared.len(), 3, "{cleared:?}");
    for (cookie, name) in cleared.iter().zip(names) {
        assert!(cookie.starts_with(&format!("better-auth.{name}=; Max-Age=0")), "{cookie}");
    }
}

async fn the_password_or_a_fresh_session_deletes(place: Place) {
    let server = Fixture::start(&place, ON).await;
    let cookie = sign_up(&server).await.cookie();
    let bob = sign_up_as(&server, "bob@example.com").await;
    server.pass_secs(86_400);
    let stale = server.post_as("/delete-user", &cookie, &json!({})).await;
    assert_eq!(stale.refusal(), "400 SESSION_EXPIRED Session expired. Re-authenticate to perform this action.");
    let answer = server.post_as("/delete-user", &cookie, &json!({ "password": "correct horse 1" })).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "success": true, "message": "User deleted" })));
    assert_deleted(&answer);
    assert_eq!(server.counts().await, [1, 1, 1, 0, 0]);
    assert_eq!(server.records("user").await[0].text("email"), "bob@example.com");
    let fresh =
        server.post("/sign-in/email", &json!({ "email": "bob@example.com", "password": "correct horse 1" })).await;
    // Older clients send no body.
    let headers = [("origin", "http://localhost:3000"), ("cookie", &fresh.cookie())];
    assert_eq!(server.send("POST", "/delete-user", &headers, "").await.status, 200);
    assert_eq!(server.counts().await, [0; 5]);
    assert_eq!(server.get("/get-session", &bob).await.text, "null");
}

async fn a_mailed_token_deletes(place: Place) {
    let server = Fixture::start(&place, BY_MAIL).await;
    let cookie = sign_up(&server).await.cookie();
    let answer = server.post_as("/delete-user", &cookie, &json!({ "callbackURL": "/bye" })).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "success": true, "message": "Verification email sent" })));
    let mail = server.mail("delete-account").await;
    let token = mail.data["token"].as_str().unwrap();
    assert_eq!((mail.to.as_str(), token.len()), ("ada@example.com", 32));
    let identifier = base64_url(&sha256(format!("delete-account-{token}").as_bytes()));
    assert_eq!(server.records("verification").await[0].text("identifier"), identifier);
    assert_eq!(server.counts().await, [1, 1, 1, 1, 0]);
    let answer = server.follow(&mail, &cookie).await;
    assert_eq!((answer.status, answer.headers.get("location")), (302, Some("/bye")));
    assert_deleted(&answer);
    assert_eq!(server.counts().await, [0; 5]);

    let bob = sign_up_as(&server, "bob@example.com").await;
    server.post_as("/delete-user", &bob, &json!({})).await;
    let token = server.mail("delete-account").await.data["token"].clone();
    assert_eq!(server.post_as("/delete-user", &bob, &json!({ "token": token })).await.status, 200);
    assert_eq!(server.counts().await, [0; 5]);
}

async fn someone_elses_token_stays(place: Place) {
    let server = Fixture::start(&place, BY_MAIL).await;
    let cookie = sign_up(&server).await.cookie();
    let bob = sign_up_as(&server, "bob@example.com").await;
    server.post_as("/delete-user", &cookie, &json!({})).await;
    let mail = server.mail("delete-account").await;
    let invalid = "404 INVALID_TOKEN Invalid token";
    assert_eq!(server.follow(&mail, &bob).await.refusal(), invalid);
    let by_post = server.post_as("/delete-user", &bob, &json!({ "token": mail.data["token"] })).await;
    assert_eq!(by_post.refusal(), invalid);
    let nobody = server.follow(&mail, "").await;
    assert_eq!(nobody.refusal(), "404 FAILED_TO_GET_USER_INFO Failed to get user info");
    assert_eq!(server.counts().await, [2, 2, 2, 1, 0]);
    assert_eq!(server.follow(&mail, &cookie).await.status, 302);
    assert_eq!(server.counts().await, [1, 1, 1, 0, 0]);
}

async fn refusals_change_nothing(place: Place) {
    let server = Fixture::start(&place, BY_MAIL).await;
    let cookie = sign_up(&server).await.cookie();
    let before = server.counts().await;
    for (body, expected) in [
        (json!({ "password": "wrong" }), "400 INVALID_PASSWORD Invalid password"),
        (json!({ "password": "a".repeat(129) }), "400 PASSWORD_TOO_LONG Password too long"),
        (json!({ "token": "nope" }), "404 INVALID_TOKEN Invalid token"),
        (json!({ "token": "nope", "password": "wrong" }), "400 INVALID_PASSWORD Invalid password"),
        (json!({ "callbackURL": 1 }), "400 - Invalid callbackURL: expected a string"),
        (
            json!({ "password": 1 }),
            "400 VALIDATION_ERROR [body.password] Invalid input: expected string, received number",
        ),
    ] {
        assert_eq!(server.post_as("/delete-user", &cookie, &body).await.refusal(), expected);
    }
    assert!(server.mails().await.is_empty());
    assert_eq!(server.counts().await, before);
    server.post_as("/delete-user", &cookie, &json!({})).await;
    let mail = server.mail("delete-account").await;
    server.pass_secs(86_400);
    assert_eq!(server.follow(&mail, &cookie).await.refusal(), "404 INVALID_TOKEN Invalid token");
    assert_eq!(server.rows("user").await, 1);
}

async fn switched_off_it_is_not_found(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    let answer = server.post_as("/delete-user", &cookie, &json!({})).await;
    assert_eq!((answer.status, answer.text.as_str()), (404, ""));
    let answer = server.get("/delete-user/callback?token=x", &cookie).await;
    assert_eq!(answer.refusal(), "404 NOT_FOUND Not found");
    assert_eq!(server.rows("user").await, 1);
}
