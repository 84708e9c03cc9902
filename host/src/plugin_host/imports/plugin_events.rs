//! Capability `plugin-events`: one row for each plugin that hears of an event, in the transaction that is open.

use std::sync::Arc;

use serde_json::Value as Json;

use super::interfaces::plugin_events::Host;
use super::interfaces::types::HostError;
use super::jobs::payload;
use super::outcome::Answer;
use crate::clock::Timestamp;
use crate::outbox::jobs;
use crate::plugin_host::call::names::event_kind;
use crate::plugin_host::call::state::State;

impl Host for State {
    async fn emit(&mut self, name: String, text: String) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "plugin-events", "emit");
        let shared = Arc::clone(&self.shared);
        let Some(rule) = shared.rights.emits.iter().find(|rule| rule.name == name) else {
            self.spend()?;
            return Ok(Err(HostError::Denied(format!("the manifest declares no event `{name}`"))));
        };
        let fields = match payload(&text) {
            Ok(Json::Object(fields)) => fields,
            Ok(_) => return Ok(Err(HostError::Invalid("the payload is no object".to_owned()))),
            Err(fault) => return Ok(Err(fault)),
        };
        if let Some(fault) = rule.payload_fault(&fields, |text| Timestamp::parse_iso(text).is_some()) {
            return Ok(Err(HostError::Invalid(fault)));
        }
        let event = format!("{}:{name}", shared.id);
        for (listener, listens) in shared.site.listeners.iter().filter(|(_, listens)| listens.event == event) {
            let told = Json::Object(listens.told(fields.clone(), &rule.secrets));
            let data = self.data()?;
            let kind = event_kind(listener, &event);
            if let Err(error) = jobs::enqueue(data.auth, &data.scope, &kind, &told, 0).await {
                return Ok(Err(error.into()));
            }
        }
        Ok(Ok(()))
    }
}
