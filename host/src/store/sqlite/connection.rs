//! One connection to a SQLite file: opens it, runs statements and translates errors.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Arc, Once};

use diesel::connection::SimpleConnection;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use libsqlite3_sys as ffi;

use super::codes;

use crate::store::error::StoreError;
use crate::store::options::StoreOptions;
use crate::store::row::{Loaded, Row};
use crate::store::statement::{Builder, Statement};

/// Opens the connection that writes. When a commit returns, it is on the disk (`synchronous = FULL`).
pub(super) fn open_writer(path: &Path, options: &StoreOptions) -> Result<SqliteConnection, StoreError> {
    make_private(path)?;
    open(path, options, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
}

/// Opens the one connection to a database in memory.
pub(super) fn open_in_memory(options: &StoreOptions) -> Result<SqliteConnection, StoreError> {
    open(Path::new(":memory:"), options, "PRAGMA foreign_keys = ON;")
}

/// Opens a connection that only reads. It caches up to 16 MiB of pages, so that a large database is searched as fast as
/// a small one.
pub(super) fn open_reader(path: &Path, options: &StoreOptions) -> Result<SqliteConnection, StoreError> {
    open(path, options, "PRAGMA query_only = ON; PRAGMA cache_size = -16384;")
}

/// Opens a connection that reads single rows and never waits for a lock.
pub(super) fn open_point(path: &Path, options: &StoreOptions) -> Result<SqliteConnection, StoreError> {
    open(path, options, "PRAGMA query_only = ON; PRAGMA busy_timeout = 0;")
}

fn open(path: &Path, options: &StoreOptions, pragmas: &str) -> Result<SqliteConnection, StoreError> {
    static LOCKS: Once = Once::new();
    LOCKS.call_once(take_fewer_locks);
    let cannot = |why: String| StoreError::Unavailable(format!("cannot open {}: {why}", path.display()));
    let text = path.to_str().ok_or_else(|| cannot("the path is not Unicode".to_owned()))?;
    let mut connection = SqliteConnection::establish(text).map_err(|error| cannot(error.to_string()))?;
    let wait_ms = options.acquire_timeout.as_millis();
    let all =
        format!("PRAGMA busy_timeout = {wait_ms}; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; {pragmas}");
    connection.batch_execute(&all).map_err(|error| cannot(error.to_string()))?;
    Ok(connection)
}

/// Has SQLite take no lock at each call, since a connection is one thread's at a time, and none to count its memory, which all
/// threads would wait for.
fn take_fewer_locks() {
    // SAFETY: both settings exist, take what is given, and are made before the library is first used. They are asked for only so
    // long; later they are refused and change nothing. `SqliteConnection` is not `Sync`: no two threads use one at once.
    #[expect(unsafe_code, reason = "SQLite has no safe interface for it")]
    let set = unsafe {
        [
            ffi::sqlite3_config(ffi::SQLITE_CONFIG_MULTITHREAD),
            ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, std::ffi::c_int::from(0_u8)),
        ]
    };
    if set.iter().any(|code| *code != ffi::SQLITE_OK) {
        tracing::debug!("SQLite was used before: it keeps its locks");
    }
}

/// Makes a new file readable only by its owner, because it will hold password hashes. SQLite gives its side files the
/// same mode.
pub(super) fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(StoreError::Unavailable(format!("cannot make {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

/// Runs a statement and reads all its rows.
pub(super) fn run(connection: &mut SqliteConnection, statement: Statement) -> Result<Vec<Row>, StoreError> {
    let rows: Vec<Loaded> = statement.load(connection).map_err(store_error)?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Runs a transaction command such as COMMIT, which stays prepared.
pub(super) fn command(connection: &mut SqliteConnection, sql: &str) -> Result<(), StoreError> {
    run(connection, Builder::write(sql).build()?).map(drop)
}

fn store_error(error: Error) -> StoreError {
    let Error::DatabaseError(kind, information) = &error else {
        return StoreError::Internal { what: "a statement".to_owned(), source: Some(Arc::new(error)) };
    };
    let message = information.message();
    // What failed stands behind the last colon: `UNIQUE constraint failed: user.email`.
    let constraint = || message.rsplit(": ").next().unwrap_or_default().to_owned();
    match kind {
        DatabaseErrorKind::UniqueViolation => StoreError::UniqueViolation { constraint: constraint() },
        DatabaseErrorKind::ForeignKeyViolation => StoreError::ForeignKeyViolation { constraint: constraint() },
        DatabaseErrorKind::NotNullViolation | DatabaseErrorKind::CheckViolation => {
            StoreError::RowRefused { constraint: constraint() }
        }
        _ => match codes::of(message) {
            Some(ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED) => StoreError::Conflict,
            Some(ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB) => StoreError::Internal {
                what: "the database's file is damaged".to_owned(),
                source: Some(Arc::new(error)),
            },
            Some(_) => StoreError::Unavailable(message.to_owned()),
            None => StoreError::Internal { what: "a statement".to_owned(), source: Some(Arc::new(error)) },
        },
    }
}
