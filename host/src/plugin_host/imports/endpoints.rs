//! Capability `endpoints`: calls of other endpoints of this server, with the rights of whoever makes the request.

use std::sync::Arc;

use super::interfaces::endpoints::{EndpointAnswer, EndpointCall, Host};
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::exchange::InnerCall;
use crate::plugin_host::call::budget::Cost;
use crate::plugin_host::call::state::State;

/// Calls for data that one call of an endpoint counts as.
const DATA_CALLS: u32 = 8;

impl State {
    /// Whether an endpoint can be called now, and whether the secrets of its answer are seen.
    fn may_call(&mut self, call: &EndpointCall) -> wasmtime::Result<Answer<bool>> {
        for _ in 0..DATA_CALLS {
            self.spend_on(Cost::Data)?;
        }
        let is_path = call.path.starts_with('/') && call.path.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_path
            || call.path.contains(['?', '#', '\\'])
            || !call.method.bytes().all(|byte| byte.is_ascii_uppercase())
        {
            return Ok(Err(HostError::Invalid(
                "a call has a method in capitals and a path without a query".to_owned(),
            )));
        }
        let named = || self.shared.rights.calls.iter().filter(|(pattern, _)| pattern.matches(&call.path));
        if named().next().is_none() {
            return Ok(Err(HostError::Denied(format!("the manifest names no calls of `{:.128}`", call.path))));
        }
        Ok(Ok(named().any(|(_, secrets)| *secrets)))
    }
}

impl Host for State {
    async fn call(&mut self, call: EndpointCall) -> wasmtime::Result<Answer<EndpointAnswer>> {
        at_its_time!(self, "endpoints", "call");
        let sees_secrets = match self.may_call(&call)? {
            Ok(sees_secrets) => sees_secrets,
            Err(error) => return Ok(Err(error)),
        };
        let work = self.work()?;
        // Where the session is due to be extended, this request does so: its cookies reach the client.
        let need = work.session_need();
        if let Err(error) = work.exchange.session_with(need).await {
            return Ok(Err(error.into()));
        }
        let EndpointCall { method, path, query, body } = call;
        let (inner, source) = match work.exchange.inner(InnerCall { method, path, query, body }) {
            Ok(inner) => inner,
            Err(reason) => return Ok(Err(HostError::Denied(reason.to_string()))),
        };
        let answer = match self.aside(source.answer(inner)).await? {
            Ok(answer) => answer,
            Err(reason) => return Ok(Err(HostError::Denied(reason.to_string()))),
        };
        let names = Arc::clone(&self.shared.secret_names);
        let body = if sees_secrets { answer.body } else { names.redact_answer(answer.status, &answer.body) };
        Ok(Ok(EndpointAnswer { status: answer.status, body: body.to_string() }))
    }
}
