//! Where a piece of work reads and writes, who sees its changes, and what caused it: one handle for all of it.
//!
//! Invariant: whoever is handed a scope reads and writes through it alone. A statement beside it would wait for the scope's
//! own transaction, on SQLite with every other write of the server, on PostgreSQL for a connection that nobody gives back.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use super::Observers;
use super::cause::Cause;
use crate::auth::Auth;
use crate::store::{Database, Row, Schema, Statement, StoreError, Transaction};

/// The store or a transaction, with those who see changes. Clones are cheap, and take part in the same transaction.
#[derive(Clone)]
pub struct Scope {
    db: Arc<dyn Database>,
    observers: Arc<Observers>,
    depth: usize,
    cause: Option<Arc<Cause>>,
}

impl Scope {
    /// Work on `db` that no request causes.
    pub fn new(db: Arc<dyn Database>, observers: Arc<Observers>) -> Self {
        Self { db, observers, depth: 0, cause: None }
    }

    /// The same for work that a request causes.
    #[must_use]
    pub fn caused_by(self, cause: Arc<Cause>) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// The request beneath which this is, if any.
    pub fn cause(&self) -> Option<&Arc<Cause>> {
        self.cause.as_ref()
    }

    /// How many changes cause each other down to here: 0 for a request's own work, 1 for what its change's observers do.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Who sees changes, in the order in which they are asked.
    pub(super) fn observers(&self) -> &Observers {
        &self.observers
    }

    /// What the observers of a change in this scope get.
    pub(super) fn beneath(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    /// Lets the request wake the sender of mail when all is committed; call it after `outbox::write`.
    pub fn note_queued_mail(&self) {
        if let Some(cause) = &self.cause {
            cause.note_queued_mail();
        }
    }

    /// What must happen together: in the transaction that this scope is already, or in one of its own.
    ///
    /// # Errors
    /// When none can begin.
    pub async fn begin(&self, auth: &Auth) -> Result<UnitOfWork, StoreError> {
        if self.is_transaction() {
            return Ok(UnitOfWork { own: None, scope: self.clone() });
        }
        // The one place above the store that owns its statement: what begins a transaction cannot be part of one.
        let own = auth.store.begin().await?;
        let scope = Self { db: own.shared(), ..self.clone() };
        Ok(UnitOfWork { own: Some(own), scope })
    }
}

impl Database for Scope {
    fn run<'a, 'b>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Row>, StoreError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        self.db.run(statement)
    }

    fn schema(&self) -> &Arc<Schema> {
        self.db.schema()
    }

    fn is_transaction(&self) -> bool {
        self.db.is_transaction()
    }

    fn share(&self) -> Option<Arc<dyn Database>> {
        self.db.share()
    }

    fn forbid_commit(&self) {
        self.db.forbid_commit();
    }
}

/// A scope in a transaction. Dropping it undoes the transaction, if it is its own.
pub struct UnitOfWork {
    own: Option<Transaction>,
    scope: Scope,
}

impl UnitOfWork {
    /// Makes its own transaction visible and durable. One that it only takes part in is committed by whoever began it.
    ///
    /// # Errors
    /// As `Transaction::commit`.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.own {
            Some(own) => own.commit().await,
            None => Ok(()),
        }
    }

    /// Undoes its own transaction. One that it only takes part in can no longer be committed.
    ///
    /// # Errors
    /// As `Transaction::rollback`.
    pub async fn rollback(self) -> Result<(), StoreError> {
        match self.own {
            Some(own) => own.rollback().await,
            None => {
                self.scope.forbid_commit();
                Ok(())
            }
        }
    }
}

impl Deref for UnitOfWork {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.scope
    }
}
