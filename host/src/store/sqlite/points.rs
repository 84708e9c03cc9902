//! Connections on which a caller reads a single row by itself: to wake a thread for it would take longer than the row.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use diesel::SqliteConnection;

use super::connection::{self, run};
use crate::store::error::StoreError;
use crate::store::options::StoreOptions;
use crate::store::row::Row;
use crate::store::statement::Statement;

/// Numbers of threads, so that each has a connection of its own as long as there are enough.
static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static NUMBER: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed));
}

#[derive(Clone)]
pub(super) struct Points(Arc<[Mutex<SqliteConnection>]>);

impl Points {
    /// For a database with one connection.
    pub(super) fn none() -> Self {
        Self(Arc::new([]))
    }

    pub(super) fn open(path: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let open = |_| connection::open_point(path, options).map(Mutex::new);
        (0..cores).map(open).collect::<Result<_, _>>().map(Self)
    }

    /// The rows of a statement that reads one row. `None` when it is no such statement, or when it would have to wait: then a
    /// thread may wait for it.
    pub(super) fn read(&self, statement: &Statement) -> Option<Result<Vec<Row>, StoreError>> {
        if !statement.is_point() || self.0.is_empty() {
            return None;
        }
        let mut connection = self.0.get(NUMBER.get() % self.0.len())?.try_lock().ok()?;
        match run(&mut connection, statement.clone()) {
            Err(StoreError::Conflict) => None,
            rows => Some(rows),
        }
    }
}
