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

/// Whether a transaction can still be committed. The owner of the connection decides, because it sees every statement in
/// order, also those whose callers are gone. The handles share the flag.
#[derive(Clone, Debug, Default)]
pub(super) struct Health(Arc<AtomicBool>);

impl Health {
    /// Refuses statements after a failure, except one that undoes the failure.
    pub(super) fn admit(&self, statement: &Statement) -> Result<(), StoreError> {
        match self.has_failed() && !statement.is_undo() {
            true => Err(StoreError::internal("using a transaction in which a statement had failed")),
            false => Ok(()),
        }
    }

    /// Records how a statement ended. Call it before the answer is sent.
    pub(super) fn note(&self, is_undo: bool, result: &Result<Vec<Row>, StoreError>) {
        match result {
            Ok(_) if is_undo => self.0.store(false, Ordering::Relaxed),
            Ok(_) => {}
            Err(_) => self.fail(),
        }
    }

    /// Fails if the transaction cannot be committed.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self.has_failed() {
            true => Err(StoreError::internal("committing a transaction in which a statement had failed")),
            false => Ok(()),
        }
    }

    fn has_failed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn fail(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the owner of a transaction's connection gets.
pub(super) struct Served {
    /// The commands of the handles.
    pub(super) commands: flume::Receiver<Command>,
    /// Whether it can still be committed.
    pub(super) health: Health,
}

/// A transaction. Dropping it rolls back; so does the store when it idles longer than
/// `StoreOptions::idle_transaction_timeout`.
///
/// Invariant: once a statement has failed or `forbid_commit` was called, only a rollback is possible: of everything, or to
/// an earlier savepoint.
pub struct Transaction {
    schema: Arc<Schema>,
    commands: flume::Sender<Command>,
    health: Health,
}

impl Transaction {
    /// A handle, and the part for the owner of the connection.
    pub(super) fn new(schema: &Arc<Schema>) -> (Self, Served) {
        let (sender, commands) = flume::unbounded();
        let health = Health::default();
        (Self { schema: Arc::clone(schema), commands: sender, health: health.clone() }, Served { commands, health })
    }

    /// Makes the changes visible and durable.
    ///
    /// # Errors
    /// `Internal` when a statement had failed, `Conflict`, `Unavailable`; nothing was written then, unless the
    /// connection to PostgreSQL broke while it committed.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.ask(Command::Commit).await
    }

    /// Undoes the changes. Dropping the handle does the same, without waiting.
    ///
    /// # Errors
    /// `Unavailable` when the connection is lost. The changes are undone all the same.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.ask(Command::Rollback).await
    }

    /// Another handle. It can run statements, but neither end the transaction nor keep it open.
    pub fn shared(&self) -> Arc<dyn Database> {
        let (schema, health) = (Arc::clone(&self.schema), self.health.clone());
        Arc::new(SharedTransaction { schema, commands: self.commands.downgrade(), health })
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

async fn run(commands: &flume::Sender<Command>, statement: Statement) -> Result<Vec<Row>, StoreError> {
    ask(commands, |reply| Command::Run(statement, reply)).await
}

fn ended() -> StoreError {
    StoreError::Unavailable("the transaction has ended".to_owned())
}

/// A handle to another owner's transaction. When the owner drops it, the transaction is gone.
#[derive(Clone)]
struct SharedTransaction {
    schema: Arc<Schema>,
    commands: flume::WeakSender<Command>,
    health: Health,
}

#[async_trait]
impl Database for SharedTransaction {
    async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let commands = self.commands.upgrade().ok_or_else(ended)?;
        run(&commands, statement).await
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
        self.health.fail();
    }
}

#[async_trait]
impl Database for Transaction {
    async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        run(&self.commands, statement).await
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn is_transaction(&self) -> bool {
        true
    }

    fn share(&self) -> Option<Arc<dyn Database>> {
        Some(self.shared())
    }

    fn forbid_commit(&self) {
        self.health.fail();
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transaction")
    }
}
