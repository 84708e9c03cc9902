//! What a database behind a network must offer, and what its failures mean for the connection and for the work.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Statement;

/// Opens connections to one database.
pub(in crate::store) trait Driver: Send + Sync + 'static {
    /// A connection.
    type Link: Link;

    /// Opens a connection.
    fn connect(&self) -> impl Future<Output = Result<Self::Link, StoreError>> + Send;
}

impl<D: Driver> Driver for Arc<D> {
    type Link = D::Link;

    async fn connect(&self) -> Result<D::Link, StoreError> {
        D::connect(self).await
    }
}

/// One connection.
pub(in crate::store) trait Link: Send + 'static {
    /// Runs one statement and returns its rows.
    fn run(&mut self, statement: &Statement) -> impl Future<Output = Result<Vec<Row>, Failure>> + Send;

    /// Begins or ends a transaction.
    fn step(&mut self, step: Step) -> impl Future<Output = Result<(), Failure>> + Send;

    /// How far this server is behind the one that it replicates from; `None` when it replicates from none.
    fn lag(&mut self) -> impl Future<Output = Result<Option<Duration>, Failure>> + Send;

    /// False once the other side is known to be gone.
    fn is_open(&self) -> bool;
}

/// Where a transaction begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Step {
    /// It begins.
    Begin,
    /// It ends, and its changes stay.
    Commit,
    /// It ends, and its changes are undone.
    Rollback,
}

/// Why a statement or a step failed, and what helps.
#[derive(Clone, Debug)]
pub(in crate::store) struct Failure {
    /// What the caller gets when nothing helps.
    pub error: StoreError,
    /// What helps.
    pub remedy: Remedy,
}

const MAX_COLLISIONS: u32 = 10;
const MAX_CONNECTIONS: u32 = 3;

/// What helps after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Remedy {
    /// Nothing: it would fail again. The connection is sound.
    Nothing,
    /// The same work on the same connection: the database undid it because of another transaction.
    Again,
    /// The same work on another connection: this one is of no use, and the database has not done the work.
    Elsewhere,
    /// As `Elsewhere`, and other connections of the same epoch are of no use either: the server goes down or has become
    /// read-only.
    ElsewhereAfresh,
    /// This connection is of no use, and nobody knows whether the work was done.
    Unknown,
    /// This connection is of no use, and the time is over.
    TooLate,
}

impl Failure {
    /// A failure with its remedy.
    pub(in crate::store) fn new(error: StoreError, remedy: Remedy) -> Self {
        Self { error, remedy }
    }
}

impl Remedy {
    /// Can the connection go on to serve?
    pub(in crate::store) fn keeps_link(self) -> bool {
        matches!(self, Self::Nothing | Self::Again)
    }

    /// How often the work may be done, the first time included. Who collided goes on; a server that is gone is not asked
    /// for long.
    pub(super) fn max_attempts(self) -> u32 {
        if self == Self::Again { MAX_COLLISIONS } else { MAX_CONNECTIONS }
    }

    /// May work that is not committed yet be done again?
    pub(super) fn lets_uncommitted_work_repeat(self) -> bool {
        matches!(self, Self::Again | Self::Elsewhere | Self::ElsewhereAfresh | Self::Unknown)
    }

    /// May work be done again that would have been committed at once?
    pub(super) fn lets_work_repeat(self, is_write: bool) -> bool {
        matches!(self, Self::Again | Self::Elsewhere | Self::ElsewhereAfresh) || (self == Self::Unknown && !is_write)
    }
}
