//! Capability `mail`: a row of the outbox, in the transaction that is open.

use serde_json::{Map, Value as Json};

use super::super::state::State;
use super::interfaces::mail::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::email;
use crate::store::Database;

impl Host for State {
    async fn enqueue(&mut self, kind: String, to: String, data: String) -> wasmtime::Result<Answer<()>> {
        let is_declared = self.shared.rights.mails.contains(&kind);
        let (work, transaction) = self.parts()?;
        if !is_declared {
            return Ok(Err(HostError::Denied(format!("the manifest declares no mail of the kind `{kind}`"))));
        }
        if !email::is_email(&to) {
            return Ok(Err(HostError::Invalid("the recipient is no email address".to_owned())));
        }
        let data: Map<String, Json> = match serde_json::from_str(&data) {
            Ok(data) => data,
            Err(error) => return Ok(Err(HostError::Invalid(format!("the data is no object: {error}")))),
        };
        let store = work.exchange.auth().store.clone();
        let db: &dyn Database = match transaction {
            Some(transaction) => transaction,
            None => &store,
        };
        Ok(work.exchange.queue_mail(db, &kind, &to, &data).await.map_err(HostError::from))
    }
}
