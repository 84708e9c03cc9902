//! What a browser gets when a gate demands a challenge, and when it lets a sign-in pass.

use std::sync::Arc;

use async_trait::async_trait;
use doorward::error::ApiError;
use doorward::exchange::{Exchange, SessionGate, SignInAttempt, Verdict};
use doorward::http::Response;
use serde_json::json;

use super::{ada, sign_up, with};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(
    a_challenge_leaves_no_session,
    a_gate_that_admits_sets_its_cookies_last,
    a_followed_link_tells_of_the_challenge,
    a_refusal_goes_before_a_challenge
);

/// Challenges or admits everyone, and has cookies of its own.
struct Gate {
    challenges: bool,
}

#[async_trait]
impl SessionGate for Gate {
    async fn ask(&self, exchange: &mut Exchange, _: &SignInAttempt) -> Result<Verdict, ApiError> {
        let (old, new) = (exchange.auth().cookies.spec("old"), exchange.auth().cookies.spec("new"));
        exchange.set_cookie(new.cookie("1".into(), Some(60)));
        exchange.set_cookie(old.deletion());
        let answer = Response::json(&json!({ "next": true, "by": ["a", "b"] }));
        Ok(if self.challenges { Verdict::Challenge(answer) } else { Verdict::Admit })
    }
}

/// Refuses everyone.
struct Ban;

#[async_trait]
impl SessionGate for Ban {
    async fn ask(&self, _: &mut Exchange, _: &SignInAttempt) -> Result<Verdict, ApiError> {
        Ok(Verdict::Refuse(ApiError::new(403, "BANNED_USER", "Gone")))
    }
}

fn guard(server: &Fixture, challenges: bool) {
    server.decide(|deciders| deciders.gates = vec![Arc::new(Gate { challenges })]);
}

async fn a_challenge_leaves_no_session(place: Place) {
    let server = Fixture::start(&place, "session.cookie_cache.enabled = true").await;
    sign_up(&server).await;
    guard(&server, true);
    let answer = server.post("/sign-in/email", &with(ada(), "callbackURL", json!("/home"))).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, r#"{"next":true,"by":["a","b"]}"#));
    assert_eq!(answer.headers.get("location"), Some("/home"));
    assert_eq!(answer.cookie_changes(), ["-old", "-session_token", "-session_data", "new"]);
    assert_eq!(server.rows("session").await, 1);

    let briefly = server.post("/sign-in/email", &with(ada(), "rememberMe", json!(false))).await;
    let changes = ["dont_remember", "-old", "-session_token", "-session_data", "new"];
    assert_eq!(briefly.cookie_changes(), changes);
    let again = server.post_as("/sign-in/email", &briefly.cookies(), &ada()).await;
    let changes = ["-dont_remember", "-old", "-session_token", "-session_data", "new"];
    assert_eq!(again.cookie_changes(), changes, "a choice holds for the sign-in it was made in");
}

async fn a_gate_that_admits_sets_its_cookies_last(place: Place) {
    let server = Fixture::start(&place, "").await;
    sign_up(&server).await;
    guard(&server, false);
    let answer = server.post("/sign-in/email", &with(ada(), "rememberMe", json!(false))).await;
    assert_eq!(answer.cookie_changes(), ["session_token", "dont_remember", "new", "-old"]);
    let again = server.post_as("/sign-in/email", &answer.cookies(), &ada()).await;
    assert_eq!(again.cookie_changes(), ["session_token", "-dont_remember", "new", "-old"]);
}

async fn a_followed_link_tells_of_the_challenge(place: Place) {
    let options = "mail.transport = \"mailbox\"\nemail_verification.send_on_sign_up = true\n\
                   email_verification.auto_sign_in_after_verification = true";
    let server = Fixture::start(&place, options).await;
    sign_up(&server).await;
    guard(&server, true);
    let answer = server.follow(&server.mail("verify-email").await, "").await;
    assert_eq!((answer.status, answer.headers.get("location")), (302, Some("/?next=true&by=a%2Cb")));
    assert_eq!(answer.cookie_changes(), ["-old", "-session_token", "-session_data", "new"]);
    assert_eq!(server.rows("session").await, 0, "that of the sign-up ended with the proof of the address");
}

async fn a_refusal_goes_before_a_challenge(place: Place) {
    let server = Fixture::start(&place, "").await;
    sign_up(&server).await;
    let (ban, first): (Arc<dyn SessionGate>, Arc<dyn SessionGate>) =
        (Arc::new(Ban), Arc::new(Gate { challenges: true }));
    for gates in [vec![Arc::clone(&first), Arc::clone(&ban)], vec![ban, first]] {
        server.decide(|deciders| deciders.gates = gates);
        let answer = server.post("/sign-in/email", &ada()).await;
        assert_eq!((answer.status, answer.text.as_str()), (403, r#"{"message":"Gone","code":"BANNED_USER"}"#));
        assert!(answer.cookie_changes().is_empty(), "{:?}", answer.cookie_changes());
    }
    let gates: Vec<Arc<dyn SessionGate>> =
        vec![Arc::new(Gate { challenges: true }), Arc::new(Gate { challenges: true })];
    server.decide(|deciders| deciders.gates = gates);
    let answer = server.post("/sign-in/email", &ada()).await;
    assert_eq!(answer.cookie_changes(), ["-old", "-session_token", "-session_data", "new"], "one challenge, once");
    assert_eq!(server.rows("session").await, 1);
}
