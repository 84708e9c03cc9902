//! Connections on which a caller reads a single row by itself: to wake a thread for it would take longer than the row.

use std::path::Path;
use std::sync::{Arc, Mutex};

use diesel::SqliteConnection;

use super::connection::{self, run};
use crate::store::error::StoreError;
use crate::store::options::StoreOptions;
use crate::store::row::Row;
use crate::store::statement::Statement;
use crate::store::threads;

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
        let mut connection = self.0.get(threads::number() % self.0.len())?.try_lock().ok()?;
        match run(&mut connection, statement.clone()) {
            Err(StoreError::Conflict) => None,
            rows => Some(rows),
        }
    }
}
