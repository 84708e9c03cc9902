//! One database of any kind: what the store and its replicas run statements on.

use std::sync::Arc;
use std::time::Duration;

use super::error::StoreError;
use super::migrate::Backend;
use super::mysql::{self, Mysql};
use super::options::StoreOptions;
use super::postgres::Postgres;
use super::remote::PoolState;
use super::row::Row;
use super::schema::Schema;
use super::session_cache::SessionCache;
use super::sqlite::{Sqlite, State};
use super::statement::Statement;
use super::transaction::Transaction;
use crate::config::NO_DATABASE;

/// One open database. Clones share it.
#[derive(Clone)]
pub(super) enum Engine {
    /// A file, or memory.
    Sqlite(Sqlite),
    /// PostgreSQL.
    Postgres(Postgres),
    /// MySQL or MariaDB.
    Mysql(Mysql),
}

impl Engine {
    /// As [`super::Store::open`].
    pub(super) fn open(url: &str, options: &StoreOptions) -> Result<Self, StoreError> {
        match Backend::of_url(url) {
            Some(Backend::Sqlite) => Ok(Self::Sqlite(Sqlite::open(url.trim_start_matches("sqlite://"), options)?)),
            Some(Backend::Postgres) => Ok(Self::Postgres(Postgres::open(url, options)?)),
            Some(Backend::Mysql) => Ok(Self::Mysql(mysql::open(url, options)?)),
            None if url == NO_DATABASE => Ok(Self::Sqlite(Sqlite::open_in_memory(options)?)),
            None => {
                let problem = "starts with none of sqlite://, postgres://, mysql://, mariadb://";
                Err(StoreError::invalid("the database URL", problem))
            }
        }
    }

    /// Runs one statement.
    pub(super) async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.run(statement).await,
            Self::Postgres(postgres) => postgres.run(statement).await,
            Self::Mysql(mysql) => mysql.run(statement).await,
        }
    }

    /// The sessions that were looked up in the present state; `None` where that cannot be told without asking.
    pub(super) fn sessions(&self) -> Option<(&SessionCache, State)> {
        match self {
            Self::Sqlite(sqlite) => sqlite.sessions(),
            Self::Postgres(_) | Self::Mysql(_) => None,
        }
    }

    /// Begins a transaction.
    pub(super) async fn begin(&self, schema: &Arc<Schema>) -> Result<Transaction, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.begin(schema).await,
            Self::Postgres(postgres) => postgres.begin(schema).await,
            Self::Mysql(mysql) => mysql.begin(schema, Backend::Mysql).await,
        }
    }

    /// How far a replica is behind; `None` when this is no replica, or one that replicates nothing.
    pub(super) async fn lag(&self) -> Result<Option<Duration>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(postgres) => postgres.lag().await,
            Self::Mysql(mysql) => mysql.lag().await,
        }
    }

    /// The connections to a database behind a network; `None` for SQLite, which has none.
    pub(super) fn pool(&self) -> Option<PoolState> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(postgres) => Some(postgres.pool_state()),
            Self::Mysql(mysql) => Some(mysql.pool_state()),
        }
    }

    /// Its kind.
    pub(super) fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
            Self::Mysql(_) => Backend::Mysql,
        }
    }
}
