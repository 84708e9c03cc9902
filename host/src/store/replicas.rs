//! Read replicas: copies of the database that answer what may be old, as long as they are not too far behind.
//!
//! Invariant: a replica never answers a write, nor a read that locks; what it cannot answer, the primary does.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Database;
use super::engine::Engine;
use super::error::StoreError;
use super::migrate::Backend;
use super::options::StoreOptions;
use super::row::Row;
use super::schema::Schema;
use super::statement::{RowLock, Statement};
use crate::http::shown_url;

/// How often the replicas are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A replica that takes longer to say how far behind it is counts as away.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a connection to a replica may take: the primary waits to answer.
const LONGEST_CONNECT: Duration = Duration::from_secs(1);

/// How a replica was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has looked yet.
    Unknown,
    /// It is so far behind the primary.
    Behind(Duration),
    /// It is a server that replicates from nobody.
    NoReplica,
    /// It does not answer, and why.
    Away(String),
}

/// A replica, for operators.
#[derive(Clone, Debug)]
pub struct ReplicaState {
    /// Where it is, without credentials.
    pub url: String,
    /// How it was found.
    pub standing: Standing,
    /// Whether it serves reads.
    pub serves: bool,
    /// The reads that it has answered.
    pub reads: u64,
    /// The reads that it failed to answer, so that the primary did.
    pub failures: u64,
}

impl ReplicaState {
    /// Why it does not serve.
    pub fn problem(&self) -> Option<String> {
        match &self.standing {
            _ if self.serves => None,
            Standing::Unknown => Some("it was not looked at yet".to_owned()),
            Standing::Behind(lag) => Some(format!("it is {} ms behind", lag.as_millis())),
            Standing::NoReplica => Some("it replicates from no other server".to_owned()),
            Standing::Away(why) => Some(why.clone()),
        }
    }
}

/// A change of a replica's standing.
pub(super) struct News {
    replica: String,
    /// Why it is left out, when it is.
    problem: Option<String>,
}

impl News {
    fn tell(&self) {
        let replica = self.replica.as_str();
        match &self.problem {
            None => tracing::info!(replica, "a read replica serves"),
            Some(why) => tracing::warn!(replica, why, "a read replica is left out, the primary answers"),
        }
    }
}

/// All replicas of one database.
#[derive(Default)]
pub(super) struct Replicas {
    list: Vec<Arc<Replica>>,
    turn: AtomicUsize,
}

/// One replica.
pub(super) struct Replica {
    engine: Engine,
    url: String,
    most_lag: Duration,
    standing: Mutex<Standing>,
    reads: AtomicU64,
    failures: AtomicU64,
}

impl Replicas {
    /// None of them serves before it was looked at.
    pub(super) fn open(urls: &[String], most_lag: Duration, options: &StoreOptions) -> Result<Self, StoreError> {
        let connect_timeout = options.connect_timeout.min(LONGEST_CONNECT);
        let options = StoreOptions { connect_timeout, is_replica: true, ..options.clone() };
        let open = |url: &String| {
            let (engine, url) = (Engine::open(url, &options)?, shown_url(url));
            let standing = Mutex::new(Standing::Unknown);
            let (reads, failures) = (AtomicU64::new(0), AtomicU64::new(0));
            Ok(Arc::new(Replica { engine, url, most_lag, standing, reads, failures }))
        };
        Ok(Self { list: urls.iter().map(open).collect::<Result<_, StoreError>>()?, turn: AtomicUsize::new(0) })
    }

    /// The next one that serves, in turn.
    pub(super) fn choose(&self) -> Option<Arc<Replica>> {
        if self.list.is_empty() {
            return None;
        }
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.list.len();
        let (before, from) = self.list.split_at_checked(first)?;
        from.iter().chain(before).find(|replica| replica.serves()).cloned()
    }

    /// In the order in which they were listed.
    pub(super) fn states(&self) -> Vec<ReplicaState> {
        self.list.iter().map(|replica| replica.state()).collect()
    }

    /// Asks all of them at once how far behind they are. Returns what the log should say.
    pub(super) async fn look(&self) -> Vec<News> {
        join_all(self.list.iter().map(|replica| replica.look())).await.into_iter().flatten().collect()
    }
}

impl Replica {
    fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn serves(&self) -> bool {
        matches!(self.standing(), Standing::Behind(lag) if lag <= self.most_lag)
    }

    fn state(&self) -> ReplicaState {
        ReplicaState {
            url: self.url.clone(),
            standing: self.standing(),
            serves: self.serves(),
            reads: self.reads.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    async fn look(&self) -> Option<News> {
        self.note(match timeout(PATIENCE, self.engine.lag()).await {
            Ok(Ok(Some(lag))) => Standing::Behind(lag),
            Ok(Ok(None)) => Standing::NoReplica,
            Ok(Err(error)) => Standing::Away(error.to_string()),
            Err(_) => Standing::Away("it does not answer in time".to_owned()),
        })
    }

    /// Keeps how it was found. There is news when it serves from now on, and when it does not any more.
    fn note(&self, standing: Standing) -> Option<News> {
        let served = self.serves();
        let was = std::mem::replace(&mut *self.standing.lock().unwrap_or_else(PoisonError::into_inner), standing);
        let problem = self.state().problem();
        let is_new = if problem.is_none() { !served } else { served || was == Standing::Unknown };
        is_new.then(|| News { replica: self.url.clone(), problem })
    }

    /// Answers a read; `None` when it cannot.
    async fn read(&self, statement: Statement) -> Option<Vec<Row>> {
        match self.engine.run(statement).await {
            Ok(rows) => {
                self.reads.fetch_add(1, Ordering::Relaxed);
                Some(rows)
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                // Until somebody looks again. A value that fits no column fits none of the primary either.
                if matches!(error, StoreError::Unavailable(_) | StoreError::Internal { .. }) {
                    self.note(Standing::Away(error.to_string())).iter().for_each(News::tell);
                }
                None
            }
        }
    }
}

/// The store, whose reads a replica answers.
pub(super) struct Lagging {
    schema: Arc<Schema>,
    primary: Engine,
    replica: Arc<Replica>,
}

impl Lagging {
    /// Reads from `replica`, and from `primary` what that cannot answer.
    pub(super) fn new(schema: &Arc<Schema>, primary: &Engine, replica: Arc<Replica>) -> Self {
        Self { schema: Arc::clone(schema), primary: primary.clone(), replica }
    }
}

#[async_trait]
impl Database for Lagging {
    async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let may_be_old = !statement.is_write() && statement.lock() == RowLock::None;
        if may_be_old
            && self.replica.serves()
            && let Some(rows) = self.replica.read(statement.clone()).await
        {
            return Ok(rows);
        }
        self.primary.run(statement).await
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn backend(&self) -> Backend {
        self.primary.backend()
    }
}

/// Looks at the replicas until it is dropped.
pub struct Watch(Option<JoinHandle<()>>);

impl Watch {
    /// Looks at once, and then again and again.
    pub(super) fn of(replicas: &Arc<Replicas>) -> Self {
        if replicas.list.is_empty() {
            return Self(None);
        }
        let replicas = Arc::clone(replicas);
        Self(Some(tokio::spawn(async move {
            loop {
                replicas.look().await.iter().for_each(News::tell);
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
