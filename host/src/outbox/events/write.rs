//! Writes an event: one row for each receiver that wants it, in the transaction of what it tells of.

use serde_json::{Map, Value as Json, json};

use super::kinds::Told;
use super::set;
use crate::auth::{Auth, AuthError, Scope};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::crypto::random::Random;
use crate::outbox::sealed;
use crate::store::event::{self, NewEvent};
use crate::store::{Database, Record, User, user};

/// The table of the plugin `passkey`.
const PASSKEY: &str = "passkey";

/// What writing needs.
pub(super) struct Pen<'a> {
    pub(super) config: &'a Config,
    pub(super) random: &'a dyn Random,
    pub(super) now: Timestamp,
}

impl Pen<'_> {
    /// Writes the row of one event and receiver.
    pub(super) async fn row(
        &self,
        db: &dyn Database,
        (event, kind, receiver): (&str, &str, &str),
        payload: &Json,
    ) -> Result<(), AuthError> {
        let payload = sealed::close_all_with(&self.config.all_secrets, self.random, payload)?;
        let id = self.random.id();
        let row = NewEvent { id: &id, event, kind, receiver, payload, now: self.now };
        Ok(event::add(db, row).await?)
    }

    /// The id of a new event.
    pub(super) fn event_id(&self) -> String {
        format!("msg_{}", self.random.id())
    }
}

/// What a webhook is posted.
pub(super) fn body(kind: &str, at: Timestamp, data: &Json) -> Json {
    json!({ "type": kind, "timestamp": at.to_iso(), "data": data })
}

/// Writes an event for everybody who wants it. `scope` is the transaction of what it tells of.
///
/// # Errors
/// When the store fails.
pub async fn tell(auth: &Auth, scope: &Scope, told: &Told) -> Result<(), AuthError> {
    let pen = Pen { config: &auth.config, random: auth.random.as_ref(), now: auth.now() };
    let event = pen.event_id();
    let mut data = told.data.clone();
    data.extend(circumstances(scope));
    let body = body(told.kind, pen.now, &Json::Object(data));
    let mut is_written = false;
    for hook in auth.config.webhooks.iter().filter(|hook| hook.wants(told.kind)) {
        pen.row(scope, (&event, told.kind, &hook.name), &body).await?;
        is_written = true;
    }
    if let Some(ssf) = &auth.config.ssf {
        for stream in ssf.streams.iter().filter(|stream| stream.enabled) {
            let Some(claims) = set::claims(&auth.config, stream, told, (initiator(scope, &told.user_id), pen.now))
            else {
                continue;
            };
            pen.row(scope, (&event, told.kind, &stream.name), &claims).await?;
            is_written = true;
        }
    }
    if is_written {
        scope.note_queued_mail();
    }
    Ok(())
}

/// Who did it and from where, as far as it is known.
fn circumstances(scope: &Scope) -> Map<String, Json> {
    let mut known = Map::new();
    let Some(cause) = scope.cause() else { return known };
    if let Some(actor) = cause.actor() {
        known.insert("actor".to_owned(), json!({ "id": actor.user.id() }));
    }
    known.insert("request".to_owned(), json!({ "id": cause.head.id, "client": cause.head.client_address }));
    known
}

/// Who caused it, in the words of CAEP.
fn initiator(scope: &Scope, user_id: &str) -> &'static str {
    match scope.cause().map(|cause| cause.actor()) {
        None => "system",
        Some(Some(actor)) if actor.user.id() != user_id => "admin",
        Some(_) => "user",
    }
}

/// Tells that a plugin wrote or removed a row of its own table. Nothing is told of most tables.
///
/// # Errors
/// When the store fails.
pub async fn plugin_row(auth: &Auth, scope: &Scope, row: &Record, is_added: bool) -> Result<(), AuthError> {
    if row.model().name != PASSKEY || !is_anybody_there(&auth.config) {
        return Ok(());
    }
    let text = |name: &str| row.opt_text(name).map(str::to_owned);
    let user_id = text("userId").unwrap_or_default();
    let passkey = json!({ "id": row.text("id"), "name": text("name"), "transports": text("transports") });
    let change = if is_added { "added" } else { "removed" };
    let data = [("user", json!({ "id": user_id })), ("change", json!(change)), ("passkey", passkey)];
    let data = data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let email = address_of(auth, scope, &user_id).await?;
    tell(auth, scope, &Told { kind: "passkey.changed", user_id, email, data }).await
}

/// Whether a plugin's table is one of which something is told.
pub fn tells_of(auth: &Auth, table: &str) -> bool {
    table == PASSKEY && is_anybody_there(&auth.config)
}

fn is_anybody_there(config: &Config) -> bool {
    !config.webhooks.is_empty() || config.ssf.is_some()
}

/// The user's address, where a stream names users by it.
pub(super) async fn address_of(auth: &Auth, scope: &Scope, user_id: &str) -> Result<Option<String>, AuthError> {
    if !set::names_by_address(&auth.config) {
        return Ok(None);
    }
    Ok(user::find_user_by_id(scope, user_id).await?.as_ref().map(User::email).map(str::to_owned))
}
