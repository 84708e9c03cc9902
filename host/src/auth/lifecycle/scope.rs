//! Where a piece of work reads and writes, who sees its changes, and what caused it: one handle for all of it.
//!
//! Invariant: whoever gets a scope reads and writes through it alone. A statement beside it could wait for the scope's own
//! transaction: on SQLite every write waits for it, on PostgreSQL it may hold the last connection.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use super::Observers;
use super::cause::{Cause, Happening};
use crate::auth::Auth;
use crate::store::{Backend, Database, Row, Schema, SessionCache, State, Statement, StoreError, Transaction};

/// The store or a transaction, with the observers of its changes. Clones are cheap and share the transaction.
#[derive(Clone)]
pub struct Scope {
    db: Arc<dyn Database>,
    observers: Arc<Observers>,
    depth: usize,
    is_certain: bool,
    is_renewal: bool,
    cause: Option<Arc<Cause>>,
}

impl Scope {
    /// A scope on `db` for work that no request causes.
    pub fn new(db: Arc<dyn Database>, observers: Arc<Observers>) -> Self {
        Self { db, observers, depth: 0, is_certain: false, is_renewal: false, cause: None }
    }

    /// The same scope for work that this request causes.
    #[must_use]
    pub fn caused_by(self, cause: Arc<Cause>) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// The same scope for a deletion that happens whatever observers do.
    #[must_use]
    pub fn certain(self) -> Self {
        Self { is_certain: true, ..self }
    }

    /// Whether a deletion in this scope, or the one that an observer is asked about in it, happens whatever observers do.
    /// What they delete in turn is not certain.
    pub fn is_certain(&self) -> bool {
        self.is_certain && self.depth <= 1
    }

    /// The same scope for a change that gives something another form and no other meaning, as a hash that is made anew.
    #[must_use]
    pub fn renewing(self) -> Self {
        Self { is_renewal: true, ..self }
    }

    /// Whether the change gives something another form alone.
    pub fn is_renewal(&self) -> bool {
        self.is_renewal
    }

    /// The request that causes the work, if any.
    pub fn cause(&self) -> Option<&Arc<Cause>> {
        self.cause.as_ref()
    }

    /// Notes on the request that causes the work what it did to the user of this id.
    pub fn note_happening(&self, happening: Happening, user_id: &str) {
        if let Some(cause) = &self.cause {
            cause.note_happening(happening, user_id);
        }
    }

    /// How many changes caused this work: 0 for a request's own work, 1 for the observers of its changes, and so on.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The observers of changes, in the order in which they are asked.
    pub(super) fn observers(&self) -> &Observers {
        &self.observers
    }

    /// The scope for the observers of a change in this scope.
    pub(super) fn beneath(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    /// Makes the request wake the mail sender after the commit. Call it after `outbox::write`.
    pub fn note_queued_mail(&self) {
        if let Some(cause) = &self.cause {
            cause.note_queued_mail();
        }
    }

    /// The same scope for reads that may be old: a replica answers them, when there is one. A request that writes, and a
    /// transaction, read what is.
    #[must_use]
    pub fn lagging(&self, auth: &Auth) -> Self {
        let may_be_old = !self.is_transaction() && self.cause.as_ref().is_some_and(|cause| cause.may_read_old());
        if may_be_old { Self { db: auth.store.lagging(), ..self.clone() } } else { self.clone() }
    }

    fn note_write(&self) {
        if let Some(cause) = &self.cause {
            cause.note_write();
        }
    }

    /// Begins work that must happen together: in the transaction of this scope, or in a new one if there is none.
    ///
    /// # Errors
    /// When none can begin.
    pub async fn begin(&self, auth: &Auth) -> Result<UnitOfWork, StoreError> {
        if self.is_transaction() {
            return Ok(UnitOfWork { own: None, scope: self.clone() });
        }
        self.note_write();
        // No transaction is open here, so this cannot wait for one of our own.
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
        if statement.is_write() {
            self.note_write();
        }
        self.db.run(statement)
    }

    fn schema(&self) -> &Arc<Schema> {
        self.db.schema()
    }

    fn backend(&self) -> Backend {
        self.db.backend()
    }

    fn sessions(&self) -> Option<(&SessionCache, State)> {
        self.db.sessions()
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

/// A scope in a transaction. If it began the transaction, dropping it rolls back.
pub struct UnitOfWork {
    own: Option<Transaction>,
    scope: Scope,
}

impl UnitOfWork {
    /// Commits the transaction if this unit began it. Otherwise whoever began it commits.
    ///
    /// # Errors
    /// As `Transaction::commit`.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.own {
            Some(own) => own.commit().await,
            None => Ok(()),
        }
    }

    /// Rolls the transaction back if this unit began it. Otherwise it can no longer be committed.
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
