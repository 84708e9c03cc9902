//! Connections that requests share for what nearly each of them reads, one for each processor: what several ask at once goes out
//! together, and the connection lives on the thread that asks, so that no other is woken for it.
//!
//! Invariant: what a lane does not answer soon, the pool does. A lane that failed is never asked again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::connect::Opener;
use super::link::PgLink;
use crate::store::error::StoreError;
use crate::store::options::StoreOptions;
use crate::store::remote::{Driver, Link, PoolState, Remedy, Remote};
use crate::store::row::Row;
use crate::store::statement::Statement;
use crate::store::threads;

/// Of so many connections, one may be a lane.
const PER_LANE: usize = 4;
/// Reads that may wait for each other on one lane.
const MOST_AT_ONCE: usize = 64;
/// A read by a unique index that takes longer is stuck behind something.
const PATIENCE: Duration = Duration::from_secs(1);
/// After a lane could not be opened.
const PAUSE: Duration = Duration::from_secs(1);

/// All lanes of one database, and its pool. They open when they are first wanted.
pub(super) struct Lanes {
    opener: Arc<Opener>,
    pool: Remote<Arc<Opener>>,
    /// Connections of both together.
    most: usize,
    longest_connect: Duration,
    lanes: Vec<Lane>,
    /// Held while the pool gets its part.
    shares: Mutex<()>,
}

#[derive(Default)]
struct Lane {
    link: Mutex<Option<Arc<Shared>>>,
    is_opening: AtomicBool,
}

/// A connection, when it was opened, and how many wait for it.
struct Shared {
    link: PgLink,
    epoch: u64,
    waiting: AtomicUsize,
}

impl Lanes {
    /// Of the connections, one for each processor is a lane, as far as there are enough. A replica is not asked for sessions.
    pub(super) fn new(opener: Opener, options: &StoreOptions) -> Result<Self, StoreError> {
        let most = options.pool_size.max(1);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let count = if options.is_replica { 0 } else { processors.min(most / PER_LANE) };
        let opener = Arc::new(opener);
        let pool = Remote::new(Arc::clone(&opener), options)?;
        let lanes = (0..count).map(|_| Lane::default()).collect();
        Ok(Self { opener, pool, most, longest_connect: options.connect_timeout, lanes, shares: Mutex::new(()) })
    }

    /// The other connections.
    pub(super) fn pool(&self) -> &Remote<Arc<Opener>> {
        &self.pool
    }

    /// How all connections stand. The lanes are never all in use.
    pub(super) fn state(&self) -> PoolState {
        let pool = self.pool.pool_state();
        PoolState { open: pool.open + self.open_lanes() as u64, most: self.most as u64, ..pool }
    }

    fn open_lanes(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.link().is_some()).count()
    }

    /// Reads what nearly every request reads; `None` where the pool must. Who gives up leaves nothing half-way: the connection goes on
    /// to read what it was sent.
    pub(super) async fn read(self: &Arc<Self>, statement: &Statement) -> Option<Result<Vec<Row>, StoreError>> {
        // Behind a pooler, the next statement may meet another server process.
        if !statement.is_frequent() || self.lanes.is_empty() || self.opener.has_pooler() {
            return None;
        }
        // Those that serve requests are the first who look a session up.
        let number = threads::number() % self.lanes.len();
        let lane = self.lanes.get(number)?;
        let Some(shared) = lane.link() else {
            self.open(number);
            return None;
        };
        if !shared.link.is_open() || shared.epoch != self.pool.epoch() {
            self.forget(lane, &shared);
            return None;
        }
        let _place = Place::on(&shared)?;
        let Ok(read) = timeout(PATIENCE, shared.link.query(statement)).await else {
            self.forget(lane, &shared);
            return None;
        };
        match read.map_err(|error| shared.link.failure(&error)) {
            Ok(rows) => Some(Ok(rows)),
            Err(failure) if failure.remedy == Remedy::Nothing => Some(Err(failure.error)),
            Err(failure) => {
                if !failure.remedy.keeps_link() {
                    self.forget(lane, &shared);
                }
                None
            }
        }
    }

    /// Opens a lane on the thread that wants it, which does not wait for it.
    fn open(self: &Arc<Self>, number: usize) {
        let Some(opening) = Opening::of(Arc::clone(self), number) else { return };
        tokio::spawn(async move {
            let (lanes, epoch) = (&opening.lanes, opening.lanes.pool.epoch());
            match timeout(lanes.longest_connect, lanes.opener.connect()).await {
                Ok(Ok(_)) if lanes.opener.has_pooler() => {}
                Ok(Ok(link)) => lanes.put(number, Shared { link, epoch, waiting: AtomicUsize::new(0) }),
                // The pool tells why.
                Ok(Err(_)) | Err(_) => sleep(PAUSE).await,
            }
        });
    }

    fn put(&self, number: usize, shared: Shared) {
        let Some(lane) = self.lanes.get(number) else { return };
        *lane.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(shared));
        self.share();
    }

    /// Lets go of this connection, unless another one stands in its place already. Whoever waits for it asks the pool.
    fn forget(&self, lane: &Lane, shared: &Arc<Shared>) {
        shared.link.cut();
        let mut link = lane.link.lock().unwrap_or_else(PoisonError::into_inner);
        if link.as_ref().is_some_and(|now| Arc::ptr_eq(now, shared)) {
            *link = None;
            drop(link);
            self.share();
        }
    }

    /// Leaves to the pool what the lanes do not take.
    fn share(&self) {
        let _held = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        self.pool.resize(self.most - self.open_lanes());
    }
}

impl Lane {
    fn link(&self) -> Option<Arc<Shared>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One of those who wait for a lane's answers.
struct Place<'a>(&'a Shared);

impl<'a> Place<'a> {
    /// None where many wait already.
    fn on(shared: &'a Shared) -> Option<Self> {
        let place = Self(shared);
        (shared.waiting.fetch_add(1, Ordering::Relaxed) < MOST_AT_ONCE).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// While it lives, nobody else opens the lane.
struct Opening {
    lanes: Arc<Lanes>,
    number: usize,
}

impl Opening {
    /// None while another one opens it.
    fn of(lanes: Arc<Lanes>, number: usize) -> Option<Self> {
        let is_free = !lanes.lanes.get(number)?.is_opening.swap(true, Ordering::AcqRel);
        is_free.then_some(Self { lanes, number })
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(lane) = self.lanes.lanes.get(self.number) {
            lane.is_opening.store(false, Ordering::Release);
        }
    }
}
