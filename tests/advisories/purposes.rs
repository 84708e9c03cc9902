//! What is good once is good for one thing: each secret is shown to everyone who redeems another kind.

use serde_json::{Value as Json, json};

use super::{challenged, escaped, mailed_code, official};
use crate::fixture::Fixture;
use crate::routes::sign_up;
use crate::store::{Place, on_both};

on_both!(cve_2026_110862_110864_4282_a_secret_is_redeemed_as_what_it_is);

const OPTIONS: &str = "user.change_email.enabled = true\n\
     user.delete_user = { enabled = true, send_delete_account_verification = true }\n";
const PROVIDER: &str = "providers.wire = { client_id = \"id\", client_secret = \"secret\", \
     authorization_url = \"https://idp.example/a\", token_url = \"https://idp.example/t\" }";

/// The values of cookies of an answer, by name and without their signatures.
fn cookie_value(cookies: &str, name: &str) -> String {
    let start = format!("better-auth.{name}=");
    let value = cookies.split("; ").find_map(|cookie| cookie.strip_prefix(&start)).unwrap();
    doorward::http::decode_component(value).rsplit_once('.').unwrap().0.to_owned()
}

/// Secrets of all kinds, each with its name.
async fn mint(server: &Fixture, cookie: &str) -> Vec<(&'static str, String)> {
    let own = json!({ "email": "ada@example.com" });
    let mut secrets = Vec::new();
    for (name, path, body, kind) in [
        ("reset", "/request-password-reset", own.clone(), "reset-password"),
        ("verify", "/send-verification-email", own.clone(), "verify-email"),
        ("magic", "/sign-in/magic-link", own, "magic-link"),
        ("delete", "/delete-user", json!({}), "delete-account"),
    ] {
        let answer = server.post_as(path, cookie, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        secrets.push((name, server.mail(kind).await.data["token"].as_str().unwrap().to_owned()));
    }
    let waiting = challenged(server, "bob").await;
    secrets.push(("code", mailed_code(server, &waiting).await));
    secrets.push(("challenge", cookie_value(&waiting, "two_factor")));
    let begun = server.post("/sign-in/social", &json!({ "provider": "wire", "callbackURL": "/" })).await;
    let url = begun.json()["url"].as_str().unwrap().to_owned();
    let state = url.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    secrets.push(("state", state));
    secrets
}

async fn redeem(server: &Fixture, redeemer: &str, cookie: &str, secret: &str) -> bool {
    let query = escaped(secret);
    let sessions = server.rows("session").await;
    let answer = match redeemer {
        "reset" => server.post("/reset-password", &json!({ "token": secret, "newPassword": "correct horse 9" })).await,
        "verify" => server.get(&format!("/verify-email?token={query}"), "").await,
        "magic" => server.get(&format!("/magic-link/verify?token={query}"), "").await,
        "delete" => server.post_as("/delete-user", cookie, &json!({ "token": secret })).await,
        "delete-link" => server.get(&format!("/delete-user/callback?token={query}"), cookie).await,
        "state" => {
            server.get(&format!("/callback/wire?code=x&state={query}"), &format!("better-auth.state={query}")).await
        }
        _ => {
            let cookie = format!("better-auth.two_factor={query}");
            server.post_as("/two-factor/verify-otp", &cookie, &json!({ "code": secret })).await
        }
    };
    assert!(answer.status < 500, "{redeemer}: {}", answer.text);
    let opened = server.rows("session").await > sessions
        || answer.headers.all("set-cookie").any(|line| line.contains("session_token=") && !line.contains("Max-Age=0"));
    opened || (answer.status == 200 && answer.json().get("error").is_none())
}

async fn rows(server: &Fixture) -> Vec<Json> {
    let mut rows = Vec::new();
    for model in ["user", "account", "session", "verification"] {
        let mut texts: Vec<String> = server.records(model).await.iter().map(|row| format!("{row:?}")).collect();
        texts.sort();
        rows.push(json!(texts));
    }
    rows
}

async fn cve_2026_110862_110864_4282_a_secret_is_redeemed_as_what_it_is(place: Place) {
    let plugins = official(&[("two-factor", ""), ("magic-link", ""), ("social", PROVIDER), ("passkey", "")]);
    let server = Fixture::start(&place, &format!("{OPTIONS}{plugins}")).await;
    let cookie = sign_up(&server).await.cookie();
    let secrets = mint(&server, &cookie).await;
    let before = rows(&server).await;
    for redeemer in ["reset", "verify", "magic", "delete", "delete-link", "state", "challenge"] {
        for (kind, secret) in &secrets {
            let is_own = *kind == redeemer || (*kind == "delete" && redeemer == "delete-link");
            if !is_own {
                assert!(!redeem(&server, redeemer, &cookie, secret).await, "{kind} at {redeemer}");
                assert_eq!(rows(&server).await, before, "{kind} at {redeemer} is used up");
            }
        }
    }
    let secret = |name: &str| &secrets.iter().find(|(kind, _)| *kind == name).unwrap().1;
    for own in ["verify", "magic", "reset"] {
        let redeemed = redeem(&server, own, &cookie, secret(own)).await;
        assert!(redeemed, "{own} at its own");
    }
    // The reset ended the sessions, and what was bound to the old password.
    assert!(!redeem(&server, "delete", &cookie, secret("delete")).await);
    let given = json!({ "email": "ada@example.com", "password": "correct horse 9" });
    let cookie = server.post("/sign-in/email", &given).await.cookie();
    assert_eq!(server.post_as("/delete-user", &cookie, &json!({})).await.status, 200);
    let token = server.mail("delete-account").await.data["token"].as_str().unwrap().to_owned();
    assert!(redeem(&server, "delete", &cookie, &token).await, "delete at its own");
}
