//! The outbox table: deliveries that leave the server after the transaction that wrote them has committed.

use super::Database;
use super::core_models::OUTBOX;
use super::error::StoreError;
use super::models::Models;
use super::query::{Sort, eq, lte};
use super::record::Record;
use super::value::Value;
use crate::clock::Timestamp;

/// A row of the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery(pub Record);

impl Delivery {
    /// The row's id.
    pub fn id(&self) -> &str {
        self.0.text("id")
    }

    /// What kind of delivery it is.
    pub fn kind(&self) -> &str {
        self.0.text("kind")
    }

    /// The content of the delivery.
    pub fn payload(&self) -> &serde_json::Value {
        match self.0.get("payload") {
            Value::Json(json) => json,
            _ => &serde_json::Value::Null,
        }
    }

    /// When it was written.
    pub fn created_at(&self) -> Timestamp {
        self.0.timestamp("createdAt").unwrap_or(Timestamp(0))
    }

    /// How many times it was taken, including this time.
    pub fn attempts(&self) -> i64 {
        self.0.integer("attempts").unwrap_or(0)
    }
}

/// Writes a delivery that is due at once.
///
/// # Errors
/// As `Models::insert`.
pub async fn enqueue(
    database: &dyn Database,
    id: &str,
    kind: &str,
    payload: serde_json::Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut record = Record::new(database.schema().model(OUTBOX)?);
    record.set("id", id)?;
    record.set("kind", kind)?;
    record.set("payload", payload)?;
    record.set("createdAt", now)?;
    record.set("availableAt", now)?;
    database.insert(record).await.map(drop)
}

/// Takes at most `limit` deliveries that are due, oldest first. No one else gets them before `now` plus `lease_secs`;
/// delete or reschedule them by then.
///
/// # Errors
/// As `Models`.
pub async fn take_due(
    database: &dyn Database,
    now: Timestamp,
    lease_secs: i64,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let due = [lte("availableAt", now)];
    let candidates = database.find_many(OUTBOX, &due, Some(Sort::ascending("availableAt")), Some(limit), None).await?;
    let mut taken = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        // The filter on the row as it was read lets one of several takers win.
        let attempts = candidate.integer("attempts").unwrap_or(0);
        let seen = [eq("id", candidate.text("id")), eq("attempts", attempts), lte("availableAt", now)];
        let lease = [("availableAt", now.plus_secs(lease_secs).into()), ("attempts", (attempts + 1).into())];
        taken.extend(database.update(OUTBOX, &seen, &lease).await?.pop().map(Delivery));
    }
    Ok(taken)
}

/// The number of deliveries that still wait.
///
/// # Errors
/// As `Models`.
pub async fn depth(database: &dyn Database) -> Result<u64, StoreError> {
    database.count(OUTBOX, &[]).await
}

/// Removes a finished delivery.
///
/// # Errors
/// As `Models`.
pub async fn delete(database: &dyn Database, id: &str) -> Result<(), StoreError> {
    database.delete(OUTBOX, &[eq("id", id)]).await.map(drop)
}

/// Makes a failed delivery due again at `available_at`.
///
/// # Errors
/// As `Models`.
pub async fn reschedule(
    database: &dyn Database,
    id: &str,
    available_at: Timestamp,
    last_error: &str,
) -> Result<(), StoreError> {
    let values = [("availableAt", available_at.into()), ("lastError", last_error.into())];
    database.update(OUTBOX, &[eq("id", id)], &values).await.map(drop)
}
