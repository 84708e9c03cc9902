//! The outbox table: deliveries that leave the server after the transaction that wrote them has committed.

use super::Database;
pub use super::core_models::OUTBOX;
use super::error::StoreError;
use super::models::Models;
use super::open::Store;
use super::query::{Filter, Sort, eq, gt, lte};
use super::record::Record;
use super::value::Value;
use crate::clock::Timestamp;

/// The member of a payload that says, in milliseconds since 1970, when the delivery is of no use any more.
pub const ENDS_AT: &str = "endsAt";

/// A clock that other processes see may differ by so much from this one's.
const SKEW_SECS: i64 = 30;

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

    /// When it is of no use any more.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.payload().get(ENDS_AT).and_then(serde_json::Value::as_i64).map(Timestamp)
    }

    /// When it may be taken next.
    pub fn available_at(&self) -> Timestamp {
        self.0.timestamp("availableAt").unwrap_or(Timestamp(0))
    }

    /// Why it was not made when it was last tried.
    pub fn last_error(&self) -> Option<&str> {
        self.0.opt_text("lastError").filter(|error| !error.is_empty())
    }

    /// How often it was taken, this time included.
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

/// Takes at most `limit` of these deliveries that are due, oldest first. Nobody else gets them before `now` plus
/// `lease_secs`; by then they must be deleted or postponed.
///
/// # Errors
/// As `Models`.
pub async fn take_due(
    database: &dyn Database,
    which: &[Filter],
    now: Timestamp,
    (lease_secs, limit): (i64, u32),
) -> Result<Vec<Delivery>, StoreError> {
    let due = [&[lte("availableAt", now)], which].concat();
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

/// Makes due what waits for longer than `longest_wait_secs` of its attempts: only a clock that stepped back does that.
///
/// # Errors
/// As `Models`.
pub async fn release_held(
    database: &dyn Database,
    now: Timestamp,
    longest_wait_secs: fn(i64) -> i64,
) -> Result<(), StoreError> {
    let far = [gt("availableAt", now.plus_secs(longest_wait_secs(0) + SKEW_SECS))];
    for row in database.find_many(OUTBOX, &far, Some(Sort::descending("availableAt")), None, None).await? {
        let row = Delivery(row);
        let latest = now.plus_secs(longest_wait_secs(row.attempts()) + SKEW_SECS);
        if row.0.timestamp("availableAt").is_some_and(|available| available > latest) {
            postpone(database, &row, now, None).await?;
        }
    }
    Ok(())
}

/// Lets these deliveries be taken now, and returns how many there are.
///
/// # Errors
/// As `Models`.
pub async fn make_due(database: &dyn Database, which: &[Filter], now: Timestamp) -> Result<u64, StoreError> {
    Ok(database.update(OUTBOX, which, &[("availableAt", now.into())]).await?.len() as u64)
}

/// The number of deliveries that are not made yet.
///
/// # Errors
/// As `Models`.
pub async fn depth(database: &dyn Database) -> Result<u64, StoreError> {
    database.count(OUTBOX, &[]).await
}

/// When the oldest delivery was written that is not made yet; `None` when there is none.
///
/// # Errors
/// As `Models`.
pub async fn oldest(database: &dyn Database) -> Result<Option<Timestamp>, StoreError> {
    let first = database.find_many(OUTBOX, &[], Some(Sort::ascending("createdAt")), Some(1), None).await?;
    Ok(first.into_iter().next().map(|row| Delivery(row).created_at()))
}

/// Writes a row and takes it back in one transaction, so that nobody ever sees it. It fails wherever writing does, as on a
/// full disk or in a database that has become read-only.
///
/// # Errors
/// As `Models`.
pub async fn try_writing(store: &Store, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    enqueue(&transaction, id, "probe", serde_json::Value::Null, now).await?;
    delete(&transaction, id).await?;
    transaction.commit().await
}

/// Removes a finished delivery.
///
/// # Errors
/// As `Models`.
pub async fn delete(database: &dyn Database, id: &str) -> Result<(), StoreError> {
    database.delete(OUTBOX, &[eq("id", id)]).await.map(drop)
}

/// Removes these deliveries, and returns how many there were.
///
/// # Errors
/// As `Models`.
pub async fn discard(database: &dyn Database, which: &[Filter]) -> Result<u64, StoreError> {
    database.delete(OUTBOX, which).await
}

/// Lets a delivery be taken at `available_at`, and says what went wrong. Whoever lost it to another taker changes nothing.
///
/// # Errors
/// As `Models`.
pub async fn postpone(
    database: &dyn Database,
    delivery: &Delivery,
    available_at: Timestamp,
    last_error: Option<&str>,
) -> Result<(), StoreError> {
    let own = [eq("id", delivery.id()), eq("attempts", delivery.attempts())];
    let mut values = vec![("availableAt", available_at.into())];
    values.extend(last_error.map(|error| ("lastError", error.into())));
    database.update(OUTBOX, &own, &values).await.map(drop)
}
