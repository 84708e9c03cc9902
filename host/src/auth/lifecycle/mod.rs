//! The one way in which users, sessions, accounts and verifications are written, and the observers that see each write.
//!
//! Invariant: outside of `store`, no other file writes rows of these models; `tests/tidy` holds it.
//! Invariant: observers run inside the transaction of the change; when one refuses, that transaction can only be undone.

mod cause;
mod change;
mod length;
mod references;
mod rows;
mod scope;

use std::sync::Arc;

use async_trait::async_trait;
use doorward_contract::ErrorCode;

pub use cause::{Cause, Happening};
pub use change::{Action, Change};
pub use rows::spend_id;
pub use scope::{Scope, UnitOfWork};

use super::{Auth, AuthError, version};
use crate::error::ApiError;
use crate::store::{Database, Filter, Model, Record, StoreError, Value, account, eq, session, user};

/// Sees every write of a user, a session, an account or a verification.
///
/// Both methods must read and write through `scope` alone. It is the transaction of the change, and on SQLite any other
/// write would wait for it. What they write with the functions of this module is observed in turn. Keep them short: while
/// the transaction is open, every other write on SQLite waits.
#[async_trait]
pub trait Observer: Send + Sync {
    /// Whether to be asked about such a change at all; what no observer wants costs nothing.
    fn observes(&self, model: &str, action: Action) -> bool;

    /// Before the change: may alter what will be written, or refuse it.
    ///
    /// # Errors
    /// The refusal that the client gets.
    async fn before(&self, scope: &Scope, change: &mut Change) -> Result<(), ApiError>;

    /// After the change, before its commit; `row` is as it was written, or as it was before it was removed, and `change`
    /// is what was asked for in the end.
    ///
    /// # Errors
    /// The refusal that the client gets; nothing stays written.
    async fn after(&self, scope: &Scope, change: &Change, row: &Record) -> Result<(), ApiError>;
}

/// All observers, in the order in which they are asked.
pub type Observers = Vec<Arc<dyn Observer>>;

/// Writes a new row and returns it as it was stored.
///
/// # Errors
/// `REFERENCE_NOT_FOUND`, an observer's refusal, or as `Models::insert`.
pub async fn create(auth: &Auth, scope: &Scope, record: Record) -> Result<Record, AuthError> {
    note(scope, [&record]);
    let Some(watch) = Watch::on(scope, &record.model().name, Action::Create) else {
        return insert(auth, scope, record).await;
    };
    let unit = scope.begin(auth).await?;
    let done = watch.create(auth, &unit.beneath(), record).await;
    close(unit, done).await
}

/// Sets fields of all rows that match and returns the rows as they are now.
///
/// # Errors
/// An observer's refusal, or as `Models::update`.
pub async fn update(
    auth: &Auth,
    scope: &Scope,
    model: &str,
    filters: &[Filter],
    values: &[(&str, Value)],
) -> Result<Vec<Record>, AuthError> {
    let moves_address = model == user::MODEL && values.iter().any(|(name, _)| *name == "email");
    if !moves_address {
        return update_watched(auth, scope, model, filters, values).await;
    }
    let unit = scope.begin(auth).await?;
    let done = async {
        let users = update_watched(auth, &unit, model, filters, values).await?;
        for user in &users {
            // An address that comes back must not bring back what was bound to it before.
            version::bump(auth, &*unit, user.text("id")).await?;
        }
        Ok(users)
    };
    let done = done.await;
    close(unit, done).await
}

async fn update_watched(
    auth: &Auth,
    scope: &Scope,
    model: &str,
    filters: &[Filter],
    values: &[(&str, Value)],
) -> Result<Vec<Record>, AuthError> {
    let Some(watch) = Watch::on(scope, model, Action::Update) else {
        let updated = update_rows(auth, scope, (model, filters), values).await?;
        note(scope, &updated);
        return Ok(updated);
    };
    let unit = scope.begin(auth).await?;
    let done = watch.update(auth, &unit.beneath(), (model, filters), values).await;
    let updated = close(unit, done).await?;
    note(scope, &updated);
    Ok(updated)
}

/// Deletes all rows that match and returns their number.
///
/// # Errors
/// An observer's refusal, or as `Models::delete`.
pub async fn delete(auth: &Auth, scope: &Scope, model: &str, filters: &[Filter]) -> Result<u64, AuthError> {
    let Some(watch) = Watch::on(scope, model, Action::Delete) else {
        return rows::delete(auth, scope, model, filters).await.map_err(references::in_use);
    };
    let unit = scope.begin(auth).await?;
    let removed = watch.remove(auth, &unit.beneath(), model, filters).await;
    let removed = close(unit, removed).await?;
    note(scope, &removed);
    Ok(removed.len() as u64)
}

/// Deletes all rows that match and returns the newest of them. Of several callers that race for a row, one gets it.
///
/// In a scope that is certain, what an observer does is undone when it fails, and the rows are deleted all the same.
///
/// # Errors
/// An observer's refusal, or as `Models::consume`.
pub async fn consume(auth: &Auth, scope: &Scope, model: &str, filters: &[Filter]) -> Result<Option<Record>, AuthError> {
    let Some(watch) = Watch::on(scope, model, Action::Delete) else {
        let removed = rows::consume(auth, scope, model, filters).await.map_err(references::in_use)?;
        note(scope, &removed);
        return Ok(removed);
    };
    let unit = scope.begin(auth).await?;
    let removed = watch.remove(auth, &unit.beneath(), model, filters).await;
    let removed = match close(unit, removed).await {
        Err(error) if scope.is_certain() && !scope.is_transaction() => {
            tracing::error!(%error, model, "a deletion goes on without its observers");
            return rows::consume(auth, scope, model, filters).await.map_err(references::in_use);
        }
        removed => removed?,
    };
    note(scope, &removed);
    Ok(removed.into_iter().max_by_key(|row| row.timestamp("createdAt")))
}

/// Tells the request whose rows it changes.
fn note<'a>(scope: &Scope, rows: impl IntoIterator<Item = &'a Record>) {
    let Some(cause) = scope.cause() else { return };
    for row in rows {
        let owner = match row.model().name.as_str() {
            user::MODEL => row.text("id"),
            session::MODEL | account::MODEL => row.text("userId"),
            _ => continue,
        };
        cause.note_changed_user(owner);
    }
}

async fn insert(auth: &Auth, scope: &Scope, record: Record) -> Result<Record, AuthError> {
    length::check_row(&record)?;
    references::check_row(scope, &record).await?;
    let model = Arc::clone(record.model());
    rows::insert(auth, scope, record).await.map_err(|error| conflict(&model, error))
}

async fn update_rows(
    auth: &Auth,
    scope: &Scope,
    (name, filters): (&str, &[Filter]),
    values: &[(&str, Value)],
) -> Result<Vec<Record>, AuthError> {
    let model = scope.schema().model(name)?;
    length::check_values(model, values)?;
    references::check_values(scope, model, values).await?;
    rows::update(auth, scope, (name, filters), values).await.map_err(|error| conflict(model, error))
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
    fn on(scope: &Scope, model: &str, action: Action) -> Option<Self> {
        let observers = scope.observers().iter();
        let observers: Observers = observers.filter(|observer| observer.observes(model, action)).cloned().collect();
        (!observers.is_empty()).then_some(Self { observers, action })
    }

    async fn create(&self, auth: &Auth, scope: &Scope, record: Record) -> Result<Record, AuthError> {
        let change = self.before(scope, record, Vec::new()).await?;
        let stored = insert(auth, scope, change.row.clone()).await?;
        self.after(scope, &change, &stored).await?;
        Ok(stored)
    }

    /// Updates row by row, because observers may set other values on each. The rows are locked first, so nobody else changes
    /// what the observers saw. The filters guard each row again, because an observer may have changed it.
    async fn update(
        &self,
        auth: &Auth,
        scope: &Scope,
        (model, filters): (&str, &[Filter]),
        values: &[(&str, Value)],
    ) -> Result<Vec<Record>, AuthError> {
        let mut updated = Vec::new();
        for row in rows::find(auth, scope, (model, filters), false).await? {
            let guard = guard(&row, filters);
            let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            let change = self.before(scope, row, values).await?;
            let values: Vec<(&str, Value)> =
                change.values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            for stored in update_rows(auth, scope, (model, &guard), &values).await? {
                self.after(scope, &change, &stored).await?;
                updated.push(stored);
            }
        }
        Ok(updated)
    }

    async fn remove(
        &self,
        auth: &Auth,
        scope: &Scope,
        model: &str,
        filters: &[Filter],
    ) -> Result<Vec<Record>, AuthError> {
        let mut removed = Vec::new();
        for row in rows::find(auth, scope, (model, filters), true).await? {
            let guard = guard(&row, filters);
            let change = self.before(scope, row, Vec::new()).await?;
            if let Some(row) = rows::consume(auth, scope, model, &guard).await.map_err(references::in_use)? {
                self.after(scope, &change, &row).await?;
                removed.push(row);
            }
        }
        Ok(removed)
    }

    async fn before(&self, scope: &Scope, row: Record, values: Vec<(String, Value)>) -> Result<Change, AuthError> {
        let mut change = Change { action: self.action, row, values };
        for observer in &self.observers {
            observer.before(scope, &mut change).await.map_err(AuthError::Refused)?;
        }
        Ok(change)
    }

    async fn after(&self, scope: &Scope, change: &Change, row: &Record) -> Result<(), AuthError> {
        for observer in &self.observers {
            observer.after(scope, change, row).await.map_err(AuthError::Refused)?;
        }
        Ok(())
    }
}

/// Commits the transaction of a change, or rolls it back after a failure. If the caller began it, the caller can then only
/// roll it back.
async fn close<T>(unit: UnitOfWork, done: Result<T, AuthError>) -> Result<T, AuthError> {
    match &done {
        Ok(_) => unit.commit().await?,
        // The first error is the one that the caller needs.
        Err(_) => _ = unit.rollback().await,
    }
    done
}

fn guard(row: &Record, filters: &[Filter]) -> Vec<Filter> {
    let mut guard = vec![eq("id", row.text("id"))];
    guard.extend_from_slice(filters);
    guard
}
