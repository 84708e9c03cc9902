//! A database behind a network: a pool of connections, and what is done when the database says "try again".

mod journal;
mod link;
mod pause;
mod transaction;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, TimeoutType};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Backend;
use super::error::StoreError;
use super::options::StoreOptions;
use super::row::Row;
use super::schema::Schema;
use super::statement::Statement;
use super::transaction::Transaction;

pub(super) use link::{Driver, Failure, Link, Remedy, Step};

/// A statement may take longer on this side than on the database's, so that the database can say so itself.
const GRACE: Duration = Duration::from_secs(1);

/// Counts how often all connections became useless at once. Connections of an earlier epoch are of no use. Clones share it.
#[derive(Clone, Default)]
struct Epoch(Arc<AtomicU64>);

impl Epoch {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Ends this epoch. Of several who find so at once, the first does.
    fn end(&self, epoch: u64) {
        let _ = self.0.compare_exchange(epoch, epoch + 1, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// The pool. It connects when a connection is needed. Clones share it.
pub(super) struct Remote<D: Driver> {
    pool: Pool<Opener<D>>,
    epoch: Epoch,
    longest_statement: Duration,
    idle_transaction_timeout: Duration,
}

impl<D: Driver> Clone for Remote<D> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), epoch: self.epoch.clone(), ..*self }
    }
}

/// How a pool stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// Connections that are open.
    pub open: u64,
    /// Those of them that are used now.
    pub used: u64,
    /// How many there may be.
    pub most: u64,
    /// Who waits for one.
    pub wanted: u64,
}

/// A connection on loan from the pool.
type Loan<D> = Object<Opener<D>>;

/// Opens connections for the pool.
struct Opener<D> {
    driver: D,
    epoch: Epoch,
}

/// A connection and the epoch in which it was opened.
struct Aged<L> {
    link: L,
    epoch: u64,
}

impl<D: Driver> Manager for Opener<D> {
    type Type = Aged<D::Link>;
    type Error = StoreError;

    async fn create(&self) -> Result<Self::Type, StoreError> {
        let epoch = self.epoch.now();
        Ok(Aged { link: self.driver.connect().await?, epoch })
    }

    /// A closed connection is noticed without a query. A check before each use would double the round trips.
    async fn recycle(&self, aged: &mut Self::Type, _: &Metrics) -> RecycleResult<StoreError> {
        match aged.link.is_open() && aged.epoch == self.epoch.now() {
            true => Ok(()),
            false => Err(RecycleError::message("the connection is of no use any more")),
        }
    }
}

impl<D: Driver> Remote<D> {
    /// A pool without connections.
    pub(super) fn new(driver: D, options: &StoreOptions) -> Result<Self, StoreError> {
        let epoch = Epoch::default();
        let pool = Pool::builder(Opener { driver, epoch: epoch.clone() })
            .max_size(options.pool_size.max(1))
            .wait_timeout(Some(options.acquire_timeout))
            .create_timeout(Some(options.connect_timeout))
            .recycle_timeout(Some(options.acquire_timeout))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let longest_statement = options.statement_timeout + GRACE;
        Ok(Self { pool, epoch, longest_statement, idle_transaction_timeout: options.idle_transaction_timeout })
    }

    /// Makes room for so many connections.
    pub(super) fn resize(&self, pool_size: usize) {
        self.pool.resize(pool_size);
    }

    /// The present epoch: connections that were opened in an earlier one are of no use.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.now()
    }

    /// How the pool stands now.
    pub(super) fn pool_state(&self) -> PoolState {
        let status = self.pool.status();
        PoolState {
            open: status.size as u64,
            used: status.size.saturating_sub(status.available) as u64,
            most: status.max_size as u64,
            wanted: status.waiting as u64,
        }
    }

    /// Runs a statement on a task of its own, so that a caller who gives up leaves no connection half-way. What the
    /// database undid, or did not do, is tried again.
    pub(super) async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let remote = self.clone();
        let work = async move { remote.run_until_done(&statement).await };
        tokio::spawn(work).await.map_err(|_| StoreError::internal("a statement's task"))?
    }

    async fn run_until_done(&self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        let mut attempt = 1;
        loop {
            let mut loan = self.loan().await?;
            let failure = match self.run_limited(&mut loan.link, statement).await {
                Ok(rows) => return Ok(rows),
                Err(failure) => failure,
            };
            self.settle(loan, failure.remedy);
            let may_repeat = failure.remedy.lets_work_repeat(statement.is_write());
            if !may_repeat || attempt >= failure.remedy.max_attempts() {
                return Err(failure.error);
            }
            attempt += 1;
            pause::before_attempt(attempt).await;
        }
    }

    /// Begins a transaction on a task that owns its connection.
    pub(super) async fn begin(&self, schema: &Arc<Schema>, backend: Backend) -> Result<Transaction, StoreError> {
        let (transaction, served) = Transaction::new(schema, backend);
        let (ready, answer) = oneshot::channel();
        let remote = self.clone();
        tokio::spawn(async move {
            match transaction::Serving::begin(remote).await {
                Ok(serving) => serving.serve(served, ready).await,
                Err(error) => drop(ready.send(Err(error))),
            }
        });
        answer.await.map_err(|_| StoreError::internal("a transaction's task"))??;
        Ok(transaction)
    }

    /// How far this server is behind the one that it replicates from; `None` when it replicates from none.
    pub(super) async fn lag(&self) -> Result<Option<Duration>, StoreError> {
        let mut loan = self.loan().await?;
        let asked = self.limited(loan.link.lag()).await;
        asked.map_err(|failure| {
            self.settle(loan, failure.remedy);
            failure.error
        })
    }

    async fn loan(&self) -> Result<Loan<D>, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(TimeoutType::Wait) => StoreError::Unavailable("all connections are in use".to_owned()),
            PoolError::Timeout(_) => StoreError::Unavailable("connecting took too long".to_owned()),
            other => StoreError::Unavailable(other.to_string()),
        })
    }

    async fn run_limited(&self, link: &mut D::Link, statement: &Statement) -> Result<Vec<Row>, Failure> {
        match statement.is_unlimited() {
            true => link.run(statement).await,
            false => self.limited(link.run(statement)).await,
        }
    }

    /// Waits for the work of a connection, but not for ever: a network that is cut says nothing.
    async fn limited<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        timeout(self.longest_statement, work).await.unwrap_or_else(|_| {
            let error = StoreError::Unavailable("the database did not answer in time".to_owned());
            Err(Failure::new(error, Remedy::TooLate))
        })
    }

    /// Gives a connection back after a failure, or drops it when it is of no use.
    fn settle(&self, loan: Loan<D>, remedy: Remedy) {
        if remedy.keeps_link() {
            return;
        }
        let aged = Loan::<D>::take(loan);
        if matches!(remedy, Remedy::ElsewhereAfresh | Remedy::Unknown) {
            self.epoch.end(aged.epoch);
        }
    }
}
