//! The outbox and the jobs of plugins as their operator sees them: what waits, tried at once or dropped.
//!
//! Invariant: what a mail says and what a job is given is not shown, for it holds tokens and links. A mail's recipient is:
//! operators look for it.

use serde_json::{Value as Json, json};

use super::retry::LEASE_SECS;
use super::{DECOY, EVENT};
use crate::clock::Timestamp;
use crate::store::outbox::{self, Delivery, JOBS, OUTBOX};
use crate::store::{Database, Filter, Models, Sort, StoreError, eq, gt, ne};

/// Where it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Mails and scripts' events.
    Mail,
    /// Jobs of plugins, their requests to other servers, and events for them.
    Jobs,
}

impl Queue {
    fn table(self) -> &'static str {
        match self {
            Self::Mail => OUTBOX,
            Self::Jobs => JOBS,
        }
    }
}

/// A delivery that is not made yet.
pub struct Waiting {
    /// Its id.
    pub id: String,
    /// The kind of mail, `script:event`, or what a job is.
    pub kind: String,
    /// The recipient's address, or the script; empty for a job.
    pub to: String,
    /// When it was written.
    pub written_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next; while it is being sent, the end of the sender's lease.
    pub next_at: Timestamp,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// Of a job: when it was given up.
    pub failed_at: Option<Timestamp>,
}

/// Which deliveries.
#[derive(Clone, Debug)]
pub enum Which {
    /// The one with this id.
    One(String),
    /// Every one.
    All,
}

/// What became of deliveries that were to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retried {
    /// They are due now.
    pub now: u64,
    /// They were due, or are being sent, or will be within seconds: nothing was changed.
    pub anyway: u64,
}

impl Waiting {
    fn of(delivery: &Delivery) -> Self {
        let part = |name: &str| delivery.payload().get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        Self {
            id: delivery.id().to_owned(),
            kind: delivery.kind().to_owned(),
            to: if delivery.kind() == EVENT { part("hook") } else { part("to") },
            written_at: delivery.created_at(),
            attempts: delivery.attempts(),
            next_at: delivery.available_at(),
            last_error: delivery.last_error().map(str::to_owned),
            failed_at: delivery.failed_at(),
        }
    }

    /// Of a job: whose it is.
    pub fn plugin(&self) -> &str {
        plugin_of(&self.kind)
    }

    /// As the management API shows it.
    pub fn to_json(&self) -> Json {
        json!({
            "id": self.id,
            "kind": self.kind,
            "to": self.to,
            "writtenAt": self.written_at.to_iso(),
            "attempts": self.attempts,
            "nextAttemptAt": self.next_at.to_iso(),
            "lastError": self.last_error,
        })
    }
}

/// The plugin whose job has this kind: `job:plugin:name`.
pub fn plugin_of(kind: &str) -> &str {
    kind.split(':').nth(1).unwrap_or_default()
}

/// Decoys are rows for the sake of time, and nothing that anybody waits for.
fn real() -> Filter {
    ne("kind", DECOY)
}

/// At most `limit` deliveries after `offset`, the next due first, and the number of all.
///
/// # Errors
/// As `Models`.
pub async fn list(
    db: &dyn Database,
    queue: Queue,
    (limit, offset): (u32, u32),
) -> Result<(Vec<Waiting>, u64), StoreError> {
    let table = queue.table();
    let next_first = Some(Sort::ascending("availableAt"));
    let rows = db.find_many(table, &[real()], next_first, Some(limit), Some(offset)).await?;
    let waiting = rows.into_iter().map(|row| Waiting::of(&Delivery(row))).collect();
    Ok((waiting, db.count(table, &[real()]).await?))
}

/// Lets deliveries be tried at once. What is due within the time of a lease stays as it is, because it may be with a sender
/// just now, and another would send it a second time. `None` when there is no such delivery.
///
/// # Errors
/// As `Models`.
pub async fn retry(
    db: &dyn Database,
    queue: Queue,
    which: &Which,
    now: Timestamp,
) -> Result<Option<Retried>, StoreError> {
    let table = queue.table();
    let chosen = chosen(which);
    let number = db.count(table, &chosen).await?;
    if number == 0 && matches!(which, Which::One(_)) {
        return Ok(None);
    }
    let revived = if queue == Queue::Jobs { outbox::revive_jobs(db, &chosen, now).await? } else { 0 };
    let held = [chosen, vec![gt("availableAt", now.plus_secs(LEASE_SECS))]].concat();
    let due = revived + outbox::make_due(db, table, &held, now).await?;
    Ok(Some(Retried { now: due, anyway: number.saturating_sub(due) }))
}

/// Removes deliveries for good, and returns how many there were. One that is being sent just now may still arrive.
///
/// # Errors
/// As `Models`.
pub async fn discard(db: &dyn Database, queue: Queue, which: &Which) -> Result<u64, StoreError> {
    outbox::discard(db, queue.table(), &chosen(which)).await
}

fn chosen(which: &Which) -> Vec<Filter> {
    match which {
        Which::One(id) => vec![real(), eq("id", id.as_str())],
        Which::All => vec![real()],
    }
}
