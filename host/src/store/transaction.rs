//! A transaction: a handle that sends commands to the thread or task that owns the connection.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::error::StoreError;
use super::row::Row;
use super::schema::Schema;
use super::statement::Statement;
use super::{Backend, Database};
use crate::telemetry;

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
    ended: Ended,
}

/// Whether nobody takes commands any more. A command is sent under the lock, because the queue would keep for ever what
/// comes after its last look.
type Ended = Arc<Mutex<bool>>;

impl Drop for Served {
    fn drop(&mut self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        // Dropping a command answers it.
        self.commands.drain();
    }
}

/// The way from a handle to the owner of the connection.
#[derive(Clone)]
struct Line<S> {
    commands: S,
    ended: Ended,
}

/// A transaction. Dropping it rolls back; so does the store when it idles longer than
/// `StoreOptions::idle_transaction_timeout`.
///
/// Invariant: once a statement has failed or `forbid_commit` was called, only a rollback is possible: of everything, or to
/// an earlier savepoint.
pub struct Transaction {
    schema: Arc<Schema>,
    backend: Backend,
    line: Line<flume::Sender<Command>>,
    health: Health,
}

impl Transaction {
    /// A handle, and the part for the owner of the connection.
    pub(super) fn new(schema: &Arc<Schema>, backend: Backend) -> (Self, Served) {
        let (sender, commands) = flume::unbounded();
        let (health, ended) = (Health::default(), Ended::default());
        let line = Line { commands: sender, ended: Arc::clone(&ended) };
        let transaction = Self { schema: Arc::clone(schema), backend, line, health: health.clone() };
        (transaction, Served { commands, health, ended })
    }

    /// Makes the changes visible and durable.
    ///
    /// # Errors
    /// `Internal` when a statement had failed, `Conflict`, `Unavailable`; nothing was written then, unless the
    /// connection to PostgreSQL broke while it committed.
    pub async fn commit(self) -> Result<(), StoreError> {
        telemetry::span("commit", || vec![self.backend.for_span()], pin!(self.line.ask(Command::Commit))).await
    }

    /// Undoes the changes. Dropping the handle does the same, without waiting.
    ///
    /// # Errors
    /// `Unavailable` when the connection is lost. The changes are undone all the same.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.line.ask(Command::Rollback).await
    }

    /// Another handle. It can run statements, but neither end the transaction nor keep it open.
    pub fn shared(&self) -> Arc<dyn Database> {
        let (schema, health) = (Arc::clone(&self.schema), self.health.clone());
        let line = Line { commands: self.line.commands.downgrade(), ended: Arc::clone(&self.line.ended) };
        Arc::new(SharedTransaction { schema, backend: self.backend, line, health })
    }
}

impl Line<flume::Sender<Command>> {
    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply))?;
        answer.await.map_err(|_| has_ended())?
    }

    fn send(&self, command: Command) -> Result<(), StoreError> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if *ended { Err(has_ended()) } else { self.commands.send(command).map_err(|_| has_ended()) }
    }

    async fn run(&self, statement: Statement, backend: Backend) -> Result<Vec<Row>, StoreError> {
        let about = statement.about(backend);
        telemetry::span("statement", || about, pin!(self.ask(|reply| Command::Run(statement, reply)))).await
    }
}

fn has_ended() -> StoreError {
    StoreError::Unavailable("the transaction has ended".to_owned())
}

/// A handle to another owner's transaction. When the owner drops it, the transaction is gone.
#[derive(Clone)]
struct SharedTransaction {
    schema: Arc<Schema>,
    backend: Backend,
    line: Line<flume::WeakSender<Command>>,
    health: Health,
}

#[async_trait]
impl Database for SharedTransaction {
    async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let commands = self.line.commands.upgrade().ok_or_else(has_ended)?;
        Line { commands, ended: Arc::clone(&self.line.ended) }.run(statement, self.backend).await
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn backend(&self) -> Backend {
        self.backend
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
        self.line.run(statement, self.backend).await
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn backend(&self) -> Backend {
        self.backend
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_command_that_nobody_took_is_answered() {
        let (transaction, served) = Transaction::new(&Arc::new(Schema::core()), Backend::Sqlite);
        let mut rollback = Box::pin(transaction.rollback());
        assert!((&mut rollback).now_or_never().is_none(), "it waits for the owner");
        drop(served);
        assert!(matches!(rollback.now_or_never(), Some(Err(StoreError::Unavailable(_)))));
    }
}
