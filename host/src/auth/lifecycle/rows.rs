//! Where a row of a model is: in the database, in the secondary storage, or in both.
//!
//! Invariant: the secondary storage hears of an end before the database commits, and of a new row before its token is
//! given to anybody. When one of the two fails, the change fails, and what was ended stays so.

use super::Scope;
use std::sync::Arc;

use crate::auth::{Auth, AuthError, secondary_sessions};
use crate::clock::Timestamp;
use crate::config::Home;
use crate::store::secondary::Secondary;
use crate::store::user::find_user_by_id;
use crate::store::{Filter, Models, Op, Record, StoreError, Value, eq, session, user, verification};

/// The storage that holds rows of this model, and whether the database has them too.
fn away<'a>(auth: &'a Auth, model: &str) -> Option<(&'a Secondary, Home)> {
    let home = match model {
        session::MODEL => auth.config.session_home(),
        verification::MODEL => auth.config.verification_home(),
        _ => Home::Database,
    };
    let storage = auth.secondary.as_deref()?;
    (home != Home::Database).then_some((storage, home))
}

/// Spends the id that the database would give this new row, so that an answer about a row that is not stored looks like one
/// about a row that is, and so does the next. Nobody observes it.
///
/// # Errors
/// When the store fails.
pub async fn spend_id(auth: &Auth, scope: &Scope, mut record: Record) -> Result<String, AuthError> {
    let model = Arc::clone(record.model());
    for field in model.fields.iter().filter(|field| field.unique) {
        let nobodys = format!("{}@invalid", auth.random.id());
        record.set(&field.name, if field.required { Value::Text(nobodys) } else { Value::Null })?;
    }
    let unit = scope.begin(auth).await?;
    let row = unit.insert(record).await?;
    unit.delete(&model.name, &[eq("id", row.text("id"))]).await?;
    unit.commit().await?;
    Ok(row.text("id").to_owned())
}

pub(super) async fn insert(auth: &Auth, scope: &Scope, record: Record) -> Result<Record, StoreError> {
    match away(auth, &record.model().name) {
        None => scope.insert(record).await,
        Some(place) => Box::pin(insert_away(auth, scope, place, record)).await,
    }
}

async fn insert_away(
    auth: &Auth,
    scope: &Scope,
    (storage, home): (&Secondary, Home),
    record: Record,
) -> Result<Record, StoreError> {
    let record = after_last_end(storage, record).await?;
    let stored = match home {
        Home::Secondary { keeps_rows: false } => with_id(auth, record)?,
        _ => scope.insert(record).await?,
    };
    let owner = match stored.model().name.as_str() {
        session::MODEL => find_user_by_id(scope, stored.text("userId")).await?,
        _ => None,
    };
    storage.insert(&stored, owner.as_ref().map(|user| &user.0), auth.now()).await?;
    Ok(stored)
}

/// A new session is younger than the note that all before it are ended, also where the clock of the server that wrote the
/// note is ahead.
async fn after_last_end(storage: &Secondary, mut record: Record) -> Result<Record, StoreError> {
    if record.model().name == session::MODEL
        && let Some(ended) = storage.revoked_before(record.text("userId")).await?
        && record.timestamp("createdAt").is_some_and(|created| created <= ended)
    {
        record.set("createdAt", Timestamp(ended.0 + 1))?;
    }
    Ok(record)
}

/// What no database sees gets its id here.
fn with_id(auth: &Auth, mut record: Record) -> Result<Record, StoreError> {
    if record.get("id").is_null() {
        record.set("id", auth.random.id())?;
    }
    Ok(record)
}

pub(super) async fn update(
    auth: &Auth,
    scope: &Scope,
    (model, filters): (&str, &[Filter]),
    values: &[(&str, Value)],
) -> Result<Vec<Record>, StoreError> {
    let Some((storage, home)) = away(auth, model) else {
        let changed = scope.update(model, filters, values).await?;
        if model == user::MODEL {
            Box::pin(renew_users(auth, &changed)).await;
        }
        return Ok(changed);
    };
    Box::pin(update_away(auth, scope, (storage, home), (model, filters), values)).await
}

async fn update_away(
    auth: &Auth,
    scope: &Scope,
    (storage, home): (&Secondary, Home),
    (model, filters): (&str, &[Filter]),
    values: &[(&str, Value)],
) -> Result<Vec<Record>, StoreError> {
    let Home::Secondary { keeps_rows } = home else {
        let changed = scope.update(model, filters, values).await?;
        for record in &changed {
            storage.renew(auth.schema(), record, auth.now()).await?;
        }
        return Ok(changed);
    };
    let changed = storage.update(auth.schema(), (model, filters), values, auth.now()).await?;
    if keeps_rows {
        for record in &changed {
            scope.update(model, &[eq("id", record.text("id"))], values).await?;
        }
    }
    Ok(changed)
}

/// All rows that match. Those in the database are locked until the transaction ends; those in the storage are compared
/// again when they are changed.
pub(super) async fn find(
    auth: &Auth,
    scope: &Scope,
    (model, filters): (&str, &[Filter]),
    is_for_delete: bool,
) -> Result<Vec<Record>, StoreError> {
    match away(auth, model) {
        Some((storage, Home::Secondary { .. })) => Box::pin(storage.find(auth.schema(), model, filters)).await,
        _ if is_for_delete => scope.find_for_delete(model, filters).await,
        _ => scope.find_for_update(model, filters).await,
    }
}

pub(super) async fn delete(auth: &Auth, scope: &Scope, model: &str, filters: &[Filter]) -> Result<u64, AuthError> {
    match away(auth, model) {
        None => {
            Box::pin(note_ends_of_copies(auth, scope, model, filters)).await?;
            Ok(scope.delete(model, filters).await?)
        }
        Some((storage, Home::Secondary { .. })) => {
            let taken = Box::pin(take(auth, (storage, scope), model, filters)).await?;
            if model == session::MODEL {
                Box::pin(note_all_ended(auth, storage, filters)).await?;
            }
            Ok(taken.len() as u64)
        }
        Some((storage, _)) => {
            Box::pin(end_copies(auth, (storage, scope), model, filters)).await?;
            Ok(scope.delete(model, filters).await?)
        }
    }
}

pub(super) async fn consume(
    auth: &Auth,
    scope: &Scope,
    model: &str,
    filters: &[Filter],
) -> Result<Option<Record>, AuthError> {
    match away(auth, model) {
        None => {
            Box::pin(note_ends_of_copies(auth, scope, model, filters)).await?;
            Ok(scope.consume(model, filters).await?)
        }
        Some((storage, Home::Secondary { .. })) => {
            let taken = Box::pin(take(auth, (storage, scope), model, filters)).await?;
            Ok(taken.into_iter().max_by_key(|row| row.timestamp("createdAt")))
        }
        Some((storage, _)) => {
            Box::pin(end_copies(auth, (storage, scope), model, filters)).await?;
            Ok(scope.consume(model, filters).await?)
        }
    }
}

async fn take(
    auth: &Auth,
    (storage, scope): (&Secondary, &Scope),
    model: &str,
    filters: &[Filter],
) -> Result<Vec<Record>, AuthError> {
    let taken = storage.take(auth.schema(), (model, filters), auth.now()).await?;
    if model == session::MODEL {
        for record in &taken {
            secondary_sessions::note_end(auth, scope, record).await?;
        }
    }
    Ok(taken)
}

/// Where copies in browsers tell of sessions, this process at least refuses those of sessions that end here.
async fn note_ends_of_copies(auth: &Auth, scope: &Scope, model: &str, filters: &[Filter]) -> Result<(), AuthError> {
    if model == session::MODEL && auth.config.is_stateless() {
        for row in scope.find_for_delete(model, filters).await? {
            secondary_sessions::note_end(auth, scope, &row).await?;
        }
    }
    Ok(())
}

/// Removes the copies of rows that are about to be deleted.
async fn end_copies(
    auth: &Auth,
    (storage, scope): (&Secondary, &Scope),
    model: &str,
    filters: &[Filter],
) -> Result<(), StoreError> {
    for row in scope.find_for_delete(model, filters).await? {
        let own = [eq("token", row.text("token"))];
        storage.take(auth.schema(), (model, &own), auth.now()).await?;
    }
    Ok(())
}

/// When all sessions of a user are ended, other servers look at a note of it.
async fn note_all_ended(auth: &Auth, storage: &Secondary, filters: &[Filter]) -> Result<(), StoreError> {
    let [Filter::Field { field, op: Op::Eq, value: Value::Text(user_id) }] = filters else { return Ok(()) };
    if field != "userId" {
        return Ok(());
    }
    // One that takes the place of the others is made in the same moment.
    let moment = Timestamp(auth.now().0 - 1);
    storage.note_revoked(user_id, moment, auth.config.session.expires_in).await
}

/// Other servers read users beside their sessions. This one does not, so a failure costs them the news alone.
async fn renew_users(auth: &Auth, users: &[Record]) {
    let Some(storage) = auth.secondary.as_deref().filter(|_| auth.config.session_home() != Home::Database) else {
        return;
    };
    for user in users {
        if let Err(error) = storage.renew_user(auth.schema(), user, auth.now()).await {
            tracing::warn!(%error, "copies of a user beside sessions in the secondary storage stay as they were");
        }
    }
}
