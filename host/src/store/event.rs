//! The table of events for other systems, which is the queue of what waits and the log of what became of it, and how far each
//! receiver is.

use super::Database;
pub use super::core_models::{EVENT_KEY, EVENTS, RECEIVER};
use super::error::StoreError;
use super::models::Models;
use super::outbox::Delivery;
use super::query::{Filter, Sort, eq, lt, lte, ne, one_of};
use super::record::Record;
use super::value::Value;
use crate::clock::Timestamp;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is not made yet.
    Waiting,
    /// It was made.
    Delivered,
    /// It was given up.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Failed];

    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// A delivery that is not written yet.
#[derive(Clone, Debug)]
pub struct NewEvent<'a> {
    /// The row's id.
    pub id: &'a str,
    /// The event's id, the same for every receiver.
    pub event: &'a str,
    /// The kind of event.
    pub kind: &'a str,
    /// Who gets it.
    pub receiver: &'a str,
    /// What it says.
    pub payload: serde_json::Value,
    /// When it is written, and due.
    pub now: Timestamp,
}

/// Writes a delivery that is due at once.
///
/// # Errors
/// As `Models::insert`.
pub async fn add(database: &dyn Database, event: NewEvent<'_>) -> Result<(), StoreError> {
    let mut record = Record::new(database.schema().model(EVENTS)?);
    record.set("id", event.id)?;
    record.set("kind", event.kind)?;
    record.set("receiver", event.receiver)?;
    record.set("event", event.event)?;
    record.set("state", State::Waiting.name())?;
    record.set("payload", event.payload)?;
    record.set("createdAt", event.now)?;
    record.set("availableAt", event.now)?;
    database.insert(record).await.map(drop)
}

/// Notes what became of a delivery. It stays until `keep_until`. Whoever lost it to another taker changes nothing.
///
/// # Errors
/// As `Models`.
pub async fn end(
    database: &dyn Database,
    delivery: &Delivery,
    (state, error): (State, Option<&str>),
    (now, keep_until): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let as_taken = [eq("id", delivery.id()), eq("attempts", delivery.attempts())];
    let values = [
        ("state", state.name().into()),
        ("endedAt", now.into()),
        // What has ended is due when it may be removed, so that nobody looks at it when looking for what is due.
        ("availableAt", keep_until.into()),
        ("lastError", error.map_or(Value::Null, Value::from)),
    ];
    database.update(EVENTS, &as_taken, &values).await.map(drop)
}

/// Lets these deliveries be made again, from the first attempt on, and returns how many there are.
///
/// # Errors
/// As `Models`.
pub async fn replay(database: &dyn Database, which: &[Filter], now: Timestamp) -> Result<u64, StoreError> {
    let ended = [which, &[ne("state", State::Waiting.name())]].concat();
    let values = [
        ("state", State::Waiting.name().into()),
        ("attempts", 0_i64.into()),
        ("availableAt", now.into()),
        ("endedAt", Value::Null),
    ];
    Ok(database.update(EVENTS, &ended, &values).await?.len() as u64)
}

/// At most `limit` deliveries that match, the newest first.
///
/// # Errors
/// As `Models`.
pub async fn list(
    database: &dyn Database,
    which: &[Filter],
    (limit, offset): (u32, u32),
) -> Result<Vec<Record>, StoreError> {
    let newest = Some(Sort::descending("createdAt"));
    database.find_many(EVENTS, which, newest, Some(limit), Some(offset)).await
}

/// The number of deliveries in a state, and when the oldest of them was written.
///
/// # Errors
/// As `Models`.
pub async fn count(
    database: &dyn Database,
    which: &[Filter],
    state: State,
) -> Result<(u64, Option<Timestamp>), StoreError> {
    let which = [which, &[eq("state", state.name())]].concat();
    let number = database.count(EVENTS, &which).await?;
    if number == 0 {
        return Ok((0, None));
    }
    let first = database.find_many(EVENTS, &which, Some(Sort::ascending("createdAt")), Some(1), None).await?;
    Ok((number, first.first().and_then(|row| row.timestamp("createdAt"))))
}

/// Removes at most `limit` deliveries that ended and were kept for long enough, or that have waited since before `abandoned`
/// for a receiver that nobody knows; returns how many.
///
/// # Errors
/// As `Models`.
pub async fn remove_some(
    database: &dyn Database,
    (now, abandoned): (Timestamp, Timestamp),
    limit: u32,
) -> Result<u64, StoreError> {
    let ended = Filter::All(vec![ne("state", State::Waiting.name()), lte("availableAt", now)]);
    let which = Filter::Any(vec![ended, lt("createdAt", abandoned)]);
    let rows = database.find_many(EVENTS, std::slice::from_ref(&which), None, Some(limit), None).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let ids = rows.iter().map(|row| row.text("id").into()).collect();
    database.delete(EVENTS, &[one_of("id", ids), which]).await
}

/// How far a receiver is; none before it was first looked at.
///
/// # Errors
/// As `Models`.
pub async fn find_receiver(database: &dyn Database, name: &str) -> Result<Option<Record>, StoreError> {
    database.find_one(RECEIVER, &[eq("id", name)]).await
}

/// Writes what is known of a receiver, whether or not there was anything.
///
/// # Errors
/// As `Models`.
pub async fn set_receiver(database: &dyn Database, name: &str, values: &[(&str, Value)]) -> Result<(), StoreError> {
    if !database.update(RECEIVER, &[eq("id", name)], values).await?.is_empty() {
        return Ok(());
    }
    let mut record = Record::new(database.schema().model(RECEIVER)?);
    record.set("id", name)?;
    for (field, value) in values {
        record.set(field, value.clone())?;
    }
    match database.insert(record).await {
        // Another node was faster; what it wrote is as good.
        Ok(_) | Err(StoreError::UniqueViolation { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Moves the position of a receiver from where it was seen. False when another node was faster.
///
/// # Errors
/// As `Models`.
pub async fn move_receiver(database: &dyn Database, name: &str, (from, to): (i64, i64)) -> Result<bool, StoreError> {
    let seen = [eq("id", name), eq("position", from)];
    Ok(!database.update(RECEIVER, &seen, &[("position", to.into())]).await?.is_empty())
}

/// Takes a receiver for the time until `until`, unless another node has it.
///
/// # Errors
/// As `Models`.
pub async fn lease_receiver(
    database: &dyn Database,
    name: &str,
    (now, until): (Timestamp, Timestamp),
) -> Result<bool, StoreError> {
    let is_free = Filter::Any(vec![eq("leasedUntil", Value::Null), lte("leasedUntil", now)]);
    Ok(!database.update(RECEIVER, &[eq("id", name), is_free], &[("leasedUntil", until.into())]).await?.is_empty())
}

/// The keys that sign events, the newest first.
///
/// # Errors
/// As `Models`.
pub async fn keys(database: &dyn Database) -> Result<Vec<Record>, StoreError> {
    database.find_many(EVENT_KEY, &[], Some(Sort::descending("id")), None, None).await
}

/// Writes a key. Another node that made one of this number at the same time has made one as good.
///
/// # Errors
/// As `Models`.
pub async fn add_key(database: &dyn Database, key: Record) -> Result<(), StoreError> {
    match database.insert(key).await {
        Ok(_) | Err(StoreError::UniqueViolation { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
