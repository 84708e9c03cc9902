//! Threads that run reading statements, each on a connection of its own.

use std::thread;

use diesel::SqliteConnection;
use flume::Receiver;

use super::connection::{command, run};
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Statement;
use crate::store::transaction::Reply;

/// A statement and where its rows go.
pub(super) type Read = (Statement, Reply<Vec<Row>>);

/// Maximum statements in one read transaction.
const MAX_READS: usize = 16;

/// Starts one of `readers` reader threads. It ends when the last sender is dropped.
pub(super) fn start(
    mut connection: SqliteConnection,
    requests: Receiver<Read>,
    readers: usize,
) -> Result<(), StoreError> {
    let work = move || {
        while let Ok(first) = requests.recv() {
            // Leave the rest of the queue to the other readers.
            let share = (requests.len() / readers).min(MAX_READS);
            read_batch(&mut connection, [first].into_iter().chain(requests.try_iter().take(share)).collect());
        }
    };
    thread::Builder::new()
        .name("sqlite-reader".to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| StoreError::Unavailable(format!("cannot start a thread: {error}")))
}

/// Answers all reads. Several share one transaction, because locking and unlocking the file costs as much as a look-up.
/// The transaction begins after all of them were sent, so each sees what its caller has written.
fn read_batch(connection: &mut SqliteConnection, reads: Vec<Read>) {
    let is_shared = reads.len() > 1 && command(connection, "BEGIN").is_ok();
    for (statement, reply) in reads {
        // If the caller is gone, nobody needs the rows.
        if !reply.is_closed() {
            let _ = reply.send(run(connection, statement));
        }
    }
    if is_shared && command(connection, "COMMIT").is_err() {
        // Nothing was written. No transaction may stay open.
        let _ = command(connection, "ROLLBACK");
    }
}
