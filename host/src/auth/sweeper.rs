//! Removes what has expired: in small batches, beside the requests, from every table whose rows end by themselves.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::Auth;
use super::audit::{self, Keys};
use crate::clock::Timestamp;
use crate::store::event;
use crate::store::expired::{self, Expiring};
use crate::store::{Store, StoreError};

/// Between two rounds, and before the first.
const EVERY: Duration = Duration::from_secs(600);
/// Between two batches, so that requests come first.
const PAUSE: Duration = Duration::from_millis(20);
/// Rows of one batch.
const BATCH: u32 = 200;
/// What expired less than so long ago stays: whoever comes with it is told that it is over, not that it never was.
const GRACE_SECS: i64 = 3600;

/// No event for another system is tried for so long: its receiver is not in the configuration any more.
const ABANDONED_DAYS: i64 = 60;

/// The sweeper that runs; it ends when this is dropped.
pub struct Sweeper(JoinHandle<()>);

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts a sweeper.
pub fn start(store: Store, auth: Arc<Auth>) -> Sweeper {
    Sweeper(tokio::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = sweep_audit(&store, &auth).await {
                tracing::warn!(%error, "old events of the audit log cannot be removed now");
            }
            if let Err(error) = sweep_events(&store, auth.now()).await {
                tracing::warn!(%error, "old deliveries of events cannot be removed now");
            }
            match sweep(&store, auth.now().plus_secs(-GRACE_SECS)).await {
                Ok(swept) => {
                    let rows: u64 = swept.iter().map(|(_, rows)| rows).sum();
                    tracing::debug!(rows, "expired rows were removed");
                }
                Err(error) => tracing::warn!(%error, "expired rows cannot be removed now"),
            }
        }
    }))
}

/// Removes every row that had expired at `moment`; each table with the number of its rows that are gone.
///
/// # Errors
/// When the store fails; what was removed until then stays so.
pub async fn sweep(store: &Store, moment: Timestamp) -> Result<Vec<(String, u64)>, StoreError> {
    let mut swept = Vec::new();
    for table in Expiring::all(store) {
        let mut rows = 0;
        loop {
            let removed = expired::remove_some(store, &table, moment, BATCH).await?;
            rows += removed;
            if removed < u64::from(BATCH) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        swept.push((table.model.into_owned(), rows));
    }
    Ok(swept)
}

/// Removes deliveries of events that were kept for long enough, and returns how many there were.
///
/// # Errors
/// As [`sweep`].
pub async fn sweep_events(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let mut rows = 0;
    loop {
        let removed = event::remove_some(store, (now, now.plus_secs(-ABANDONED_DAYS * 86_400)), BATCH).await?;
        rows += removed;
        if removed < u64::from(BATCH) {
            return Ok(rows);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Removes the events that are older than `audit.retention` says, and returns how many there were.
///
/// # Errors
/// As [`sweep`].
pub async fn sweep_audit(store: &Store, auth: &Auth) -> Result<u64, StoreError> {
    let days = i64::from(auth.config.audit.retention);
    if days == 0 {
        return Ok(0);
    }
    let (keys, cutoff) = (Keys::of(&auth.config), auth.now().plus_secs(-days * 86_400));
    let mut rows = 0;
    loop {
        match audit::remove_some(store, &keys, cutoff, BATCH).await {
            Ok(0) => return Ok(rows),
            Ok(removed) => rows += removed,
            // Another node wrote an event meanwhile.
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
