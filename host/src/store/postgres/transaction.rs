//! The task that owns a connection for the length of one transaction.

use std::time::Duration;

use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};
use tokio::time::timeout;

use super::connect::{is_lost, store_error};
use super::{Connection, Postgres, run};
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Statement;
use crate::store::transaction::{Command, Health, Reply, Served};

/// A connection on which a transaction has begun. A lost connection is replaced once, because nothing was done yet.
pub(super) async fn begin(postgres: &Postgres) -> Result<Connection, StoreError> {
    let mut is_second = false;
    loop {
        let mut connection = postgres.connection().await?;
        match AnsiTransactionManager::begin_transaction(&mut *connection).await.map_err(store_error) {
            Ok(()) => return Ok(connection),
            Err(error) => {
                drop(Connection::take(connection));
                if is_second || !is_lost(&error) {
                    return Err(error);
                }
                is_second = true;
            }
        }
    }
}

/// Signals `ready`, then serves the handle until it commits, rolls back, is dropped or idles too long. A connection
/// whose transaction did not end cleanly does not return to the pool.
pub(super) async fn serve(mut connection: Connection, served: Served, ready: Reply<()>, idle: Duration) {
    let is_clean = if ready.send(Ok(())).is_ok() {
        obey(&mut connection, &served, idle).await
    } else {
        rollback(&mut connection).await.is_ok()
    };
    if !is_clean {
        drop(Connection::take(connection));
    }
}

/// Returns whether the transaction ended cleanly.
async fn obey(connection: &mut AsyncPgConnection, served: &Served, idle: Duration) -> bool {
    loop {
        match timeout(idle, served.commands.recv_async()).await {
            // If the reply cannot be sent, the caller is gone.
            Ok(Ok(Command::Run(statement, reply))) => {
                let result = run_healthy(connection, &served.health, statement).await;
                drop(reply.send(result));
            }
            Ok(Ok(Command::Commit(reply))) => {
                if let Err(failed) = served.health.check() {
                    let undone = rollback(connection).await;
                    drop(reply.send(Err(failed)));
                    return undone.is_ok();
                }
                let outcome = AnsiTransactionManager::commit_transaction(connection).await.map_err(store_error);
                let is_clean = outcome.is_ok();
                drop(reply.send(outcome));
                return is_clean;
            }
            Ok(Ok(Command::Rollback(reply))) => {
                let outcome = rollback(connection).await;
                let is_clean = outcome.is_ok();
                drop(reply.send(outcome));
                return is_clean;
            }
            Ok(Err(_)) => return rollback(connection).await.is_ok(),
            Err(_) => {
                tracing::warn!("a transaction idled for {} ms and was rolled back", idle.as_millis());
                return rollback(connection).await.is_ok();
            }
        }
    }
}

async fn run_healthy(
    connection: &mut AsyncPgConnection,
    health: &Health,
    statement: Statement,
) -> Result<Vec<Row>, StoreError> {
    health.admit(&statement)?;
    let is_undo = statement.is_undo();
    let result = run(connection, statement).await;
    health.note(is_undo, &result);
    result
}

async fn rollback(connection: &mut AsyncPgConnection) -> Result<(), StoreError> {
    AnsiTransactionManager::rollback_transaction(connection).await.map_err(store_error)
}
