//! The events for other systems as their operator sees them: receivers, deliveries, and deliveries made again.
//!
//! Invariant: what an event says is shown to operators at the terminal alone, who can read the database anyway.

use serde_json::{Value as Json, json};

use crate::clock::Timestamp;
use crate::config::{AUDIT_RECEIVER, Config, shown_origin};
use crate::outbox::sealed::Opener;
use crate::store::event::{self, State};
use crate::store::{Database, Filter, Models, Record, StoreError, Value, eq, gte};

/// Somebody who gets events.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// `webhook`, `audit` or `ssf`.
    pub form: &'static str,
    /// Where it is, without the path, which may be secret.
    pub origin: String,
    /// What it asks for.
    pub events: Vec<String>,
    /// Whether the configuration lets events go there.
    pub is_enabled: bool,
    /// When it was disabled by its own answer.
    pub disabled_at: Option<Timestamp>,
    /// Deliveries that are not made yet, and since when the oldest waits.
    pub waiting: (u64, Option<Timestamp>),
    /// Deliveries that were given up, and are kept.
    pub failed: u64,
}

impl Receiver {
    /// As operators' endpoints show it.
    pub fn to_json(&self) -> Json {
        json!({
            "name": self.name, "form": self.form, "origin": self.origin, "events": self.events, "enabled": self.is_enabled,
            "disabledAt": self.disabled_at.map(Timestamp::to_iso), "waiting": self.waiting.0,
            "oldestWaitingAt": self.waiting.1.map(Timestamp::to_iso), "failed": self.failed,
        })
    }
}

/// Everybody who gets events, in the order of the configuration.
///
/// # Errors
/// When the store fails.
pub async fn receivers(db: &dyn Database, config: &Config) -> Result<Vec<Receiver>, StoreError> {
    let form = |name: &str| if name == AUDIT_RECEIVER { "audit" } else { "webhook" };
    let hooks = config.all_webhooks().into_iter();
    let hooks = hooks.map(|hook| (hook.name.clone(), form(&hook.name), hook.url, hook.events, hook.enabled));
    let streams = config.ssf.iter().flat_map(|ssf| ssf.streams.iter().cloned());
    let streams = streams.map(|stream| (stream.name, "ssf", stream.url, stream.events, stream.enabled));
    let mut found = Vec::new();
    for (name, form, url, events, is_enabled) in hooks.chain(streams) {
        let of_it = [eq("receiver", name.as_str())];
        let known = event::find_receiver(db, &name).await?;
        found.push(Receiver {
            disabled_at: known.and_then(|row| row.timestamp("disabledAt")),
            waiting: event::count(db, &of_it, State::Waiting).await?,
            failed: event::count(db, &of_it, State::Failed).await?.0,
            origin: shown_origin(&url),
            name,
            form,
            events,
            is_enabled,
        });
    }
    Ok(found)
}

/// Which deliveries are wanted: all conditions hold.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The id of the delivery, or of the event.
    pub id: Option<String>,
    /// Who gets them.
    pub receiver: Option<String>,
    /// `waiting`, `delivered` or `failed`.
    pub state: Option<String>,
    /// Written at this moment or later.
    pub since: Option<Timestamp>,
}

impl Wanted {
    fn filters(&self) -> Vec<Filter> {
        let id = self.id.as_deref().map(|id| Filter::Any(vec![eq("id", id), eq("event", id)]));
        let receiver = self.receiver.as_deref().map(|name| eq("receiver", name));
        let state = self.state.as_deref().map(|state| eq("state", state));
        let since = self.since.map(|at| gte("createdAt", at));
        [id, receiver, state, since].into_iter().flatten().collect()
    }
}

/// A delivery, without what it says.
pub fn to_json(row: &Record) -> Json {
    let is_waiting = row.text("state") == State::Waiting.name();
    let time = |name: &str| row.timestamp(name).map(Timestamp::to_iso);
    json!({
        "id": row.text("id"), "event": row.text("event"), "kind": row.text("kind"), "receiver": row.text("receiver"),
        "state": row.text("state"), "attempts": row.integer("attempts").unwrap_or(0), "writtenAt": time("createdAt"),
        "nextAttemptAt": if is_waiting { time("availableAt") } else { None },
        "endedAt": time("endedAt"), "lastError": row.opt_text("lastError"),
    })
}

/// At most `limit` deliveries after `offset`, the newest first, and the number of all.
///
/// # Errors
/// When the store fails.
pub async fn list(db: &dyn Database, wanted: &Wanted, page: (u32, u32)) -> Result<(Vec<Record>, u64), StoreError> {
    let filters = wanted.filters();
    Ok((event::list(db, &filters, page).await?, db.count(event::EVENTS, &filters).await?))
}

/// What a delivery says; none when the secret that sealed it is gone.
pub fn content(config: &Config, row: &Record) -> Option<Json> {
    match row.get("payload") {
        Value::Json(payload) => Opener::of(&config.all_secrets).whole(payload),
        _ => None,
    }
}

/// Lets deliveries that have ended be made again, and returns how many there are.
///
/// # Errors
/// When the store fails.
pub async fn replay(db: &dyn Database, wanted: &Wanted, now: Timestamp) -> Result<u64, StoreError> {
    event::replay(db, &wanted.filters(), now).await
}

/// Lets a receiver that was disabled get events again. False when it was not.
///
/// # Errors
/// When the store fails.
pub async fn enable(db: &dyn Database, name: &str) -> Result<bool, StoreError> {
    let known = event::find_receiver(db, name).await?;
    if known.is_none_or(|row| row.timestamp("disabledAt").is_none()) {
        return Ok(false);
    }
    event::set_receiver(db, name, &[("disabledAt", Value::Null), ("reason", Value::Null)]).await?;
    Ok(true)
}
