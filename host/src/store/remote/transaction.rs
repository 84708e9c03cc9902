//! The task that owns a connection for the length of one transaction, and does the transaction again when it must.

use tokio::time::timeout;

use super::journal::Journal;
use super::link::{Driver, Failure, Link, Remedy, Step};
use super::pause::before_attempt;
use super::{Loan, Remote};
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Statement;
use crate::store::transaction::{Command, Health, Reply, Served};

/// A transaction that has begun.
pub(super) struct Serving<D: Driver> {
    remote: Remote<D>,
    /// `None` when the transaction is lost for good.
    loan: Option<Loan<D>>,
    journal: Journal,
    attempt: u32,
}

impl<D: Driver> Serving<D> {
    /// Begins. As long as nothing was done yet, another connection is as good.
    pub(super) async fn begin(remote: Remote<D>) -> Result<Self, StoreError> {
        let mut serving = Self { remote, loan: None, journal: Journal::default(), attempt: 1 };
        loop {
            match serving.begin_anew().await {
                Ok(()) => return Ok(serving),
                Err(failure) => serving.prepare_again(failure).await?,
            }
        }
    }

    /// Signals `ready`, then serves the handle until it commits, rolls back, is dropped or idles too long. A connection
    /// whose transaction did not end cleanly does not return to the pool.
    pub(super) async fn serve(mut self, served: Served, ready: Reply<()>) {
        let idle = self.remote.idle_transaction_timeout;
        if ready.send(Ok(())).is_err() {
            return drop(self.rollback().await);
        }
        loop {
            match timeout(idle, served.commands.recv_async()).await {
                // If the reply cannot be sent, the caller is gone.
                Ok(Ok(Command::Run(statement, reply))) => {
                    let result = self.run_healthy(&served.health, statement).await;
                    drop(reply.send(result));
                }
                Ok(Ok(Command::Commit(reply))) => {
                    let outcome = match served.health.check() {
                        Ok(()) => self.commit().await,
                        Err(failed) => self.rollback().await.and(Err(failed)),
                    };
                    return drop(reply.send(outcome));
                }
                Ok(Ok(Command::Rollback(reply))) => return drop(reply.send(self.rollback().await)),
                Ok(Err(_)) => return drop(self.rollback().await),
                Err(_) => {
                    tracing::warn!("a transaction idled for {} ms and was rolled back", idle.as_millis());
                    return drop(self.rollback().await);
                }
            }
        }
    }

    async fn run_healthy(&mut self, health: &Health, statement: Statement) -> Result<Vec<Row>, StoreError> {
        health.admit(&statement)?;
        let is_undo = statement.is_undo();
        let result = self.run(&statement).await;
        self.journal.note(statement, &result);
        health.note(is_undo, &result);
        result
    }

    async fn run(&mut self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        loop {
            match self.try_run(statement).await {
                Ok(rows) => return Ok(rows),
                Err(failure) if failure.remedy == Remedy::Nothing => return Err(failure.error),
                Err(failure) => self.do_again(failure).await?,
            }
        }
    }

    async fn try_run(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        let link = &mut self.loan.as_mut().ok_or_else(gone)?.link;
        self.remote.run_limited(link, statement).await
    }

    /// Brings a new transaction to where the failed one was.
    ///
    /// # Errors
    /// The failure's error when that cannot be, `Conflict` when what the caller has seen is no longer so.
    async fn do_again(&mut self, failure: Failure) -> Result<(), StoreError> {
        let mut failure = failure;
        loop {
            self.prepare_again(failure).await?;
            failure = match self.begin_and_replay().await {
                Ok(()) => return Ok(()),
                Err(Some(failure)) => failure,
                Err(None) => {
                    drop(self.rollback().await);
                    self.loan = None;
                    return Err(StoreError::Conflict);
                }
            };
        }
    }

    async fn begin_and_replay(&mut self) -> Result<(), Option<Failure>> {
        self.begin_anew().await.map_err(Some)?;
        let link = &mut self.loan.as_mut().ok_or_else(gone)?.link;
        let longest = self.remote.longest_statement;
        timeout(longest, self.journal.replay::<D>(link)).await.unwrap_or_else(|_| Err(Some(too_late())))
    }

    /// Begins on the connection at hand, or on another when there is none.
    async fn begin_anew(&mut self) -> Result<(), Failure> {
        if self.loan.is_none() {
            let loan = self.remote.loan().await;
            self.loan = Some(loan.map_err(|error| Failure::new(error, Remedy::Nothing))?);
        }
        let link = &mut self.loan.as_mut().ok_or_else(gone)?.link;
        self.remote.limited(link.step(Step::Begin)).await
    }

    /// Leaves what failed and waits a moment.
    ///
    /// # Errors
    /// The failure's error when the work cannot be done again.
    async fn prepare_again(&mut self, failure: Failure) -> Result<(), StoreError> {
        let may_repeat = failure.remedy.lets_uncommitted_work_repeat()
            && self.journal.is_complete()
            && self.attempt < failure.remedy.max_attempts();
        if failure.remedy.keeps_link() {
            // What the database undid must still be ended.
            drop(self.rollback_link().await);
        } else if let Some(loan) = self.loan.take() {
            self.remote.settle(loan, failure.remedy);
        }
        if !may_repeat {
            // Nothing may run here any more: it would run outside of a transaction.
            self.loan = None;
            return Err(failure.error);
        }
        self.attempt += 1;
        before_attempt(self.attempt).await;
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        loop {
            let link = &mut self.loan.as_mut().ok_or_else(|| gone().error)?.link;
            match self.remote.limited(link.step(Step::Commit)).await {
                Ok(()) => return Ok(()),
                // Nothing was committed, by the database's own word.
                Err(failure) if failure.remedy == Remedy::Again => self.do_again(failure).await?,
                Err(failure) => {
                    if let Some(loan) = self.loan.take() {
                        self.remote
                            .settle(loan, if failure.remedy.keeps_link() { Remedy::Unknown } else { failure.remedy });
                    }
                    return Err(failure.error);
                }
            }
        }
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        self.rollback_link().await.map_err(|failure| failure.error)
    }

    /// Ends the transaction. A connection on which that fails is dropped, which ends it too.
    async fn rollback_link(&mut self) -> Result<(), Failure> {
        let Some(mut loan) = self.loan.take() else { return Ok(()) };
        let outcome = self.remote.limited(loan.link.step(Step::Rollback)).await;
        match &outcome {
            Ok(()) => self.loan = Some(loan),
            Err(failure) if failure.remedy.keeps_link() => self.remote.settle(loan, Remedy::Unknown),
            Err(failure) => self.remote.settle(loan, failure.remedy),
        }
        outcome
    }
}

fn gone() -> Failure {
    Failure::new(StoreError::Unavailable("the transaction is lost".to_owned()), Remedy::Nothing)
}

fn too_late() -> Failure {
    Failure::new(StoreError::Unavailable("the database did not answer in time".to_owned()), Remedy::TooLate)
}
