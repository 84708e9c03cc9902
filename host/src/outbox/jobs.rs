//! Work of plugins for later: a row of its own table, leased, retried and sealed as a mail is, and done by who knows its kind.

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use super::TransportError;
use super::events::keep_until;
use super::sealed::{self, Opener};
use crate::auth::{Auth, AuthError, Scope};
use crate::clock::Timestamp;
use crate::crypto::{hex, sha256};
use crate::store::event::{self, State};
use crate::store::outbox::{self, Delivery, NewJob};
use crate::store::{Database, Filter, StoreError, Value, eq, one_of};

/// The longest that a job may have to wait: 366 days.
pub const LONGEST_DELAY_SECS: u64 = 366 * 86_400;
/// The largest payload.
pub const MOST_BYTES: usize = 64 << 10;

/// What is done once.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The same at each attempt.
    pub id: String,
    /// Which job it is.
    pub kind: String,
    /// 1 at first.
    pub attempt: u32,
    /// `Null` when a schedule causes it.
    pub payload: Json,
}

/// A kind of job that can be done here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// As rows name it.
    pub kind: String,
    /// The period of its schedule.
    pub every_secs: Option<u64>,
}

/// Does jobs.
#[async_trait]
pub trait Runner: Send + Sync {
    /// What it can do. Rows of other kinds wait for somebody who can.
    fn kinds(&self) -> Vec<Known>;

    /// Does one.
    ///
    /// # Errors
    /// When it is not done. It is tried again later, unless the error is lasting.
    async fn run(&self, task: Task) -> Result<(), TransportError>;
}

/// Writes a job that is due in `delay_secs`. `scope` is the transaction that causes it. Returns its id.
///
/// # Errors
/// When the store fails.
pub async fn enqueue(
    auth: &Auth,
    scope: &Scope,
    kind: &str,
    payload: &Json,
    delay_secs: u64,
) -> Result<String, AuthError> {
    let (id, now) = (auth.random.id(), auth.now());
    let due = now.plus_secs(i64::try_from(delay_secs).unwrap_or(i64::MAX));
    let payload = sealed::close_all(auth, payload)?;
    outbox::enqueue_job(scope, NewJob { id: &id, kind, payload, now, due, every_secs: None }).await?;
    scope.note_queued_mail();
    Ok(id)
}

/// Writes the schedules among `known` that are not among `planned`, and says which rows can be taken; `None` when none can.
pub(super) async fn plan(
    store: &dyn Database,
    known: &[Known],
    planned: &mut Vec<Known>,
    now: Timestamp,
) -> Result<Option<[Filter; 2]>, StoreError> {
    if planned != known {
        for Known { kind, every_secs } in known {
            let id = id_of_schedule(kind);
            let Some(every) = every_secs.and_then(|secs| i64::try_from(secs).ok()) else {
                // An older version of the plugin may have had one.
                outbox::discard(store, outbox::JOBS, &[eq("id", id.as_str())]).await?;
                continue;
            };
            let due = next_period(now, every);
            let payload = json!({});
            outbox::plan_job(store, NewJob { id: &id, kind, payload, now, due, every_secs: Some(every) }).await?;
        }
        known.clone_into(planned);
    }
    let kinds: Vec<Value> = known.iter().map(|known| known.kind.as_str().into()).collect();
    Ok((!kinds.is_empty()).then(|| [one_of("kind", kinds), eq("failedAt", Value::Null)]))
}

/// Every node makes the same, so that there is one row.
fn id_of_schedule(kind: &str) -> String {
    hex(&sha256(format!("schedule of {kind}").as_bytes())).chars().take(32).collect()
}

/// When the period after the present one begins. Periods begin at multiples of their length.
fn next_period(now: Timestamp, every_secs: i64) -> Timestamp {
    let every = every_secs.max(1);
    Timestamp((now.as_secs().div_euclid(every) + 1).saturating_mul(every).saturating_mul(1000))
}

/// Runs a row of the table of jobs.
pub(super) async fn run(
    runner: Option<&dyn Runner>,
    opener: &Opener,
    delivery: &Delivery,
) -> Result<(), TransportError> {
    let Some(runner) = runner else { return Err(TransportError::passing("nobody runs jobs here")) };
    let payload = match delivery.every_secs() {
        Some(_) => Json::Null,
        None => opener
            .whole(delivery.payload())
            .ok_or_else(|| TransportError::lasting("its payload was sealed with a secret that is gone"))?,
    };
    let attempt = u32::try_from(delivery.attempts()).unwrap_or(u32::MAX);
    runner.run(Task { id: delivery.id().to_owned(), kind: delivery.kind().to_owned(), attempt, payload }).await
}

/// Removes what is done; an event is kept for the log, and what has a schedule waits for its next period.
pub(super) async fn done(store: &dyn Database, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError> {
    if delivery.is_event() {
        return event::end(store, delivery, (State::Delivered, None), (now, keep_until(now))).await;
    }
    match delivery.every_secs() {
        Some(every) => outbox::rest_job(store, delivery, next_period(now, every), None).await,
        None => outbox::delete(store, delivery).await,
    }
}

/// Removes a delivery that is not tried again. A job is kept; what has a schedule waits for its next period.
pub(super) async fn give_up(
    store: &dyn Database,
    delivery: &Delivery,
    now: Timestamp,
    error: &str,
) -> Result<(), StoreError> {
    if delivery.is_event() {
        return event::end(store, delivery, (State::Failed, Some(error)), (now, keep_until(now))).await;
    }
    match delivery.every_secs() {
        Some(every) => outbox::rest_job(store, delivery, next_period(now, every), Some(error)).await,
        None if delivery.is_job() => outbox::fail_job(store, delivery, now, error).await,
        None => outbox::delete(store, delivery).await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::{Models, Schema, Store, StoreOptions};

    #[test]
    fn periods_begin_at_multiples_of_their_length() {
        let next = |secs: i64, every| next_period(Timestamp(secs * 1000 + 1), every).as_secs();
        assert_eq!([next(0, 60), next(59, 60), next(60, 60), next(90_000, 86_400)], [60, 60, 120, 172_800]);
    }

    #[tokio::test]
    async fn a_schedule_follows_what_the_plugin_declares() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let store = Store::open(&url, Arc::new(Schema::core()), StoreOptions::default()).unwrap();
        store.migrate().await.unwrap();
        let mut planned = Vec::new();
        for (every_secs, due) in
            [(Some(3600), Some(3600)), (Some(3600), Some(3600)), (Some(60), Some(60)), (None, None)]
        {
            let known = [Known { kind: "job:a:b".to_owned(), every_secs }];
            assert!(plan(&store, &known, &mut planned, Timestamp(5000)).await.unwrap().is_some());
            let rows = store.find_many(outbox::JOBS, &[], None, None, None).await.unwrap();
            let dues: Vec<_> = rows.iter().map(|row| row.timestamp("availableAt").unwrap().as_secs()).collect();
            assert_eq!(dues, Vec::from_iter(due), "{every_secs:?}");
        }
        assert!(plan(&store, &[], &mut planned, Timestamp(5000)).await.unwrap().is_none(), "nothing can be taken");
    }

    #[test]
    fn a_schedule_has_one_id() {
        assert_eq!(id_of_schedule("job:a:b"), id_of_schedule("job:a:b"));
        assert_ne!(id_of_schedule("job:a:b"), id_of_schedule("job:a:c"));
    }
}
