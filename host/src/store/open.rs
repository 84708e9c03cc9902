//! The store: one database, opened by its URL.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use async_trait::async_trait;

use super::Database;
use super::error::StoreError;
use super::migrate::Backend;
use super::mysql::{self, Mysql};
use super::options::StoreOptions;
use super::postgres::{self, Postgres};
use super::remote::PoolState;
use super::row::Row;
use super::schema::Schema;
use super::sqlite::Sqlite;
use super::statement::Statement;
use super::transaction::Transaction;
use crate::config::NO_DATABASE;
use crate::telemetry;

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Store {
    schema: Arc<Schema>,
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
    Mysql(Mysql),
}

impl Store {
    /// Opens `sqlite://path` (creates a missing file), `postgres://…`, `mysql://…` or `mariadb://…` (connects at the first
    /// statement). `none` is a database that ends with the process.
    ///
    /// # Errors
    /// `InvalidInput` for another URL, `Unavailable` when the file cannot be opened.
    pub fn open(url: &str, schema: Arc<Schema>, options: StoreOptions) -> Result<Self, StoreError> {
        let engine = match Backend::of_url(url) {
            Some(Backend::Sqlite) => Engine::Sqlite(Sqlite::open(url.trim_start_matches("sqlite://"), &options)?),
            Some(Backend::Postgres) => Engine::Postgres(postgres::open(url, &options)?),
            Some(Backend::Mysql) => Engine::Mysql(mysql::open(url, &options)?),
            None if url == NO_DATABASE => Engine::Sqlite(Sqlite::open_in_memory(&options)?),
            None => {
                let problem = "starts with none of sqlite://, postgres://, mysql://, mariadb://";
                return Err(StoreError::invalid("the database URL", problem));
            }
        };
        Ok(Self { schema, engine })
    }

    /// The connections to a database behind a network; `None` for SQLite, which has none.
    pub fn pool(&self) -> Option<PoolState> {
        match &self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(postgres) => Some(postgres.pool_state()),
            Engine::Mysql(mysql) => Some(mysql.pool_state()),
        }
    }

    /// Begins a transaction. SQLite has one writer, so it waits for its turn: hold it briefly, and never wait for
    /// another write meanwhile.
    ///
    /// # Errors
    /// `Unavailable` when it cannot begin within `StoreOptions::acquire_timeout`.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let begun = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.begin(&self.schema).await,
                Engine::Postgres(postgres) => postgres.begin(&self.schema, Backend::Postgres).await,
                Engine::Mysql(mysql) => mysql.begin(&self.schema, Backend::Mysql).await,
            }
        };
        telemetry::span("begin", || vec![self.backend().for_span()], pin!(begun)).await
    }
}

#[async_trait]
impl Database for Store {
    async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let about = statement.about(self.backend());
        let ran = async move {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.run(statement).await,
                Engine::Postgres(postgres) => postgres.run(statement).await,
                Engine::Mysql(mysql) => mysql.run(statement).await,
            }
        };
        telemetry::span("statement", || about, pin!(ran)).await
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn backend(&self) -> Backend {
        match &self.engine {
            Engine::Sqlite(_) => Backend::Sqlite,
            Engine::Postgres(_) => Backend::Postgres,
            Engine::Mysql(_) => Backend::Mysql,
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({:?})", self.backend())
    }
}
