//! The endpoints of other owners that a test arranged.

use super::with;
use crate::bindings::doorward::plugin::endpoints::{EndpointAnswer, EndpointCall};
use crate::bindings::doorward::plugin::types::HostError;
use doorward_contract::PathPattern;
use serde_json::Value;

/// An endpoint that the plugin calls answers so from now on.
pub fn answer_endpoint(method: &str, path: &str, status: u16, body: &Value) {
    with(|world| world.endpoint_answers.insert((method.to_owned(), path.to_owned()), (status, body.clone())));
}

pub fn call(call: &EndpointCall) -> Result<EndpointAnswer, HostError> {
    with(|world| {
        let is_named = |pattern: &&str| PathPattern::new(pattern).matches(&call.path);
        if world.called.as_ref().is_some_and(|patterns| !patterns.iter().any(is_named)) {
            return Err(HostError::Denied(format!("the manifest names no calls of `{}`", call.path)));
        }
        if world.is_in_transaction {
            return Err(HostError::Denied("no endpoint is called while a transaction is open".to_owned()));
        }
        if world.answers_get && call.method != "GET" {
            return Err(HostError::Denied("a GET calls nothing but GET".to_owned()));
        }
        world.endpoint_calls.push(call.clone());
        let answer = world.endpoint_answers.get(&(call.method.clone(), call.path.clone())).cloned();
        let (status, body) = answer.unwrap_or((404, Value::Null));
        Ok(EndpointAnswer { status, body: body.to_string() })
    })
}
