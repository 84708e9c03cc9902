//! Changes of users by field: made, updated and deleted.

use super::user::new_row;
use super::{Auth, AuthError, Scope, lifecycle, session};
use crate::store::user;
use crate::store::{User, Value, account, eq, ne};

/// Stores a new user with these fields; the rest are the defaults of the schema.
///
/// # Errors
/// `StoreError::UniqueViolation` when the address is taken, `StoreError::InvalidInput` for an unknown field.
pub async fn create_with(auth: &Auth, scope: &Scope, fields: Vec<(String, Value)>) -> Result<User, AuthError> {
    let mut record = new_row(auth, user::MODEL)?;
    record.set("name", "")?;
    for (name, value) in fields {
        record.set(&name, value)?;
    }
    Ok(User(lifecycle::create(auth, scope, record).await?))
}

/// Changes fields of a user. `None` when there is no such user.
///
/// # Errors
/// When the store fails.
pub async fn update(
    auth: &Auth,
    scope: &Scope,
    id: &str,
    fields: Vec<(String, Value)>,
) -> Result<Option<User>, AuthError> {
    let mut values: Vec<(&str, Value)> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    values.push(("updatedAt", auth.now().into()));
    set(auth, scope, id, &values).await
}

/// Removes a user with sessions and accounts; was there one?
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn delete(auth: &Auth, scope: &Scope, id: &str) -> Result<bool, AuthError> {
    let unit = scope.begin(auth).await?;
    session::end_where(auth, &unit, &[eq("userId", id)]).await?;
    lifecycle::delete(auth, &unit, account::MODEL, &[eq("userId", id)]).await?;
    let was_there = lifecycle::delete(auth, &unit, user::MODEL, &[eq("id", id)]).await? > 0;
    unit.commit().await?;
    Ok(was_there)
}

async fn set(auth: &Auth, scope: &Scope, id: &str, values: &[(&str, Value)]) -> Result<Option<User>, AuthError> {
    Ok(lifecycle::update(auth, scope, user::MODEL, &[eq("id", id)], values).await?.pop().map(User))
}

/// Gives the user the address `new_email` in place of `email`. `None` when there is no such user with that address.
///
/// # Errors
/// `StoreError::UniqueViolation` when the new address is taken.
pub async fn change_email(
    auth: &Auth,
    scope: &Scope,
    id: &str,
    email: &str,
    new_email: &str,
) -> Result<Option<User>, AuthError> {
    let values = [("email", new_email.into()), ("updatedAt", auth.now().into())];
    let as_read = [eq("id", id), eq("email", email)];
    Ok(lifecycle::update(auth, scope, user::MODEL, &as_read, &values).await?.pop().map(User))
}

/// Gives the user the address `email`, which was proven, whatever the address is now. Ends all sessions. `None` when there is
/// no such user, or nothing to change.
///
/// # Errors
/// `StoreError::UniqueViolation` when the address is taken.
pub async fn take_back_email(auth: &Auth, scope: &Scope, id: &str, email: &str) -> Result<Option<User>, AuthError> {
    let values = [("email", email.into()), ("emailVerified", true.into()), ("updatedAt", auth.now().into())];
    let other = [eq("id", id), ne("email", email)];
    let changed = lifecycle::update(auth, scope, user::MODEL, &other, &values).await?.pop();
    if changed.is_some() {
        session::end_all(auth, scope, id, None).await?;
    }
    Ok(changed.map(User))
}
