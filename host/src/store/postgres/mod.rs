//! PostgreSQL: what is its own of the connections, the values and the errors.

mod address;
mod connect;
mod errors;
mod lanes;
mod link;
mod tls;
mod values;

use std::sync::Arc;
use std::time::Duration;

use super::error::StoreError;
use super::migrate::Backend;
use super::options::StoreOptions;
use super::remote::PoolState;
use super::row::Row;
use super::schema::Schema;
use super::statement::Statement;
use super::transaction::Transaction;
use connect::Opener;
use lanes::Lanes;

/// The connections to PostgreSQL. Clones share them.
#[derive(Clone)]
pub(super) struct Postgres(Arc<Lanes>);

impl Postgres {
    /// Connects when a connection is needed.
    pub(super) fn open(url: &str, options: &StoreOptions) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Lanes::new(Opener::new(url, options)?, options)?)))
    }

    /// As [`Remote::run`](super::remote::Remote::run).
    pub(super) async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match self.0.read(&statement).await {
            Some(read) => read,
            None => self.0.pool().run(statement).await,
        }
    }

    /// As [`Remote::begin`](super::remote::Remote::begin).
    pub(super) async fn begin(&self, schema: &Arc<Schema>) -> Result<Transaction, StoreError> {
        self.0.pool().begin(schema, Backend::Postgres).await
    }

    /// As [`Remote::lag`](super::remote::Remote::lag).
    pub(super) async fn lag(&self) -> Result<Option<Duration>, StoreError> {
        self.0.pool().lag().await
    }

    /// How the connections stand now.
    pub(super) fn pool_state(&self) -> PoolState {
        self.0.state()
    }
}
