//! Sizes and time limits of a store.

use std::time::Duration;

/// Sizes and time limits of a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// SQLite: threads that read.
    pub readers: usize,
    /// PostgreSQL: connections.
    pub pool_size: usize,
    /// How long to wait for a connection, or for a turn at the writer.
    pub acquire_timeout: Duration,
    /// PostgreSQL: how long to wait for a new connection.
    pub connect_timeout: Duration,
    /// How long one statement may run (PostgreSQL), or wait for its result (SQLite).
    pub statement_timeout: Duration,
    /// How long a transaction may wait for its next statement before it is rolled back.
    pub idle_transaction_timeout: Duration,
    /// Whether it is a copy that is only read, so that a server which takes no writes will do.
    pub is_replica: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            readers: 2,
            pool_size: 10,
            acquire_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            idle_transaction_timeout: Duration::from_secs(5),
            is_replica: false,
        }
    }
}
