//! What a waiting mail is filled with, sealed in its row: it holds links and codes that sign in.

use serde_json::{Map, Value as Json};

use crate::auth::{Auth, AuthError};
use crate::crypto::purpose::Purpose;
use crate::crypto::random::Random;
use crate::crypto::seal::Secrets;

const DATA: &str = "data";
const SEALED: &str = "sealed";

/// Opens payloads.
#[derive(Clone)]
pub(super) struct Opener(Secrets);

impl Opener {
    /// For what this server and those with its secrets wrote.
    pub(super) fn new(auth: &Auth) -> Self {
        Self::of(&auth.config.all_secrets)
    }

    /// For what a server with these secrets wrote.
    pub(super) fn of(secrets: &Secrets) -> Self {
        Self(secrets.derived(Purpose::OutboxData))
    }

    /// For rows in clear alone.
    #[cfg(test)]
    pub(super) fn unlocked() -> Self {
        Self(Secrets::default())
    }

    /// What [`close_all`] sealed. `None` when its secret is gone.
    pub(super) fn whole(&self, payload: &Json) -> Option<Json> {
        serde_json::from_str(&self.0.open(payload.get(SEALED)?.as_str()?)?).ok()
    }

    /// The data of a mail. Rows of older releases have it in clear. `None` when its secret is gone.
    pub(super) fn data(&self, payload: &Json) -> Option<Map<String, Json>> {
        match payload.get(SEALED).and_then(Json::as_str) {
            Some(sealed) => serde_json::from_str(&self.0.open(sealed)?).ok(),
            None => Some(payload.get(DATA).and_then(Json::as_object).cloned().unwrap_or_default()),
        }
    }
}

/// A payload as it is stored when all of it may be secret.
pub(super) fn close_all(auth: &Auth, payload: &Json) -> Result<Json, AuthError> {
    Ok(Json::Object(Map::from_iter([(SEALED.to_owned(), seal(auth, payload)?.into())])))
}

fn seal(auth: &Auth, data: &Json) -> Result<String, AuthError> {
    seal_with(&auth.config.all_secrets, auth.random.as_ref(), data)
}

fn seal_with(secrets: &Secrets, random: &dyn Random, data: &Json) -> Result<String, AuthError> {
    let sealed = secrets.derived(Purpose::OutboxData).seal(random, &data.to_string());
    sealed.ok_or_else(|| AuthError::Internal("there is no secret to seal a payload with".into()))
}

/// As [`close_all`], under these secrets.
pub(super) fn close_all_with(secrets: &Secrets, random: &dyn Random, payload: &Json) -> Result<Json, AuthError> {
    Ok(Json::Object(Map::from_iter([(SEALED.to_owned(), seal_with(secrets, random, payload)?.into())])))
}

/// The payload of a mail as it is stored. Events of scripts hold what their script chose, and stay as they are.
pub(super) fn close(auth: &Auth, payload: &Json) -> Result<Json, AuthError> {
    let mut stored = payload.clone();
    let Some(fields) = stored.as_object_mut().filter(|fields| fields.contains_key("to")) else { return Ok(stored) };
    if let Some(data) = fields.remove(DATA) {
        fields.insert(SEALED.to_owned(), seal(auth, &data)?.into());
    }
    Ok(stored)
}
