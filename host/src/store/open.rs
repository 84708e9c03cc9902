//! The store: one database, opened by its URL, and its replicas.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Database;
use super::engine::Engine;
use super::error::StoreError;
use super::migrate::Backend;
use super::options::StoreOptions;
use super::remote::PoolState;
use super::replicas::{Lagging, ReplicaState, Replicas, Watch};
use super::row::Row;
use super::schema::Schema;
use super::session_cache::SessionCache;
use super::sqlite::State;
use super::statement::{Builder, Statement};
use super::transaction::Transaction;
use super::value::Value;
use crate::clock::Timestamp;
use crate::telemetry;

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Store {
    schema: Arc<Schema>,
    engine: Engine,
    replicas: Arc<Replicas>,
}

impl Store {
    /// Opens `sqlite://path` (creates a missing file), `postgres://…`, `mysql://…` or `mariadb://…` (connects at the first
    /// statement). `none` is a database that ends with the process.
    ///
    /// # Errors
    /// `InvalidInput` for another URL, `Unavailable` when the file cannot be opened.
    pub fn open(url: &str, schema: Arc<Schema>, options: StoreOptions) -> Result<Self, StoreError> {
        let engine = Engine::open(url, &options)?;
        Ok(Self { schema, engine, replicas: Arc::default() })
    }

    /// The same store, whose [`Store::lagging`] reads from these replicas as long as they are at most `most_lag` behind.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn with_replicas(
        self,
        urls: &[String],
        most_lag: Duration,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        Ok(Self { replicas: Arc::new(Replicas::open(urls, most_lag, options)?), ..self })
    }

    /// For reads that may be old: a replica that is at hand, or else this store. What writes or locks goes to this store.
    #[must_use]
    pub fn lagging(&self) -> Arc<dyn Database> {
        match self.replicas.choose() {
            Some(replica) => Arc::new(Lagging::new(&self.schema, &self.engine, replica)),
            None => Arc::new(self.clone()),
        }
    }

    /// How the replicas were found when they were last looked at, in the order of their URLs.
    pub fn replicas(&self) -> Vec<ReplicaState> {
        self.replicas.states()
    }

    /// Looks at every replica now.
    pub async fn look_at_replicas(&self) -> Vec<ReplicaState> {
        drop(self.replicas.look().await);
        self.replicas()
    }

    /// Looks at the replicas every second, until the watch is dropped. Without it, the store alone is read.
    #[must_use]
    pub fn watch_replicas(&self) -> Watch {
        Watch::of(&self.replicas)
    }

    /// The connections to a database behind a network; `None` for SQLite, which has none.
    pub fn pool(&self) -> Option<PoolState> {
        self.engine.pool()
    }

    /// The present moment by the database's own clock; `None` for SQLite, which has none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn now(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = match self.backend() {
            Backend::Sqlite => return Ok(None),
            Backend::Postgres => "SELECT (1000 * extract(epoch FROM pg_catalog.clock_timestamp()))::bigint",
            Backend::Mysql => "SELECT CAST(1000 * unix_timestamp(sysdate(3)) AS SIGNED)",
        };
        let rows = self.run(Builder::read(sql).build()?).await?;
        match rows.first().and_then(|row| row.first()) {
            Some(Value::Integer(millis)) => Ok(Some(Timestamp(*millis))),
            _ => Err(StoreError::internal("asking for the time")),
        }
    }

    /// Begins a transaction. SQLite has one writer, so it waits for its turn: hold it briefly, and never wait for
    /// another write meanwhile.
    ///
    /// # Errors
    /// `Unavailable` when it cannot begin within `StoreOptions::acquire_timeout`.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let begun = pin!(self.engine.begin(&self.schema));
        telemetry::span("begin", || vec![self.backend().for_span()], begun).await
    }
}

#[async_trait]
impl Database for Store {
    async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let about = statement.about(self.backend());
        telemetry::span("statement", || about, pin!(self.engine.run(statement))).await
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn backend(&self) -> Backend {
        self.engine.backend()
    }

    fn sessions(&self) -> Option<(&SessionCache, State)> {
        self.engine.sessions()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({:?})", self.backend())
    }
}
