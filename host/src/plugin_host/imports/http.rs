//! Capability `http`: requests to the servers that the manifest names or the operator allows.

use std::sync::Arc;
use std::time::Duration;

use doorward_contract::NotNow;

use super::interfaces::http::{self as wit, Host};
use super::interfaces::types::Header;
use crate::http::outgoing::{Failure, LONGEST, Request};
use crate::plugin_host::call::state::State;

fn request(outgoing: wit::Outgoing) -> Request {
    let timeout = outgoing.timeout_ms.map_or(LONGEST, |millis| Duration::from_millis(millis.into()));
    Request {
        method: outgoing.method,
        url: outgoing.url,
        headers: outgoing.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        body: outgoing.body,
        timeout,
    }
}

impl From<NotNow> for wit::Failure {
    fn from(fault: NotNow) -> Self {
        Self::Denied(fault.to_string())
    }
}

fn failure(failure: Failure) -> wit::Failure {
    match failure {
        Failure::Denied(what) => wit::Failure::Denied(what),
        Failure::Invalid(what) => wit::Failure::Invalid(what),
        Failure::TimedOut => wit::Failure::TimedOut,
        Failure::Unreachable => wit::Failure::Unreachable,
        Failure::TooLarge => wit::Failure::TooLarge,
    }
}

impl Host for State {
    async fn send(&mut self, outgoing: wit::Outgoing) -> wasmtime::Result<Result<wit::Incoming, wit::Failure>> {
        at_its_time!(self, "http", "send");
        if !self.may_send()? {
            return Ok(Err(wit::Failure::Limit));
        }
        let shared = Arc::clone(&self.shared);
        let sent = self.aside(shared.services.http.send(request(outgoing))).await?;
        Ok(match sent {
            Ok(answer) => {
                let headers = answer.headers.into_iter().map(|(name, value)| Header { name, value }).collect();
                Ok(wit::Incoming { status: answer.status, headers, body: answer.body })
            }
            Err(reason) => Err(failure(reason)),
        })
    }
}
