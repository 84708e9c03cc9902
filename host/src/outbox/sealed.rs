//! What a waiting mail is filled with, sealed in its row: it holds links and codes that sign in.

use serde_json::{Map, Value as Json};

use crate::auth::{Auth, AuthError};
use crate::crypto::purpose::Purpose;
use crate::crypto::seal::Secrets;

const DATA: &str = "data";
const SEALED: &str = "sealed";

/// Opens payloads.
#[derive(Clone)]
pub(super) struct Opener(Secrets);

impl Opener {
    /// For what this server and those with its secrets wrote.
    pub(super) fn new(auth: &Auth) -> Self {
        Self(auth.config.all_secrets.derived(Purpose::OutboxData))
    }

    /// For rows in clear alone.
    #[cfg(test)]
    pub(super) fn unlocked() -> Self {
        Self(Secrets::default())
    }

    /// The data of a mail. Rows of older releases have it in clear. `None` when its secret is gone.
    pub(super) fn data(&self, payload: &Json) -> Option<Map<String, Json>> {
        match payload.get(SEALED).and_then(Json::as_str) {
            Some(sealed) => serde_json::from_str(&self.0.open(sealed)?).ok(),
            None => Some(payload.get(DATA).and_then(Json::as_object).cloned().unwrap_or_default()),
        }
    }
}

/// The payload of a mail as it is stored. Events of scripts hold what their script chose, and stay as they are.
pub(super) fn close(auth: &Auth, payload: &Json) -> Result<Json, AuthError> {
    let mut stored = payload.clone();
    let Some(fields) = stored.as_object_mut().filter(|fields| fields.contains_key("to")) else { return Ok(stored) };
    if let Some(data) = fields.remove(DATA) {
        let keys = auth.config.all_secrets.derived(Purpose::OutboxData);
        let sealed = keys.seal(auth.random.as_ref(), &data.to_string());
        let sealed = sealed.ok_or_else(|| AuthError::Internal("there is no secret to seal a mail with".into()))?;
        fields.insert(SEALED.to_owned(), sealed.into());
    }
    Ok(stored)
}
