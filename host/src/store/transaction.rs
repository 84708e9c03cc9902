//! A transaction: a handle that sends commands to the thread or task that owns the connection.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::Database;
use super::error::StoreError;
use super::row::Row;
use super::schema::Schema;
use super::statement::Statement;

/// Where an answer goes. If the receiver is gone, nobody wants it.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// A command from a handle to its connection. Dropping the handle closes the channel, which means rollback.
pub(super) enum Command {
    /// Run a statement.
    Run(Statement, Reply<Vec<Row>>),
    /// Commit. The answer comes when the changes are durable.
    Commit(Reply<()>),
    /// Undo everything.
    Rollback(Reply<()>),
}

/// A transaction. Dropping it rolls back; so does the store when it idles longer than
/// `StoreOptions::idle_transaction_timeout`.
///
/// Invariant: once a statement has failed or `forbid_commit` was called, only a rollback is possible.
pub struct Transaction {
    schema: Arc<Schema>,
    commands: flume::Sender<Command>,
    has_failed: Arc<AtomicBool>,
}

impl Transaction {
    /// A handle, and the other end of its channel.
    pub(super) fn new(schema: &Arc<Schema>) -> (Self, flume::Receiver<Command>) {
        let (commands, receiver) = flume::unbounded();
        (Self { schema: Arc::clone(schema), commands, has_failed: Arc::default() }, receiver)
    }

    /// Makes the changes visible and durable.
    ///
    /// # Errors
    /// `Internal` when a statement had failed, `Conflict`, `Unavailable`; nothing was written then, unless the
    /// connection to PostgreSQL broke while it committed.
    pub async fn commit(self) -> Result<(), StoreError> {
        if self.has_failed.load(Ordering::Relaxed) {
            self.rollback().await?;
            return Err(StoreError::internal("committing a transaction in which a statement had failed"));
        }
        self.ask(Command::Commit).await
    }

    /// Undoes the changes. Dropping the handle does the same, without waiting.
    ///
    /// # Errors
    /// `Unavailable` when the connection is lost. The changes are undone all the same.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.ask(Command::Rollback).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        ask(&self.commands, command).await
    }
}

async fn ask<T>(commands: &flume::Sender<Command>, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
    let (reply, answer) = oneshot::channel();
    commands.send(command(reply)).map_err(|_| ended())?;
    answer.await.map_err(|_| ended())?
}

async fn run(
    commands: &flume::Sender<Command>,
    has_failed: &AtomicBool,
    statement: Statement,
) -> Result<Vec<Row>, StoreError> {
    if has_failed.load(Ordering::Relaxed) {
        return Err(StoreError::internal("using a transaction in which a statement had failed"));
    }
    let result = ask(commands, |reply| Command::Run(statement, reply)).await;
    has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
    result
}

fn ended() -> StoreError {
    StoreError::Unavailable("the transaction has ended".to_owned())
}

/// A handle to another owner's transaction. When the owner drops it, the transaction is gone.
#[derive(Clone)]
struct SharedTransaction {
    schema: Arc<Schema>,
    commands: flume::WeakSender<Command>,
    has_failed: Arc<AtomicBool>,
}

#[async_trait]
impl Database for SharedTransaction {
    async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let commands = self.commands.upgrade().ok_or_else(ended)?;
        run(&commands, &self.has_failed, statement).await
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn is_transaction(&self) -> bool {
        true
    }

    fn share(&self) -> Option<Arc<dyn Database>> {
        Some(Arc::new(self.clone()))
    }

    fn forbid_commit(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    fn allow_commit(&self) {
        self.has_failed.store(false, Ordering::Relaxed);
    }
}

#[async_trait]
impl Database for Transaction {
    async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        run(&self.commands, &self.has_failed, statement).await
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn is_transaction(&self) -> bool {
        true
    }

    fn share(&self) -> Option<Arc<dyn Database>> {
        let (schema, has_failed) = (Arc::clone(&self.schema), Arc::clone(&self.has_failed));
        Some(Arc::new(SharedTransaction { schema, commands: self.commands.downgrade(), has_failed }))
    }

    fn forbid_commit(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    fn allow_commit(&self) {
        self.has_failed.store(false, Ordering::Relaxed);
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transaction")
    }
}
