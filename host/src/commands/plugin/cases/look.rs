//! Looks into the database of a case.

use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::clock::Timestamp;
use crate::outbox::Deliveries;
use crate::store::outbox::JOBS;
use crate::store::{Models, Store, Value, eq, lte};

/// Longest wait for mails that are on their way.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(5);
const MOST_ROWS: u32 = 1000;

/// Every row of a table, with all fields.
///
/// # Errors
/// When there is no such table.
pub(super) async fn rows(store: &Store, model: &str) -> Result<Vec<Json>, String> {
    let found = store.find_many(model, &[], None, Some(MOST_ROWS), None).await.map_err(|error| error.to_string())?;
    let row = |row: &crate::store::Record| {
        let fields = row.model().fields.iter().zip(row.values());
        Json::Object(fields.map(|(field, value)| (field.name.clone(), value.to_json())).collect::<Map<_, _>>())
    };
    Ok(found.iter().map(row).collect())
}

/// Waits until no mail is on its way.
///
/// # Errors
/// When one stays.
pub(super) async fn all_mail_left(store: &Store) -> Result<(), String> {
    let left = async {
        while store.count("doorward_outbox", &[]).await.is_ok_and(|waiting| waiting > 0) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(LONGEST_WAIT, left).await.map_err(|_| "a mail stays in the outbox".to_owned())
}

/// Waits until every job that is due at `now` was tried, and those that it caused.
///
/// # Errors
/// When one stays.
pub(super) async fn all_jobs_done(store: &Store, deliveries: &Deliveries, now: Timestamp) -> Result<(), String> {
    let due = [lte("availableAt", now), eq("failedAt", Value::Null)];
    let left = async {
        let mut quiet = 0;
        // Twice: a job that ends may have caused another after those that are due were counted.
        while quiet < 2 {
            let is_due = store.count(JOBS, &due).await.map_err(|error| error.to_string())? > 0;
            quiet = if is_due || !deliveries.is_idle() { 0 } else { quiet + 1 };
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    };
    let left = tokio::time::timeout(LONGEST_WAIT, left).await;
    left.unwrap_or_else(|_| Err("a job that is due is not done".to_owned()))
}
