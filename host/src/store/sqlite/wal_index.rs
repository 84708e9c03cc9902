//! The state of a database's file, from the index of its write-ahead log, which all processes share.
//!
//! Every commit, whoever makes it, changes the header of the index (<https://www.sqlite.org/walformat.html>, "WAL-Index Header"):
//! between two looks that find the same header, every read has seen the same rows.

use std::ffi::{CString, c_int};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering, fence};

use libsqlite3_sys as ffi;

/// Numbers of one header: its version, the counter of changes, checksums.
const LENGTH: usize = 12;
/// The version of the header that SQLite writes, and readers must refuse any other.
const VERSION: u32 = 3_007_000;
/// Bytes of the part of the index that begins with the header.
const PART_BYTES: c_int = 32_768;

/// A state of the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct State([u32; LENGTH]);

/// The header of a database's index, and the connection that keeps it mapped.
pub(super) struct WalIndex {
    connection: *mut ffi::sqlite3,
    header: *const AtomicU32,
}

// SAFETY: the header is only read, by atomic loads; the connection is used when it is opened and when it is closed, and one
// thread at a time owns it then.
#[expect(unsafe_code, reason = "pointers are neither Send nor Sync by themselves")]
unsafe impl Send for WalIndex {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for WalIndex {}

impl WalIndex {
    /// The index of the file, which exists and has a write-ahead log; `None` when it shows none.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let path = CString::new(path.to_str()?).ok()?;
        let mut index = Self { connection: ptr::null_mut(), header: ptr::null() };
        // SAFETY: the texts end with NUL, and all pointers are to places of this function or NULL where SQLite allows it.
        // `FILE_POINTER` gives the connection's own file, whose methods live as long as the connection. What is read of the
        // schema opens the log and with it the index, whose mapping stays until the process's last connection to it closes.
        #[expect(unsafe_code, reason = "SQLite has no safe interface to the index")]
        unsafe {
            let opened =
                ffi::sqlite3_open_v2(path.as_ptr(), &raw mut index.connection, ffi::SQLITE_OPEN_READWRITE, ptr::null());
            if opened != ffi::SQLITE_OK {
                return None;
            }
            let look = c"SELECT 1 FROM sqlite_schema LIMIT 1";
            let looked = ffi::sqlite3_exec(index.connection, look.as_ptr(), None, ptr::null_mut(), ptr::null_mut());
            let mut file: *mut ffi::sqlite3_file = ptr::null_mut();
            let asked = ffi::sqlite3_file_control(
                index.connection,
                c"main".as_ptr(),
                ffi::SQLITE_FCNTL_FILE_POINTER,
                (&raw mut file).cast(),
            );
            if looked != ffi::SQLITE_OK || asked != ffi::SQLITE_OK || file.is_null() {
                return None;
            }
            let map = (*file).pMethods.as_ref().filter(|methods| methods.iVersion >= 2)?.xShmMap?;
            let mut part = ptr::null_mut();
            if map(file, 0, PART_BYTES, 0, &raw mut part) != ffi::SQLITE_OK {
                return None;
            }
            index.header = part.cast_const().cast();
        }
        (!index.header.is_null() && index.header.is_aligned()).then_some(index)
    }

    /// The present state; `None` while somebody changes it.
    pub(super) fn state(&self) -> Option<State> {
        // The header stands there twice, and is written from behind: whoever finds both alike has read a whole one.
        let first = self.numbers(0);
        fence(Ordering::SeqCst);
        let is_whole = first == self.numbers(LENGTH) && first.first() == Some(&VERSION);
        is_whole.then_some(State(first))
    }

    fn numbers(&self, from: usize) -> [u32; LENGTH] {
        // SAFETY: the part has room for both headers, is aligned, and is mapped as long as the connection is open.
        #[expect(unsafe_code, reason = "memory that SQLite mapped")]
        std::array::from_fn(|index| unsafe { (*self.header.add(from + index)).load(Ordering::Relaxed) })
    }
}

impl Drop for WalIndex {
    fn drop(&mut self) {
        // SAFETY: nothing else uses the connection, which may be NULL.
        #[expect(unsafe_code, reason = "SQLite has no safe interface for it")]
        let _ = unsafe { ffi::sqlite3_close(self.connection) };
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::super::connection::{open_reader, open_writer};
    use super::*;
    use crate::store::options::StoreOptions;

    #[test]
    fn every_commit_is_another_state_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let options = StoreOptions::default();
        let mut writer = open_writer(&path, &options).unwrap();
        writer.batch_execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
        let index = WalIndex::open(&path).unwrap();
        let mut reader = open_reader(&path, &options).unwrap();
        let mut seen = index.state().unwrap();
        reader.batch_execute("SELECT * FROM t").unwrap();
        assert!(index.state() == Some(seen), "a read changes nothing");
        writer.batch_execute("BEGIN IMMEDIATE; UPDATE t SET a = 2").unwrap();
        assert!(index.state() == Some(seen), "what is not committed changes nothing");
        writer.batch_execute("ROLLBACK").unwrap();
        assert!(index.state() == Some(seen));
        let mut other = open_writer(&path, &options).unwrap();
        for round in 0..2000 {
            let connection = if round % 2 == 0 { &mut writer } else { &mut other };
            connection.batch_execute(&format!("UPDATE t SET a = {}", 3 + round)).unwrap();
            if round % 500 == 7 {
                connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
            }
            let now = index.state().unwrap();
            assert!(now != seen, "round {round}");
            seen = now;
        }
    }

    #[test]
    fn a_file_without_a_log_has_no_state() {
        let folder = tempfile::tempdir().unwrap();
        assert!(WalIndex::open(&folder.path().join("none.db")).is_none());
    }
}
