//! The tables of the audit log: rows with numbers, and the head that says where they begin and end.

use super::Database;
use super::core_models::{AUDIT, AUDIT_HEAD};
use super::error::StoreError;
use super::models::Models;
use super::query::{Sort, eq, gte, lte};
use super::record::Record;

/// The id of the one row of the head.
pub const MAIN: &str = "main";

/// The head; none before the first event.
///
/// # Errors
/// As `Models`.
pub async fn find_head(database: &dyn Database) -> Result<Option<Record>, StoreError> {
    database.find_one(AUDIT_HEAD, &[eq("id", MAIN)]).await
}

/// As [`find_head`], for a transaction that moves it: others who want to wait until the transaction ends.
///
/// # Errors
/// As `Models`.
pub async fn lock_head(database: &dyn Database) -> Result<Option<Record>, StoreError> {
    Ok(database.find_for_update(AUDIT_HEAD, &[eq("id", MAIN)]).await?.pop())
}

/// Writes the first head.
///
/// # Errors
/// `Conflict` when there is one already.
pub async fn add_head(database: &dyn Database, head: Record) -> Result<(), StoreError> {
    match database.insert(head).await {
        Ok(_) => Ok(()),
        Err(StoreError::UniqueViolation { .. }) => Err(StoreError::Conflict),
        Err(error) => Err(error),
    }
}

/// Puts `head` in place of the one that was seen with these ends and this tip.
///
/// # Errors
/// `Conflict` when it is not there any more.
pub async fn move_head(
    database: &dyn Database,
    (first, last, tip): (i64, i64, &str),
    head: &Record,
) -> Result<(), StoreError> {
    let as_seen = [eq("id", MAIN), eq("first", first), eq("last", last), eq("tip", tip)];
    let values = ["first", "last", "anchor", "tip", "mac"].map(|field| (field, head.get(field).clone()));
    let moved = database.update(AUDIT_HEAD, &as_seen, &values).await?;
    if moved.is_empty() { Err(StoreError::Conflict) } else { Ok(()) }
}

/// Writes an event.
///
/// # Errors
/// As `Models::insert`.
pub async fn add(database: &dyn Database, event: Record) -> Result<(), StoreError> {
    database.insert(event).await.map(drop)
}

/// At most `limit` events with numbers from `first` to `last`, the oldest first.
///
/// # Errors
/// As `Models`.
pub async fn between(
    database: &dyn Database,
    (first, last): (i64, i64),
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let filters = [gte("seq", first), lte("seq", last)];
    database.find_many(AUDIT, &filters, Some(Sort::ascending("seq")), Some(limit), None).await
}

/// Removes every event up to this number, and returns how many there were.
///
/// # Errors
/// As `Models`.
pub async fn remove_until(database: &dyn Database, last: i64) -> Result<u64, StoreError> {
    database.delete(AUDIT, &[lte("seq", last)]).await
}
