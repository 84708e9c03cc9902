//! Capability `jobs`: work of the plugin for later, in the transaction that is open.

use serde_json::Value as Json;

use super::interfaces::jobs::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::outbox::jobs::{self, LONGEST_DELAY_SECS, MOST_BYTES};
use crate::plugin_host::call::names::job_kind;
use crate::plugin_host::call::state::State;

/// The payload of a task, from JSON text.
pub(super) fn payload(text: &str) -> Answer<Json> {
    if text.len() > MOST_BYTES {
        return Err(HostError::Invalid(format!("a payload has at most {MOST_BYTES} bytes")));
    }
    serde_json::from_str(text).map_err(|error| HostError::Invalid(format!("the payload is no JSON: {error}")))
}

impl Host for State {
    async fn enqueue(&mut self, name: String, text: String, delay_secs: u64) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "jobs", "enqueue");
        let kind = job_kind(&self.shared.id, &name);
        let is_declared = self.shared.rights.jobs.contains(&name);
        let data = self.data()?;
        if !is_declared {
            return Ok(Err(HostError::Denied(format!("the manifest declares no job `{name}`"))));
        }
        if delay_secs > LONGEST_DELAY_SECS {
            return Ok(Err(HostError::Invalid(format!("a delay is at most {LONGEST_DELAY_SECS} seconds"))));
        }
        let payload = match payload(&text) {
            Ok(payload) => payload,
            Err(fault) => return Ok(Err(fault)),
        };
        let written = jobs::enqueue(data.auth, &data.scope, &kind, &payload, delay_secs).await;
        Ok(written.map_err(HostError::from))
    }
}
