//! What a transaction did so far, so that it can be done again when the database undid it.
//!
//! Invariant: a transaction that was done again has shown its caller nothing but what is true in the new one. Work whose
//! results differ the second time is a conflict.

use super::link::{Driver, Failure, Link};
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Statement;

/// A transaction with more statements or rows than these is not done again.
const MAX_STATEMENTS: usize = 256;
const MAX_ROWS: usize = 1_024;

/// The statements of a transaction with what came of them.
#[derive(Default)]
pub(super) struct Journal {
    entries: Vec<(Statement, Seen)>,
    rows: usize,
    is_incomplete: bool,
}

/// What the caller was told.
enum Seen {
    Rows(Vec<Row>),
    Error(StoreError),
}

impl Journal {
    /// Whether it has everything that was done.
    pub(super) fn is_complete(&self) -> bool {
        !self.is_incomplete
    }

    /// Notes a statement and what its caller is told.
    pub(super) fn note(&mut self, statement: Statement, outcome: &Result<Vec<Row>, StoreError>) {
        self.rows += outcome.as_ref().map_or(0, Vec::len);
        if self.is_incomplete || self.entries.len() >= MAX_STATEMENTS || self.rows > MAX_ROWS {
            self.is_incomplete = true;
            self.entries.clear();
            return;
        }
        let seen = match outcome {
            Ok(rows) => Seen::Rows(rows.clone()),
            Err(error) => Seen::Error(error.clone()),
        };
        self.entries.push((statement, seen));
    }

    /// Does everything again on a connection on which a transaction has begun.
    ///
    /// # Errors
    /// The failure of a statement, or `None` when it comes out differently.
    pub(super) async fn replay<D: Driver>(&self, link: &mut D::Link) -> Result<(), Option<Failure>> {
        for (statement, seen) in &self.entries {
            match (link.run(statement).await, seen) {
                (Ok(rows), Seen::Rows(before)) if rows == *before => {}
                (Err(failure), _) if failure.remedy.lets_uncommitted_work_repeat() => return Err(Some(failure)),
                (Err(failure), Seen::Error(before)) if failure.error.is_like(before) => {}
                _ => return Err(None),
            }
        }
        Ok(())
    }
}
