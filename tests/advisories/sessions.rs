//! Sessions in a race: each is its user's, and none outlives what ended it.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use serde_json::{Value as Json, json};

use super::{challenged, mailed_code, member, official, sign_in_as};
use crate::fixture::Fixture;
use crate::routes::{ada, sign_up, token, with};
use crate::store::{Place, on_both};

on_both!(
    cve_2026_134313_each_of_200_sign_ups_gets_its_own_session,
    cve_2026_134321_no_session_is_lost_and_none_survives_its_end,
    cve_2026_134321_of_sign_ins_that_race_with_a_reset_none_has_the_old_password,
    a_second_factor_after_a_reset_answers_nothing,
    cve_2026_43983_a_session_that_is_renewed_while_it_ends_has_ended,
    cve_2026_8922_a_session_of_before_is_worth_nothing_after,
);

async fn cve_2026_134313_each_of_200_sign_ups_gets_its_own_session(place: Place) {
    let server = Fixture::start(&place, "").await;
    let sign_ups = (0..200).map(|number| {
        let server = &server;
        async move {
            let email = format!("user{number}@example.com");
            let body = with(ada(), "email", json!(email));
            loop {
                let answer = server.post("/sign-up/email", &body).await;
                // The queue for hashes is bounded.
                if answer.status != 503 {
                    return (email, answer);
                }
            }
        }
    });
    let mut ids = BTreeSet::new();
    for (email, answer) in join_all(sign_ups).await {
        assert_eq!(answer.status, 200, "{email}: {}", answer.text);
        let seen = server.get("/get-session", &answer.cookies()).await.json();
        assert_eq!((&seen["user"]["email"], &answer.json()["user"]["email"]), (&json!(email), &json!(email)));
        assert_eq!(
            (&seen["user"]["id"], &seen["session"]["userId"]),
            (&answer.json()["user"]["id"], &seen["user"]["id"])
        );
        let id = |of: &str| seen[of]["id"].as_str().unwrap().to_owned();
        ids.insert((id("user"), id("session")));
    }
    assert_eq!(ids.len(), 200);
    for account in server.records("account").await {
        assert!(ids.iter().any(|(user, _)| *user == account.text("userId")));
    }
}

async fn sign_ins(server: &Fixture) -> Vec<String> {
    fifty(server, "/sign-in/email", ada()).await
}

async fn sign_ins_by_name(server: &Fixture) -> Vec<String> {
    fifty(server, "/sign-in/username", json!({ "username": "ada", "password": ada()["password"] })).await
}

/// The cookies of those of fifty sign-ins at once that are right.
async fn fifty(server: &Fixture, path: &str, credentials: Json) -> Vec<String> {
    let one = || async {
        loop {
            let answer = server.post(path, &credentials).await;
            if answer.status != 503 {
                return answer;
            }
        }
    };
    let answers = join_all((0..50).map(|_| one())).await;
    answers.iter().filter(|answer| answer.status == 200).map(crate::fixture::Answer::cookies).collect()
}

async fn cve_2026_134321_no_session_is_lost_and_none_survives_its_end(place: Place) {
    let server = Fixture::start(&place, "session.cookie_cache = { enabled = true }").await;
    let first = sign_up(&server).await.cookies();
    let cookies = sign_ins(&server).await;
    assert_eq!(cookies.len(), 50);
    let listed = server.get("/list-sessions", &first).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 51, "each is in the list");
    let others = sign_ins(&server);
    let (later, ended) = join(others, server.post_as("/revoke-sessions", &first, &json!({}))).await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    let listed: BTreeSet<String> =
        server.records("session").await.iter().map(|row| row.text("token").to_owned()).collect();
    for cookie in cookies.iter().chain([&first]) {
        assert_eq!(server.get("/list-sessions", cookie).await.status, 401, "all of before ended");
    }
    let mut alive = 0;
    for cookie in &later {
        alive += usize::from(server.get("/list-sessions", cookie).await.status == 200);
    }
    assert_eq!(alive, listed.len(), "who came in between is in or out, and the list says which");
    let last = server.post("/sign-in/email", &ada()).await.cookies();
    server.post_as("/revoke-sessions", &last, &json!({})).await;
    assert_eq!(server.rows("session").await, 0);
    for cookie in later.iter().chain([&last]) {
        let answer = server.post_as("/update-user", cookie, &json!({ "name": "Eve" })).await;
        assert_eq!(answer.status, 401, "{}", answer.text);
    }
}

async fn cve_2026_43983_a_session_that_is_renewed_while_it_ends_has_ended(place: Place) {
    for cache in ["", "session.cookie_cache = { enabled = true, max_age = 5 }\n"] {
        let server = Fixture::start(&place, &format!("{cache}session.update_age = 1")).await;
        let keeper = match cache {
            "" => sign_up(&server).await,
            _ => server.post("/sign-in/email", &ada()).await,
        };
        let keeper = keeper.cookies();
        for _ in 0..10 {
            let victim = server.post("/sign-in/email", &ada()).await;
            let cookies = victim.cookies();
            server.pass_secs(10);
            let looks = join_all((0..10).map(|_| server.get("/get-session", &cookies)));
            let body = json!({ "token": token(&victim) });
            let (looks, ended) = join(looks, server.post_as("/revoke-session", &keeper, &body)).await;
            assert_eq!(ended.status, 200, "{}", ended.text);
            let rows = server.records("session").await;
            assert!(rows.iter().all(|row| row.text("token") != token(&victim)), "it came back");
            for cookies in looks.iter().map(crate::fixture::Answer::cookies).chain([cookies]) {
                assert_eq!(server.get("/list-sessions", &cookies).await.status, 401);
            }
        }
    }
}

async fn cve_2026_8922_a_session_of_before_is_worth_nothing_after(place: Place) {
    let plugins = official(&[("bearer", ""), ("jwt", ""), ("multi-session", ""), ("admin", "")]);
    let options = "email_and_password.revoke_sessions_on_password_reset = true\n\
                   session.cookie_cache = { enabled = true }\n";
    let server = Fixture::start(&place, &format!("{options}{plugins}")).await;
    member(&server, "ada").await;
    for event in ["reset", "change", "revoke"] {
        let old = sign_in_as(&server, "ada").await;
        assert_eq!(old.status, 200, "{event}: {}", old.text);
        let acting = sign_in_as(&server, "ada").await.cookies();
        server.pass_secs(1);
        let password = json!({ "currentPassword": ada()["password"], "newPassword": ada()["password"], "revokeOtherSessions": true });
        let ended = match event {
            "reset" => {
                server.post("/request-password-reset", &json!({ "email": "ada@example.com" })).await;
                let token = server.mail("reset-password").await.data["token"].clone();
                server.post("/reset-password", &json!({ "token": token, "newPassword": ada()["password"] })).await
            }
            "change" => server.post_as("/change-password", &acting, &password).await,
            _ => server.post_as("/revoke-other-sessions", &acting, &json!({})).await,
        };
        assert_eq!(ended.status, 200, "{event}: {}", ended.text);
        let bearer = format!("Bearer {}", old.headers.get("set-auth-token").unwrap());
        let origin = ("origin", "http://localhost:3000");
        for headers in [[origin, ("cookie", &old.cookies())], [origin, ("authorization", &bearer)]] {
            for (method, path) in [("GET", "/list-sessions"), ("GET", "/token"), ("POST", "/update-user")] {
                let mut headers = headers.to_vec();
                headers.push(("content-type", "application/json"));
                let body = if method == "POST" { "{\"name\":\"Eve\"}" } else { "" };
                let answer = server.send(method, path, &headers, body).await;
                assert_eq!(answer.status, 401, "{event} {path}: {}", answer.text);
            }
        }
    }
}

async fn cve_2026_134321_of_sign_ins_that_race_with_a_reset_none_has_the_old_password(place: Place) {
    let server = Fixture::start(&place, &official(&[("username", "")])).await;
    let signed_up = server.post("/sign-up/email", &with(ada(), "username", json!("ada"))).await;
    assert_eq!(signed_up.status, 200, "{}", signed_up.text);
    server.post("/request-password-reset", &json!({ "email": "ada@example.com" })).await;
    let token = server.mail("reset-password").await.data["token"].clone();
    let reset = json!({ "token": token, "newPassword": "correct horse 2" });
    let reset = async {
        loop {
            let answer = server.post("/reset-password", &reset).await;
            if answer.status != 503 {
                return answer;
            }
        }
    };
    let ((by_mail, by_name), reset) = join(join(sign_ins(&server), sign_ins_by_name(&server)), reset).await;
    assert_eq!(reset.status, 200, "{}", reset.text);
    let mut alive = 0;
    let cookies = [by_mail, by_name].concat();
    for cookie in &cookies {
        alive += usize::from(server.get("/list-sessions", cookie).await.status == 200);
    }
    assert_eq!((alive, server.rows("session").await), (0, 0), "of {} that got in before", cookies.len());
}

async fn a_second_factor_after_a_reset_answers_nothing(place: Place) {
    let server = Fixture::start(&place, &official(&[("two-factor", "")])).await;
    let cookies = challenged(&server, "victim").await;
    let code = mailed_code(&server, &cookies).await;
    server.post("/request-password-reset", &json!({ "email": "victim@example.com" })).await;
    let token = server.mail("reset-password").await.data["token"].clone();
    let reset = json!({ "token": token, "newPassword": "correct horse 2" });
    assert_eq!(server.post("/reset-password", &reset).await.status, 200);
    let answer = server.post_as("/two-factor/verify-otp", &cookies, &json!({ "code": code })).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (401, Some("INVALID_TWO_FACTOR_COOKIE")));
    assert_eq!(server.rows("session").await, 0);
}
