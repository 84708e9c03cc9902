//! The tables of what is done after the transaction that wrote it has committed: deliveries, and jobs of plugins. Whoever takes
//! a row has it for the time of a lease.

use super::Database;
pub use super::core_models::{EVENTS, JOBS, OUTBOX};
use super::error::StoreError;
use super::models::Models;
use super::open::Store;
use super::query::{Filter, Sort, eq, gt, lte, ne};
use super::record::Record;
use super::value::Value;
use crate::clock::Timestamp;

/// The member of a payload that says, in milliseconds since 1970, when the delivery is of no use any more.
pub const ENDS_AT: &str = "endsAt";

/// A clock that other processes see may differ by so much from this one's.
const SKEW_SECS: i64 = 30;

/// A row of one of the tables.
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

    /// Whether it is a job.
    pub fn is_job(&self) -> bool {
        self.model_name() == JOBS
    }

    /// Whether it is an event for another system.
    pub fn is_event(&self) -> bool {
        self.model_name() == EVENTS
    }

    /// Of an event for another system: who gets it.
    pub fn receiver(&self) -> &str {
        self.0.text("receiver")
    }

    /// Of an event for another system: the event's id.
    pub fn event(&self) -> &str {
        self.0.text("event")
    }

    /// Of a job with a schedule: its period.
    pub fn every_secs(&self) -> Option<i64> {
        self.0.integer("everySecs")
    }

    /// Of a job: when it was given up.
    pub fn failed_at(&self) -> Option<Timestamp> {
        self.0.timestamp("failedAt")
    }

    fn model_name(&self) -> &str {
        &self.0.model().name
    }

    /// The row as it was taken: whoever lost it to another taker means none.
    fn as_taken(&self) -> [Filter; 2] {
        [eq("id", self.id()), eq("attempts", self.attempts())]
    }
}

/// A job that is not written yet.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// The row's id.
    pub id: &'a str,
    /// Which job it is.
    pub kind: &'a str,
    /// What it is given.
    pub payload: serde_json::Value,
    /// When it is written.
    pub now: Timestamp,
    /// When it is due.
    pub due: Timestamp,
    /// Its period, when it has a schedule.
    pub every_secs: Option<i64>,
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
    database.insert(row(database, OUTBOX, (id, kind), payload, [now, now])?).await.map(drop)
}

/// Writes a job.
///
/// # Errors
/// As `Models::insert`.
pub async fn enqueue_job(database: &dyn Database, job: NewJob<'_>) -> Result<(), StoreError> {
    let mut record = row(database, JOBS, (job.id, job.kind), job.payload, [job.now, job.due])?;
    record.set("everySecs", job.every_secs.map_or(Value::Null, Value::Integer))?;
    database.insert(record).await.map(drop)
}

/// A row of `table` that was written and is due at these times.
fn row(
    database: &dyn Database,
    table: &str,
    (id, kind): (&str, &str),
    payload: serde_json::Value,
    [written, due]: [Timestamp; 2],
) -> Result<Record, StoreError> {
    let mut record = Record::new(database.schema().model(table)?);
    record.set("id", id)?;
    record.set("kind", kind)?;
    record.set("payload", payload)?;
    record.set("createdAt", written)?;
    record.set("availableAt", due)?;
    Ok(record)
}

/// Writes a job with a schedule, unless it is there with this schedule; another schedule is put in the place of its own.
///
/// # Errors
/// As `Models`.
pub async fn plan_job(database: &dyn Database, job: NewJob<'_>) -> Result<(), StoreError> {
    let (id, every) = (job.id, job.every_secs);
    match database.find_one(JOBS, &[eq("id", id)]).await? {
        None => match enqueue_job(database, job).await {
            // Another node was faster.
            Err(StoreError::UniqueViolation { .. }) => Ok(()),
            written => written,
        },
        Some(row) if row.integer("everySecs") == every => Ok(()),
        Some(row) => {
            let seen = [eq("id", id), eq("attempts", row.integer("attempts").unwrap_or(0))];
            let every = every.map_or(Value::Null, Value::Integer);
            database.update(JOBS, &seen, &[("everySecs", every), ("availableAt", job.due.into())]).await.map(drop)
        }
    }
}

/// Lets a job with a schedule wait for `due`, and says what went wrong, if anything did. Whoever lost it to another taker changes
/// nothing.
///
/// # Errors
/// As `Models`.
pub async fn rest_job(
    database: &dyn Database,
    job: &Delivery,
    due: Timestamp,
    last_error: Option<&str>,
) -> Result<(), StoreError> {
    let error = last_error.map_or(Value::Null, Value::from);
    let values = [("availableAt", due.into()), ("attempts", 0_i64.into()), ("lastError", error)];
    database.update(JOBS, &job.as_taken(), &values).await.map(drop)
}

/// Gives a job up: it stays, and nobody takes it.
///
/// # Errors
/// As `Models`.
pub async fn fail_job(
    database: &dyn Database,
    job: &Delivery,
    now: Timestamp,
    last_error: &str,
) -> Result<(), StoreError> {
    let values = [("failedAt", now.into()), ("lastError", last_error.into())];
    database.update(JOBS, &job.as_taken(), &values).await.map(drop)
}

/// Lets these jobs that were given up be taken now, and returns how many there are.
///
/// # Errors
/// As `Models`.
pub async fn revive_jobs(database: &dyn Database, which: &[Filter], now: Timestamp) -> Result<u64, StoreError> {
    let failed = [which, &[ne("failedAt", Value::Null)]].concat();
    let values = [("failedAt", Value::Null), ("attempts", 0_i64.into()), ("availableAt", now.into())];
    Ok(database.update(JOBS, &failed, &values).await?.len() as u64)
}

/// The number of these jobs that wait, and of those that were given up.
///
/// # Errors
/// As `Models`.
pub async fn count_jobs(database: &dyn Database, which: &[Filter]) -> Result<(u64, u64), StoreError> {
    let waiting = [which, &[eq("failedAt", Value::Null)]].concat();
    let failed = [which, &[ne("failedAt", Value::Null)]].concat();
    Ok((database.count(JOBS, &waiting).await?, database.count(JOBS, &failed).await?))
}

/// Takes at most `limit` of these rows of `table` that are due, oldest first. Nobody else gets them before `now` plus
/// `lease_secs`; by then they must be deleted or postponed.
///
/// # Errors
/// As `Models`.
pub async fn take_due(
    database: &dyn Database,
    table: &str,
    which: &[Filter],
    now: Timestamp,
    (lease_secs, limit): (i64, u32),
) -> Result<Vec<Delivery>, StoreError> {
    let due = [&[lte("availableAt", now)], which].concat();
    let candidates = database.find_many(table, &due, Some(Sort::ascending("availableAt")), Some(limit), None).await?;
    let mut taken = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        // The filter on the row as it was read lets one of several takers win.
        let attempts = candidate.integer("attempts").unwrap_or(0);
        let seen = [eq("id", candidate.text("id")), eq("attempts", attempts), lte("availableAt", now)];
        let lease = [("availableAt", now.plus_secs(lease_secs).into()), ("attempts", (attempts + 1).into())];
        taken.extend(database.update(table, &seen, &lease).await?.pop().map(Delivery));
    }
    Ok(taken)
}

/// Makes due what waits in the outbox for longer than `longest_wait_secs` of its attempts: only a clock that stepped back does that.
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
pub async fn make_due(
    database: &dyn Database,
    table: &str,
    which: &[Filter],
    now: Timestamp,
) -> Result<u64, StoreError> {
    Ok(database.update(table, which, &[("availableAt", now.into())]).await?.len() as u64)
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
    discard(&transaction, OUTBOX, &[eq("id", id)]).await?;
    transaction.commit().await
}

/// Removes a finished delivery.
///
/// # Errors
/// As `Models`.
pub async fn delete(database: &dyn Database, delivery: &Delivery) -> Result<(), StoreError> {
    database.delete(delivery.model_name(), &[eq("id", delivery.id())]).await.map(drop)
}

/// Removes these deliveries, and returns how many there were.
///
/// # Errors
/// As `Models`.
pub async fn discard(database: &dyn Database, table: &str, which: &[Filter]) -> Result<u64, StoreError> {
    database.delete(table, which).await
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
    let mut values = vec![("availableAt", available_at.into())];
    values.extend(last_error.map(|error| ("lastError", error.into())));
    database.update(delivery.model_name(), &delivery.as_taken(), &values).await.map(drop)
}
