//! Counters of the rate limiter, when it counts in the database.

use super::Database;
use super::error::StoreError;
use super::models::Models;
use super::query::{eq, gt, lt, lte};
use super::record::Record;
use crate::clock::Timestamp;

/// Name of the model, which is there after `Schema::add_rate_limit`.
pub const MODEL: &str = "rateLimit";
/// How often a count is tried anew when others change the row between two steps.
const ROUNDS: usize = 3;

/// Counts a request under `key`: at most `max` within `window_ms` of the one before. Returns when the last counted
/// request was if this one is over the limit, and `None` if it may pass. Concurrent requests are counted one by one.
///
/// # Errors
/// As `Models`.
pub async fn count_request(
    database: &dyn Database,
    id: &str,
    key: &str,
    (window_ms, max): (i64, i64),
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let opened = now.0.saturating_sub(window_ms);
    // The window is over: one of the callers starts the next one, the others then find it running.
    let is_over = [eq("key", key), lte("lastRequest", opened)];
    if !database.update(MODEL, &is_over, &[("count", 1.into()), ("lastRequest", now.0.into())]).await?.is_empty() {
        return Ok(None);
    }
    // A row that another caller makes between two steps is met in the next round.
    for _ in 0..ROUNDS {
        if count_in_window(database, key, (opened, max), now).await? {
            return Ok(None);
        }
        match database.find_one(MODEL, &[eq("key", key)]).await? {
            Some(row) if row.integer("count") >= Some(max) => {
                return Ok(Some(Timestamp(row.integer("lastRequest").unwrap_or(now.0))));
            }
            Some(_) => {}
            None => match start(database, id, key, now).await {
                Err(StoreError::UniqueViolation { .. }) => {}
                started => return started.map(|()| None),
            },
        }
    }
    Ok(Some(now))
}

/// Counts one more if the running window has room.
async fn count_in_window(
    database: &dyn Database,
    key: &str,
    (opened, max): (i64, i64),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let has_room = [eq("key", key), gt("lastRequest", opened), lt("count", max)];
    let Some(row) = database.increment(MODEL, &has_room, "count", 1).await? else { return Ok(false) };
    let id = [eq("id", row.text("id")), lt("lastRequest", now.0)];
    database.update(MODEL, &id, &[("lastRequest", now.0.into())]).await?;
    Ok(true)
}

async fn start(database: &dyn Database, id: &str, key: &str, now: Timestamp) -> Result<(), StoreError> {
    let mut record = Record::new(database.schema().model(MODEL)?);
    record.set("id", id)?;
    record.set("key", key)?;
    record.set("count", 1)?;
    record.set("lastRequest", now.0)?;
    database.insert(record).await.map(drop)
}

/// Removes counters whose last request is older than `before`.
///
/// # Errors
/// As `Models`.
pub async fn sweep(database: &dyn Database, before: Timestamp) -> Result<u64, StoreError> {
    database.delete(MODEL, &[lt("lastRequest", before.0)]).await
}
