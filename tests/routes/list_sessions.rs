//! `GET /list-sessions`.

use doorward::store::Models;
use serde_json::Value as Json;

use super::{sign_in, sign_up, sign_up_as, token};
use crate::fixture::{Answer, Fixture};
use crate::store::{Place, on_both};

on_both!(
    the_callers_own_is_marked_where_the_operator_says_so,
    live_sessions_are_listed_oldest_first,
    an_old_session_may_not_look,
    of_many_the_newest_are_listed
);

fn tokens(answer: &Answer) -> Vec<String> {
    let Json::Array(sessions) = answer.json() else { panic!("{}", answer.text) };
    sessions.iter().map(|session| session["token"].as_str().unwrap().to_owned()).collect()
}

async fn live_sessions_are_listed_oldest_first(place: Place) {
    let server = Fixture::start(&place, "").await;
    let first = sign_up(&server).await;
    sign_up_as(&server, "bob@example.com").await;
    server.pass_secs(1);
    let body = super::with(super::ada(), "rememberMe", false.into());
    server.post("/sign-in/email", &body).await;
    server.pass_secs(86_400);
    let third = sign_in(&server).await;
    assert_eq!(tokens(&server.get("/list-sessions", &third.cookie()).await), [&first, &third].map(token));
    let answer = server.get("/list-sessions", &third.cookie()).await;
    let keys: Vec<String> = answer.json()[0].as_object().unwrap().keys().cloned().collect();
    let expected = ["expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId", "id"];
    assert_eq!(keys, expected);
}

async fn the_callers_own_is_marked_where_the_operator_says_so(place: Place) {
    let server = Fixture::start(&place, "session.mark_current = true").await;
    sign_up(&server).await;
    server.pass_secs(1);
    let own = sign_in(&server).await;
    let answer = server.get("/list-sessions", &own.cookie()).await.json();
    let marks: Vec<_> = answer.as_array().unwrap().iter().map(|session| session["isCurrent"].as_bool()).collect();
    assert_eq!(marks, [Some(false), Some(true)]);
}

async fn an_old_session_may_not_look(place: Place) {
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up(&server).await.cookie();
    server.pass_secs(86_399);
    assert_eq!(server.get("/list-sessions", &cookie).await.status, 200);
    server.pass_secs(1);
    let refused = server.get("/list-sessions", &cookie).await;
    assert_eq!(refused.refusal(), "403 SESSION_NOT_FRESH Session is not fresh");
    assert_eq!(server.rows("session").await, 1);
}

async fn of_many_the_newest_are_listed(place: Place) {
    let server = Fixture::start(&place, "").await;
    let first = sign_up(&server).await;
    let user_id = first.json()["user"]["id"].as_str().unwrap().to_owned();
    super::many_sessions(&server, &user_id, 150).await;
    server.pass_secs(1);
    let newest = sign_in(&server).await;
    let listed = tokens(&server.get("/list-sessions", &newest.cookie()).await);
    assert_eq!(listed.len(), 100);
    assert_eq!(listed.last(), Some(&token(&newest)));
    assert_eq!(server.store().count("session", &[]).await.unwrap(), 152);
}
