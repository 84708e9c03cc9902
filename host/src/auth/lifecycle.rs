//! The one way in which users, sessions, accounts and verifications are written, and the observers that see each write.
//!
//! Invariant: outside of `store`, no other file writes rows of these models; `tests/tidy.rs` holds it.
//! Invariant: observers run inside the transaction of the change; when one refuses, that transaction can only be undone.

use std::sync::Arc;

use async_trait::async_trait;
use doorward_contract::ErrorCode;

use super::{Auth, AuthError};
use crate::error::ApiError;
use crate::store::{Database, Filter, Model, Models, Record, StoreError, Transaction, Value, eq};

/// What happens to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// It changes.
    Update,
    /// It is removed, or redeemed.
    Delete,
}

/// Sees every write of a user, a session, an account or a verification.
///
/// Both methods must write through `db` alone: on SQLite, another write would wait for this transaction for ever. What
/// they write with the functions of this module is observed in turn. The request beneath which the change happens is
/// `exchange::Cause::current`. Keep them short: the transaction is open, and on SQLite every other write waits.
#[async_trait]
pub trait Observer: Send + Sync {
    /// Whether to be asked about such a change at all; what no observer wants costs nothing.
    fn observes(&self, model: &str, action: Action) -> bool;

    /// Before the change: may alter what will be written, or refuse it.
    ///
    /// # Errors
    /// The refusal that the client gets.
    async fn before(&self, db: &dyn Database, change: &mut Change) -> Result<(), ApiError>;

    /// After the change, before its commit; `row` is as it was written, or as it was before it was removed, and `change`
    /// is what was asked for in the end.
    ///
    /// # Errors
    /// The refusal that the client gets; nothing stays written.
    async fn after(&self, db: &dyn Database, change: &Change, row: &Record) -> Result<(), ApiError>;
}

/// All observers, in the order in which they are asked.
pub type Observers = Vec<Arc<dyn Observer>>;

/// One row's change, before it is written.
#[derive(Clone, Debug)]
pub struct Change {
    action: Action,
    row: Record,
    values: Vec<(String, Value)>,
}

impl Change {
    /// What is about to happen.
    pub fn action(&self) -> Action {
        self.action
    }

    /// `user`, `session`, `account` or `verification`.
    pub fn model(&self) -> &str {
        &self.row.model().name
    }

    /// The new row, or the row as it is now when it is updated or deleted.
    pub fn row(&self) -> &Record {
        &self.row
    }

    /// What an update sets; empty for other changes.
    pub fn values(&self) -> &[(String, Value)] {
        &self.values
    }

    /// Sets a field of what will be written.
    ///
    /// # Errors
    /// `InvalidInput` when there is no such field, the value is of another kind, the row is being deleted, or the id of
    /// an existing row would change.
    pub fn set(&mut self, field: &str, value: impl Into<Value>) -> Result<(), StoreError> {
        let refused = |problem| StoreError::InvalidInput { field: field.to_owned(), problem };
        match self.action {
            Action::Create => self.row.set(field, value),
            Action::Delete => Err(refused("cannot be set on a row that is deleted")),
            Action::Update if field == "id" => Err(refused("cannot be changed")),
            Action::Update => {
                // A copy of the row checks name and kind as a new row would.
                let mut checked = self.row.clone();
                checked.set(field, value)?;
                let value = checked.get(field).clone();
                match self.values.iter_mut().find(|(name, _)| name == field) {
                    Some((_, slot)) => *slot = value,
                    None => self.values.push((field.to_owned(), value)),
                }
                Ok(())
            }
        }
    }
}

/// Writes a new row and returns it as it was stored.
///
/// # Errors
/// An observer's refusal, or as `Models::insert`.
pub async fn create(auth: &Auth, db: &dyn Database, record: Record) -> Result<Record, AuthError> {
    let Some(watch) = Watch::on(auth, &record.model().name, Action::Create) else {
        return insert(db, record).await;
    };
    let scope = Scope::open(auth, db).await?;
    let done = watch.create(scope.db(), record).await;
    scope.close(done).await
}

/// Sets fields of all rows that match and returns the rows as they are now.
///
/// # Errors
/// An observer's refusal, or as `Models::update`.
pub async fn update(
    auth: &Auth,
    db: &dyn Database,
    model: &str,
    filters: &[Filter],
    values: &[(&str, Value)],
) -> Result<Vec<Record>, AuthError> {
    let Some(watch) = Watch::on(auth, model, Action::Update) else {
        return update_rows(db, model, filters, values).await;
    };
    let scope = Scope::open(auth, db).await?;
    let done = watch.update(scope.db(), model, filters, values).await;
    scope.close(done).await
}

/// Deletes all rows that match and returns their number.
///
/// # Errors
/// An observer's refusal, or as `Models::delete`.
pub async fn delete(auth: &Auth, db: &dyn Database, model: &str, filters: &[Filter]) -> Result<u64, AuthError> {
    let Some(watch) = Watch::on(auth, model, Action::Delete) else { return Ok(db.delete(model, filters).await?) };
    let scope = Scope::open(auth, db).await?;
    let removed = watch.remove(scope.db(), model, filters).await;
    let removed = scope.close(removed).await?;
    Ok(removed.len() as u64)
}

/// Deletes all rows that match and returns the newest of them. Of several callers that race for a row, one gets it.
///
/// # Errors
/// An observer's refusal, or as `Models::consume`.
pub async fn consume(
    auth: &Auth,
    db: &dyn Database,
    model: &str,
    filters: &[Filter],
) -> Result<Option<Record>, AuthError> {
    let Some(watch) = Watch::on(auth, model, Action::Delete) else { return Ok(db.consume(model, filters).await?) };
    let scope = Scope::open(auth, db).await?;
    let removed = watch.remove(scope.db(), model, filters).await;
    let removed = scope.close(removed).await?;
    Ok(removed.into_iter().max_by_key(|row| row.timestamp("createdAt")))
}

async fn insert(db: &dyn Database, record: Record) -> Result<Record, AuthError> {
    let model = Arc::clone(record.model());
    db.insert(record).await.map_err(|error| conflict(&model, error))
}

async fn update_rows(
    db: &dyn Database,
    name: &str,
    filters: &[Filter],
    values: &[(&str, Value)],
) -> Result<Vec<Record>, AuthError> {
    let model = db.schema().model(name)?;
    db.update(name, filters, values).await.map_err(|error| conflict(model, error))
}

/// Maps a unique violation to an API error, with the field owner's message if it declared one.
fn conflict(model: &Model, error: StoreError) -> AuthError {
    let StoreError::UniqueViolation { constraint } = &error else { return error.into() };
    let column = constraint.rsplit_once('.').filter(|(table, _)| *table == model.table).map(|(_, column)| column);
    let field = model.fields.iter().find(|field| Some(field.column.as_str()) == column);
    match field.and_then(|field| field.conflict.clone()) {
        Some(ErrorCode { status, code, message }) => AuthError::Refused(ApiError::new(status, code, message)),
        None => error.into(),
    }
}

/// The observers of one change.
struct Watch {
    observers: Observers,
    action: Action,
}

impl Watch {
    /// `None` when nobody wants to know.
    fn on(auth: &Auth, model: &str, action: Action) -> Option<Self> {
        let all = auth.observers.load();
        let observers: Observers = all.iter().filter(|observer| observer.observes(model, action)).cloned().collect();
        (!observers.is_empty()).then_some(Self { observers, action })
    }

    async fn create(&self, db: &dyn Database, record: Record) -> Result<Record, AuthError> {
        let change = self.before(db, record, Vec::new()).await?;
        let stored = insert(db, change.row.clone()).await?;
        self.after(db, &change, &stored).await?;
        Ok(stored)
    }

    /// Row by row, since each may get other values; the filters guard each row again.
    async fn update(
        &self,
        db: &dyn Database,
        model: &str,
        filters: &[Filter],
        values: &[(&str, Value)],
    ) -> Result<Vec<Record>, AuthError> {
        let mut updated = Vec::new();
        for row in db.find_many(model, filters, None, Some(u32::MAX), None).await? {
            let guard = guard(&row, filters);
            let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            let change = self.before(db, row, values).await?;
            let values: Vec<(&str, Value)> =
                change.values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            for stored in update_rows(db, model, &guard, &values).await? {
                self.after(db, &change, &stored).await?;
                updated.push(stored);
            }
        }
        Ok(updated)
    }

    async fn remove(&self, db: &dyn Database, model: &str, filters: &[Filter]) -> Result<Vec<Record>, AuthError> {
        let mut removed = Vec::new();
        for row in db.find_many(model, filters, None, Some(u32::MAX), None).await? {
            let guard = guard(&row, filters);
            let change = self.before(db, row, Vec::new()).await?;
            if let Some(row) = db.consume(model, &guard).await? {
                self.after(db, &change, &row).await?;
                removed.push(row);
            }
        }
        Ok(removed)
    }

    async fn before(&self, db: &dyn Database, row: Record, values: Vec<(String, Value)>) -> Result<Change, AuthError> {
        let mut change = Change { action: self.action, row, values };
        for observer in &self.observers {
            observer.before(db, &mut change).await.map_err(AuthError::Refused)?;
        }
        Ok(change)
    }

    async fn after(&self, db: &dyn Database, change: &Change, row: &Record) -> Result<(), AuthError> {
        for observer in &self.observers {
            observer.after(db, change, row).await.map_err(AuthError::Refused)?;
        }
        Ok(())
    }
}

/// The transaction in which a change and its observers run: the caller's, or one of their own.
enum Scope<'a> {
    Callers(&'a dyn Database),
    Own(Transaction),
}

impl<'a> Scope<'a> {
    async fn open(auth: &Auth, db: &'a dyn Database) -> Result<Self, AuthError> {
        Ok(if db.is_transaction() { Self::Callers(db) } else { Self::Own(auth.store.begin().await?) })
    }

    fn db(&self) -> &dyn Database {
        match self {
            Self::Callers(db) => *db,
            Self::Own(transaction) => transaction,
        }
    }

    /// Commits its own transaction, or rolls it back; a caller's can only be rolled back after a refusal.
    async fn close<T>(self, done: Result<T, AuthError>) -> Result<T, AuthError> {
        match (self, &done) {
            (Self::Own(transaction), Ok(_)) => transaction.commit().await?,
            (Self::Own(transaction), Err(_)) => _ = transaction.rollback().await,
            (Self::Callers(db), Err(_)) => db.forbid_commit(),
            (Self::Callers(_), Ok(_)) => {}
        }
        done
    }
}

fn guard(row: &Record, filters: &[Filter]) -> Vec<Filter> {
    let mut guard = vec![eq("id", row.text("id"))];
    guard.extend_from_slice(filters);
    guard
}
