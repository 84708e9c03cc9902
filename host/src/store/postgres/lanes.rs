//! Connections that requests share for the shortest reads, one for each thread that serves requests: what several ask at once
//! goes out together, and no other thread is woken for it.
//!
//! Invariant: what a lane cannot answer, the pool does. A lane that failed is never asked again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::connect::Opener;
use super::link::PgLink;
use crate::store::error::StoreError;
use crate::store::options::StoreOptions;
use crate::store::remote::{Driver, Link, PoolState, Remedy, Remote};
use crate::store::row::Row;
use crate::store::statement::{RowLock, Statement};

/// Of so many connections, one may be a lane.
const PER_LANE: usize = 4;

/// Threads that have asked, of all databases.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Counted from the first thread that asked.
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

/// All lanes of one database, and its pool. They open when they are first wanted.
pub(super) struct Lanes {
    opener: Arc<Opener>,
    pool: Remote<Arc<Opener>>,
    /// Connections of both together.
    most: usize,
    longest_connect: Duration,
    lanes: Vec<Lane>,
}

#[derive(Default)]
struct Lane {
    link: Mutex<Option<Arc<Shared>>>,
    is_opening: AtomicBool,
}

/// A connection and when it was opened.
struct Shared {
    link: PgLink,
    epoch: u64,
}

impl Lanes {
    /// Of the connections, one for each processor is a lane, as far as there are enough.
    pub(super) fn new(opener: Opener, options: &StoreOptions) -> Result<Self, StoreError> {
        let (opener, most) = (Arc::new(opener), options.pool_size.max(1));
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let lanes: Vec<_> = (0..processors.min(most / PER_LANE)).map(|_| Lane::default()).collect();
        let of_pool = StoreOptions { pool_size: most - lanes.len(), ..options.clone() };
        let pool = Remote::new(Arc::clone(&opener), &of_pool)?;
        Ok(Self { opener, pool, most, longest_connect: options.connect_timeout, lanes })
    }

    /// The other connections.
    pub(super) fn pool(&self) -> &Remote<Arc<Opener>> {
        &self.pool
    }

    /// How all connections stand. The lanes are never all in use.
    pub(super) fn state(&self) -> PoolState {
        let pool = self.pool.pool_state();
        let open = self.lanes.iter().filter(|lane| lane.link().is_some()).count();
        PoolState { open: pool.open + open as u64, most: self.most as u64, ..pool }
    }

    /// Reads a row by a unique index; `None` where the pool must. Who gives up leaves nothing half-way: the connection goes on
    /// to read what it was sent.
    pub(super) async fn read(self: &Arc<Self>, statement: &Statement) -> Option<Result<Vec<Row>, StoreError>> {
        if !statement.is_point() || statement.is_write() || statement.lock() != RowLock::None || self.lanes.is_empty() {
            return None;
        }
        let number = THREAD.with(|thread| *thread) % self.lanes.len();
        let lane = self.lanes.get(number)?;
        let Some(shared) = lane.usable(self.pool.epoch()) else {
            self.open(number);
            return None;
        };
        let Ok(read) = timeout(self.pool.longest_statement(), shared.link.query(statement)).await else {
            lane.forget(&shared);
            return Some(Err(StoreError::Unavailable("the database did not answer in time".to_owned())));
        };
        match read.map_err(|error| shared.link.failure(&error)) {
            Ok(rows) => Some(Ok(rows)),
            Err(failure) if failure.remedy == Remedy::Nothing => Some(Err(failure.error)),
            Err(failure) => {
                if !failure.remedy.keeps_link() {
                    lane.forget(&shared);
                }
                None
            }
        }
    }

    /// Opens a lane on the thread that wants it, which does not wait for it.
    fn open(self: &Arc<Self>, number: usize) {
        let is_opening = |lane: &Lane| lane.is_opening.swap(true, Ordering::AcqRel);
        if self.lanes.get(number).is_none_or(is_opening) {
            return;
        }
        let lanes = Arc::clone(self);
        tokio::spawn(async move {
            let epoch = lanes.pool.epoch();
            let opened = timeout(lanes.longest_connect, lanes.opener.connect()).await;
            let Some(lane) = lanes.lanes.get(number) else { return };
            match opened {
                // Behind a pooler, the next statement may meet another server process: no lane ever opens.
                Ok(Ok(link)) if !link.keeps_prepared() => return lanes.pool.resize(lanes.most),
                Ok(Ok(link)) => lane.put(Some(Arc::new(Shared { link, epoch }))),
                // The pool tells why.
                Ok(Err(_)) | Err(_) => {}
            }
            lane.is_opening.store(false, Ordering::Release);
        });
    }
}

impl Lane {
    fn link(&self) -> Option<Arc<Shared>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, link: Option<Arc<Shared>>) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = link;
    }

    fn usable(&self, epoch: u64) -> Option<Arc<Shared>> {
        let shared = self.link()?;
        if shared.link.is_open() && shared.epoch == epoch {
            return Some(shared);
        }
        self.forget(&shared);
        None
    }

    /// Lets go of this connection, unless another one stands in its place already.
    fn forget(&self, shared: &Arc<Shared>) {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        if link.as_ref().is_some_and(|now| Arc::ptr_eq(now, shared)) {
            *link = None;
        }
    }
}
