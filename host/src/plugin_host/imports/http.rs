//! Capability `http`: requests to the servers that the manifest names or the operator allows.

use std::sync::Arc;
use std::time::Duration;

use doorward_contract::NotNow;

use super::interfaces::http::{self as wit, Host};
use super::interfaces::types::{Header, HostError};
use crate::http::outgoing::{Failure, LONGEST, Request};
use crate::outbox::jobs::{self, MOST_BYTES};
use crate::plugin_host::call::names::http_kind;
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

    async fn enqueue(&mut self, outgoing: wit::Outgoing) -> wasmtime::Result<Result<(), wit::Failure>> {
        at_its_time!(self, "http", "enqueue");
        let shared = Arc::clone(&self.shared);
        let data = self.data()?;
        let request = request(outgoing);
        if let Err(reason) = shared.services.http.check(&request) {
            return Ok(Err(failure(reason)));
        }
        let row = request.to_row();
        if row.to_string().len() > 2 * MOST_BYTES || request.body.as_ref().is_some_and(|body| body.len() > MOST_BYTES) {
            return Ok(Err(wit::Failure::Invalid(format!("a request for later has at most {MOST_BYTES} bytes"))));
        }
        let written = jobs::enqueue(data.auth, &data.scope, &http_kind(&shared.id), &row, 0).await;
        match written.map_err(HostError::from) {
            Ok(_) => Ok(Ok(())),
            Err(error) => Err(wasmtime::Error::msg(format!("a request for later cannot be written: {error:?}"))),
        }
    }
}
