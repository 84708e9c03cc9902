//! Capability `http`: requests to the servers that the manifest names or the operator allows.

use std::sync::Arc;
use std::time::Duration;

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
        if !self.may_send()? {
            return Ok(Err(wit::Failure::Limit));
        }
        if self.is_in_transaction() {
            // Everybody else's writes would wait for the other server too.
            let reason = "nothing is sent while a transaction is open".to_owned();
            return Ok(Err(wit::Failure::Denied(reason)));
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
