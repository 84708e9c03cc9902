//! Capability `mail`: a row of the outbox, in the transaction that is open.

use serde_json::{Map, Value as Json};

use super::interfaces::mail::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::email;
use crate::outbox::{self, Draft};
use crate::plugin_host::call::budget::Cost;
use crate::plugin_host::call::state::State;

impl Host for State {
    async fn enqueue(&mut self, kind: String, to: String, fields: String) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "mail", "enqueue");
        let is_declared = self.shared.rights.mails.contains(&kind);
        self.spend_on(Cost::Mail)?;
        let proof_ends_at = self.proof_ends_at;
        let data = self.data()?;
        if !is_declared {
            return Ok(Err(HostError::Denied(format!("the manifest declares no mail of the kind `{kind}`"))));
        }
        if !email::is_email(&to) {
            return Ok(Err(HostError::Invalid("the recipient is no email address".to_owned())));
        }
        let fields: Map<String, Json> = match serde_json::from_str(&fields) {
            Ok(fields) => fields,
            Err(error) => return Ok(Err(HostError::Invalid(format!("the data is no object: {error}")))),
        };
        let draft = Draft::mail(&kind, &to, &fields).until(proof_ends_at);
        let queued = outbox::write(data.auth, &data.scope, &draft).await;
        data.scope.note_queued_mail();
        Ok(queued.map_err(HostError::from))
    }
}
