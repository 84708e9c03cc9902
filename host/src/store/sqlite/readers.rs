//! Threads that answer reading statements, each on a connection of its own.

use std::thread;

use diesel::SqliteConnection;

use super::connection;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Statement;
use crate::store::transaction::Reply;

/// A statement and where its rows go.
pub(super) type Read = (Statement, Reply<Vec<Row>>);

/// Starts one reader. It ends when the last sender is dropped.
pub(super) fn start(mut connection: SqliteConnection, requests: flume::Receiver<Read>) -> Result<(), StoreError> {
    let work = move || {
        while let Ok((statement, reply)) = requests.recv() {
            if !reply.is_closed() {
                // A caller who is gone meanwhile does not need the rows.
                let _ = reply.send(connection::run(&mut connection, statement));
            }
        }
    };
    thread::Builder::new()
        .name("sqlite-reader".to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| StoreError::Unavailable(format!("cannot start a thread: {error}")))
}
