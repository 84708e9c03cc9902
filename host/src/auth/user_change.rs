//! Changes of users by field: made, updated, and taken over by whoever proves to own the address.

use super::user::new_row;
use super::{Auth, AuthError, Scope, lifecycle, session};
use crate::store::user::{self, find_user_by_id};
use crate::store::{User, Value, account, eq};

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

/// Marks the e-mail as verified. If it was not, the sign-up may have been an attacker's: existing accounts, plugin
/// credentials and sessions are removed. `None` when there is no such user.
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn confirm_email(auth: &Auth, scope: &Scope, id: &str) -> Result<Option<User>, AuthError> {
    let unit = scope.begin(auth).await?;
    let Some(user) = find_user_by_id(&*unit, id).await? else { return Ok(None) };
    if user.email_verified() {
        return Ok(Some(user));
    }
    lifecycle::delete(auth, &unit, account::MODEL, &[eq("userId", id)]).await?;
    let mut values = vec![("emailVerified", true.into()), ("updatedAt", auth.now().into())];
    for model in auth.schema().models() {
        for field in model.fields.iter().filter(|field| field.is_credential) {
            if model.name == user::MODEL {
                values.push((&field.name, field.default.clone().unwrap_or(Value::Null)));
            } else {
                lifecycle::delete(auth, &unit, &model.name, &[eq(field.name.clone(), id)]).await?;
            }
        }
    }
    session::end_all(auth, &unit, id, None).await?;
    let confirmed = set(auth, &unit, id, &values).await?;
    unit.commit().await?;
    Ok(confirmed)
}

/// Removes a user with sessions and accounts; was there one?
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn delete(auth: &Auth, scope: &Scope, id: &str) -> Result<bool, AuthError> {
    let unit = scope.begin(auth).await?;
    session::end_all(auth, &unit, id, None).await?;
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

/// Marks the address as verified. `None` when the user has another address by now, or this one was verified already: of
/// several callers, one gets the user.
///
/// # Errors
/// When the store fails.
pub async fn verify_email(auth: &Auth, scope: &Scope, id: &str, email: &str) -> Result<Option<User>, AuthError> {
    let unverified = [eq("id", id), eq("email", email), eq("emailVerified", false)];
    let values = [("emailVerified", true.into()), ("updatedAt", auth.now().into())];
    Ok(lifecycle::update(auth, scope, user::MODEL, &unverified, &values).await?.pop().map(User))
}
