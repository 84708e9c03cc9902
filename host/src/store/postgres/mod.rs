//! PostgreSQL: a pool of connections. While a connection works, a task of its own owns it.

mod connect;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::oneshot;

use super::error::StoreError;
use super::options::StoreOptions;
use super::row::{Loaded, Row};
use super::schema::Schema;
use super::statement::Statement;
use super::transaction::Transaction;

use connect::{is_lost, store_error};

/// A connection on loan from the pool.
type Connection = Object<AsyncPgConnection>;

/// The pool. It connects when a connection is needed.
#[derive(Clone)]
pub(super) struct Postgres {
    pool: Pool<AsyncPgConnection>,
    idle_transaction_timeout: Duration,
}

impl Postgres {
    pub(super) fn open(url: &str, options: &StoreOptions) -> Result<Self, StoreError> {
        let manager = AsyncDieselConnectionManager::new_with_config(url, connect::config(options));
        let pool = Pool::builder(manager)
            .max_size(options.pool_size.max(1))
            .wait_timeout(Some(options.acquire_timeout))
            .create_timeout(Some(options.acquire_timeout))
            .recycle_timeout(Some(options.acquire_timeout))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { pool, idle_transaction_timeout: options.idle_transaction_timeout })
    }

    /// Runs a statement on a task of its own, so that a caller who gives up leaves no connection half-way. If the
    /// connection of a read is lost, the read runs once more on another.
    pub(super) async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let postgres = self.clone();
        let work = async move {
            let again = (!statement.is_write()).then(|| statement.clone());
            match (run(&mut *postgres.connection().await?, statement).await, again) {
                (Err(error), Some(again)) if is_lost(&error) => run(&mut *postgres.connection().await?, again).await,
                (result, _) => result,
            }
        };
        tokio::spawn(work).await.map_err(|_| StoreError::internal("a statement's task"))?
    }

    /// Begins a transaction on a task that owns its connection.
    pub(super) async fn begin(&self, schema: &Arc<Schema>) -> Result<Transaction, StoreError> {
        let (transaction, served) = Transaction::new(schema);
        let (ready, answer) = oneshot::channel();
        let postgres = self.clone();
        tokio::spawn(async move {
            match transaction::begin(&postgres).await {
                Ok(connection) => {
                    transaction::serve(connection, served, ready, postgres.idle_transaction_timeout).await;
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        });
        answer.await.map_err(|_| StoreError::internal("a transaction's task"))??;
        Ok(transaction)
    }

    async fn connection(&self) -> Result<Connection, StoreError> {
        self.pool.get().await.map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

async fn run(connection: &mut AsyncPgConnection, statement: Statement) -> Result<Vec<Row>, StoreError> {
    let rows: Vec<Loaded> = statement.load(connection).await.map_err(store_error)?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
