//! Asks the database and the secondary storage whether they work, for readiness and metrics: in bounded time, and one question of a kind at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::auth::Auth;
use crate::clock::Timestamp;
use crate::error::ApiError;
use crate::outbox::queue::plugin_of;
use crate::store::event::{self, State};
use crate::store::outbox;
use crate::store::{Models, Store};
use crate::store::{StoreError, Value, eq, one_of};

/// A database that takes longer is away, for whoever asks here.
const LONGEST: Duration = Duration::from_secs(2);

/// The questions that are being asked.
pub struct Probe {
    readiness: Question,
    secondary: Question,
    depth: Question,
    was_ready: AtomicBool,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            readiness: Question::default(),
            secondary: Question::default(),
            depth: Question::default(),
            was_ready: AtomicBool::new(true),
        }
    }
}

impl Probe {
    /// Whether rows can be read and written, and the secondary storage answers.
    ///
    /// # Errors
    /// `DATABASE_UNAVAILABLE`, `SECONDARY_STORAGE_UNAVAILABLE`. The log tells the reason when it begins, and when it is over.
    pub async fn readiness(&self, auth: &Arc<Auth>) -> Result<(), ApiError> {
        let (store, id, now) = (Store::clone(&auth.store), auth.random.id(), auth.now());
        let asked = self.readiness.ask(async move {
            store.find_one("user", &[eq("id", "")]).await?;
            outbox::try_writing(&store, &id, now).await
        });
        let (database, secondary) = tokio::join!(asked, self.secondary(auth));
        let away = match (database, secondary) {
            (Ok(()), Ok(())) => None,
            (Err(error), _) => {
                let message = "The database cannot be read or written";
                Some((ApiError::new(503, "DATABASE_UNAVAILABLE", message), error))
            }
            (Ok(()), Err(error)) => {
                let message = "The secondary storage does not answer";
                Some((ApiError::new(503, "SECONDARY_STORAGE_UNAVAILABLE", message), error))
            }
        };
        let was_ready = self.was_ready.swap(away.is_none(), Ordering::Relaxed);
        let Some((refusal, error)) = away else {
            if !was_ready {
                tracing::info!("ready again: all storage answers");
            }
            return Ok(());
        };
        if was_ready {
            tracing::error!(%error, code = refusal.code(), "not ready");
        }
        Err(refusal.caused_by(error))
    }

    /// Whether the secondary storage answers, where there is one.
    ///
    /// # Errors
    /// `Unavailable`
    pub async fn secondary(&self, auth: &Auth) -> Result<(), StoreError> {
        let Some(secondary) = auth.secondary.clone() else { return Ok(()) };
        self.secondary.ask(async move { secondary.ping().await }).await
    }

    /// What waits to be done; `None` while the database is away.
    /// `kinds` are those of the jobs that the loaded plugins can do.
    pub async fn waiting(&self, auth: &Arc<Auth>, kinds: Vec<String>) -> Option<Waiting> {
        let (store, now) = (Store::clone(&auth.store), auth.now());
        let asked = self.depth.ask(async move {
            let (depth, oldest) = (outbox::depth(&store).await?, outbox::oldest(&store).await?);
            let jobs = outbox::count_jobs(&store, &[]).await?;
            let mut of_plugins = Vec::new();
            for (plugin, kinds) in by_plugin(&kinds) {
                let (waiting, failed) = outbox::count_jobs(&store, &[one_of("kind", kinds)]).await?;
                of_plugins.push(JobCounts { plugin, waiting, failed });
            }
            let waiting = event::count(&store, &[], State::Waiting).await?;
            let failed = event::count(&store, &[], State::Failed).await?.0;
            Ok((depth, oldest, jobs, of_plugins, waiting, failed))
        });
        let (deliveries, oldest, (jobs, failed_jobs), of_plugins, (events, oldest_event), failed_events) =
            asked.await.ok()?;
        // Another node's clock may be ahead of this one's.
        let age_secs = |oldest: Option<Timestamp>| {
            let millis = oldest.map_or(0, |oldest| now.0.saturating_sub(oldest.0));
            u64::try_from(millis / 1000).unwrap_or_default()
        };
        let (age_secs, event_age_secs) = (age_secs(oldest), age_secs(oldest_event));
        Some(Waiting { deliveries, age_secs, jobs, failed_jobs, of_plugins, events, event_age_secs, failed_events })
    }
}

/// The kinds of each plugin's jobs.
fn by_plugin(kinds: &[String]) -> BTreeMap<String, Vec<Value>> {
    let mut plugins: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for kind in kinds {
        plugins.entry(plugin_of(kind).to_owned()).or_default().push(kind.as_str().into());
    }
    plugins
}

/// Jobs of one plugin.
pub struct JobCounts {
    /// Its id.
    pub plugin: String,
    /// Those that wait.
    pub waiting: u64,
    /// Those that were given up.
    pub failed: u64,
}

/// What waits to be done after its commit.
pub struct Waiting {
    /// Mails and scripts' events.
    pub deliveries: u64,
    /// The age of the oldest of them, in seconds.
    pub age_secs: u64,
    /// Jobs of plugins.
    pub jobs: u64,
    /// Jobs that were given up.
    pub failed_jobs: u64,
    /// Those of the plugins that are loaded.
    pub of_plugins: Vec<JobCounts>,
    /// Events for other systems.
    pub events: u64,
    /// The age of the oldest of them, in seconds.
    pub event_age_secs: u64,
    /// Events that were given up.
    pub failed_events: u64,
}

/// A kind of question. One that is not answered goes on, and keeps the next from being asked: whoever asks again and again
/// takes one connection and no more.
struct Question(Arc<Semaphore>);

impl Default for Question {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Question {
    async fn ask<T: Send + 'static>(
        &self,
        question: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let unavailable = |why: &str| StoreError::Unavailable(why.to_owned());
        let asked = async {
            let turn = Arc::clone(&self.0).acquire_owned().await.map_err(|_| unavailable("the server stops"))?;
            let answered = tokio::spawn(async move {
                let _turn = turn;
                question.await
            });
            answered.await.unwrap_or_else(|_| Err(unavailable("the question panicked")))
        };
        tokio::time::timeout(LONGEST, asked).await.unwrap_or_else(|_| Err(unavailable("it does not answer in time")))
    }
}
