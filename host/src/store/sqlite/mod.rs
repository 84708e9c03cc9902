//! SQLite: one writer thread that commits waiting writes together, a few reader threads, and connections for single rows.

pub mod backup;
mod codes;
mod connection;
mod points;
mod readers;
mod wal_index;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Backend;
use super::error::StoreError;
use super::options::StoreOptions;
use super::row::Row;
use super::schema::Schema;
use super::session_cache::SessionCache;
use super::statement::Statement;
use super::transaction::Transaction;

use points::Points;
use readers::Read;
use wal_index::WalIndex;
use writer::Job;

pub use wal_index::State;

/// Maximum requests that wait for a thread. More are refused after `acquire_timeout`.
const QUEUE_LENGTH: usize = 4096;

/// The channels to the threads. The threads end when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Sqlite {
    /// `None` where the writer reads too.
    reads: Option<flume::Sender<Read>>,
    points: Points,
    writes: flume::Sender<Job>,
    /// `None` where no index tells of changes.
    sessions: Option<Arc<(WalIndex, SessionCache)>>,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

impl Sqlite {
    /// A database that ends with the process. One thread reads and writes.
    pub(super) fn open_in_memory(options: &StoreOptions) -> Result<Self, StoreError> {
        let (writes, jobs) = flume::bounded(QUEUE_LENGTH);
        writer::start(connection::open_in_memory(options)?, jobs, options.idle_transaction_timeout)?;
        let (acquire_timeout, statement_timeout) = (options.acquire_timeout, options.statement_timeout);
        let points = Points::none();
        Ok(Self { reads: None, points, writes, sessions: None, acquire_timeout, statement_timeout })
    }

    /// Opens or creates the file and starts the threads.
    pub(super) fn open(path: &str, options: &StoreOptions) -> Result<Self, StoreError> {
        if path.is_empty() || path.starts_with(":memory:") {
            let problem = "must name a file: a database in memory is gone when the command that makes its tables ends";
            return Err(StoreError::invalid("the database URL", problem));
        }
        let path = Path::new(path);
        let (writes, jobs) = flume::bounded(QUEUE_LENGTH);
        writer::start(connection::open_writer(path, options)?, jobs, options.idle_transaction_timeout)?;
        let (reads, requests) = flume::bounded(QUEUE_LENGTH);
        let readers = options.readers.max(1);
        for _ in 0..readers {
            readers::start(connection::open_reader(path, options)?, requests.clone(), readers)?;
        }
        let (acquire_timeout, statement_timeout) = (options.acquire_timeout, options.statement_timeout);
        let points = Points::open(path, options)?;
        let sessions = WalIndex::open(path).map(|index| Arc::new((index, SessionCache::new())));
        Ok(Self { reads: Some(reads), points, writes, sessions, acquire_timeout, statement_timeout })
    }

    pub(super) async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        if let Some(rows) = self.points.read(&statement) {
            return rows;
        }
        let (reply, answer) = oneshot::channel();
        match &self.reads {
            Some(reads) if !statement.is_write() => self.send(reads, (statement, reply)).await?,
            _ => self.send(&self.writes, Job::Statement(statement, reply)).await?,
        }
        await_answer(answer, self.statement_timeout).await
    }

    /// The sessions that were looked up in the present state, and the state.
    pub(super) fn sessions(&self) -> Option<(&SessionCache, State)> {
        let (index, cache) = self.sessions.as_deref()?;
        Some((cache, index.state()?))
    }

    pub(super) async fn begin(&self, schema: &Arc<Schema>) -> Result<Transaction, StoreError> {
        let (transaction, served) = Transaction::new(schema, Backend::Sqlite);
        let (ready, answer) = oneshot::channel();
        self.send(&self.writes, Job::Transaction(served, ready)).await?;
        await_answer(answer, self.acquire_timeout).await?;
        Ok(transaction)
    }

    async fn send<T: Send>(&self, queue: &flume::Sender<T>, request: T) -> Result<(), StoreError> {
        // The queue is almost never full, and a timer costs more than one attempt.
        let request = match queue.try_send(request) {
            Ok(()) => return Ok(()),
            Err(flume::TrySendError::Full(request)) => request,
            Err(flume::TrySendError::Disconnected(_)) => return Err(has_stopped()),
        };
        match timeout(self.acquire_timeout, queue.send_async(request)).await {
            Ok(sent) => sent.map_err(|_| has_stopped()),
            Err(_) => Err(StoreError::Unavailable("too many requests wait for the database".to_owned())),
        }
    }
}

async fn await_answer<T>(answer: oneshot::Receiver<Result<T, StoreError>>, limit: Duration) -> Result<T, StoreError> {
    match timeout(limit, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(has_stopped()),
        Err(_) => Err(StoreError::Unavailable("the database did not answer in time".to_owned())),
    }
}

fn has_stopped() -> StoreError {
    StoreError::Unavailable("the database thread has stopped".to_owned())
}
