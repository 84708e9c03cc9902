//! What an operator grants one script and no other: fields that no client sets, and sign-ins without a challenge.

use std::sync::Arc;

use async_trait::async_trait;
use doorward::error::ApiError;
use doorward::exchange::{Exchange, SessionGate, SignInAttempt, Verdict};
use doorward::http::Response;
use serde_json::json;

use super::{FAILED, Scripted, sign_up};
use crate::store::{Place, on_both};

on_both!(a_field_is_set_by_the_script_that_may, a_challenge_is_waived_by_the_script_that_may, a_refusal_is_not_waived,);

const PLAN: &str = "user.additional_fields.plan = { type = \"string\", input = false }";

async fn a_field_is_set_by_the_script_that_may(place: Place) {
    let script = r#"before("user.create", |ctx| { ctx.data.plan = "free"; });"#;
    for (grant, expected) in [("", None), ("sets = [\"user.other\"]", None), ("sets = [\"user.plan\"]", Some("free"))] {
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(script, grant)], PLAN).await;
        let answer = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        match expected {
            Some(plan) => assert_eq!(answer.json()["user"]["plan"], plan, "{}", answer.text),
            None => assert_eq!((answer.refusal().as_str(), server.rows("user").await), (FAILED, 0), "{grant}"),
        }
    }
    let core = r#"before("user.create", |ctx| { ctx.data.emailVerified = true; });"#;
    let grant = "sets = [\"user.emailVerified\"]";
    let Scripted { server, _folder } = Scripted::start_with(&place, &[(core, grant)], "").await;
    let answer = server.post("/sign-up/email", &sign_up("eve@example.com")).await;
    assert_eq!((answer.refusal().as_str(), server.rows("user").await), (FAILED, 1), "the core's stay closed");
}

/// Challenges or refuses everyone, as the plugin of this name.
struct Gate(&'static str, bool);

#[async_trait]
impl SessionGate for Gate {
    async fn ask(&self, exchange: &mut Exchange, _: &SignInAttempt) -> Result<Verdict, ApiError> {
        let cookie = exchange.auth().cookies.spec("proof");
        exchange.set_cookie(cookie.cookie("1".into(), Some(60)));
        let refusal = || Verdict::Refuse(ApiError::new(403, "BANNED_USER", "Gone"));
        Ok(if self.1 { refusal() } else { Verdict::Challenge(Response::json(&json!({ "by": self.0 }))) })
    }

    fn plugin(&self) -> Option<&str> {
        Some(self.0)
    }
}

const WAIVES: &str = r#"gate(|ctx| { if ctx.user_agent == "office" { waive("two-factor"); } });"#;
const MAY: &str = "waives = [\"two-factor\"]";

async fn sign_in(server: &crate::fixture::Fixture, agent: &str) -> crate::fixture::Answer {
    let headers = [("origin", "http://localhost:3000"), ("content-type", "application/json"), ("user-agent", agent)];
    let body = json!({ "email": "ada@example.com", "password": "correct horse 1" });
    server.send("POST", "/sign-in/email", &headers, body.to_string()).await
}

async fn a_challenge_is_waived_by_the_script_that_may(place: Place) {
    for (grant, plugin, expected) in [
        (MAY, "two-factor", json!(null)),
        (MAY, "another", json!("another")),
        ("", "two-factor", json!("HOOK_ERROR")),
        ("waives = [\"another\"]", "two-factor", json!("HOOK_ERROR")),
    ] {
        let Scripted { server, _folder } = Scripted::start_with(&place, &[(WAIVES, grant)], "").await;
        server.post("/sign-up/email", &sign_up("ada@example.com")).await;
        server.decide(|deciders| deciders.gates.push(Arc::new(Gate(plugin, false))));
        assert_eq!(sign_in(&server, "home").await.json()["by"], plugin);
        let answer = sign_in(&server, "office").await;
        let body = answer.json();
        assert_eq!(body.get("by").or(body.get("code")).unwrap_or(&json!(null)), &expected, "{grant} {plugin}");
        let is_open = expected.is_null();
        assert_eq!(answer.cookie_changes().iter().any(|change| change == "session_token"), is_open, "{grant} {plugin}");
        if is_open {
            assert!(!answer.cookie_changes().contains(&"proof".to_owned()), "no word of the challenge");
        }
    }
}

async fn a_refusal_is_not_waived(place: Place) {
    let Scripted { server, _folder } = Scripted::start_with(&place, &[(WAIVES, MAY)], "").await;
    server.post("/sign-up/email", &sign_up("ada@example.com")).await;
    server.decide(|deciders| deciders.gates.push(Arc::new(Gate("two-factor", true))));
    assert_eq!(sign_in(&server, "office").await.refusal(), "403 BANNED_USER Gone");
}
