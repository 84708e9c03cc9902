//! Changes of users by field: made, updated, and taken over by whoever proves to own the address.

use super::user::new_row;
use super::{Auth, AuthError};
use crate::store::session::delete_sessions_of_user;
use crate::store::user::{self, find_user_by_id, update_user};
use crate::store::{Database, Models, User, Value, account, eq};

/// Stores a new user with these fields; the rest are the defaults of the schema.
///
/// # Errors
/// `StoreError::UniqueViolation` when the address is taken, `StoreError::InvalidInput` for an unknown field.
pub async fn create_with(auth: &Auth, db: &dyn Database, fields: Vec<(String, Value)>) -> Result<User, AuthError> {
    let mut record = new_row(auth, user::MODEL)?;
    record.set("name", "")?;
    for (name, value) in fields {
        record.set(&name, value)?;
    }
    Ok(User(db.insert(record).await?))
}

/// Changes fields of a user. `None` when there is no such user.
///
/// # Errors
/// When the store fails.
pub async fn update(
    auth: &Auth,
    db: &dyn Database,
    id: &str,
    fields: Vec<(String, Value)>,
) -> Result<Option<User>, AuthError> {
    let mut values: Vec<(&str, Value)> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    values.push(("updatedAt", auth.now().into()));
    Ok(update_user(db, id, &values).await?)
}

/// Marks the address as proven. When it was not before, whoever signed up with it may have been someone else: the accounts
/// and sessions from before are removed. `db` is a transaction. `None` when there is no such user.
///
/// # Errors
/// When the store fails.
pub async fn confirm_email(auth: &Auth, db: &dyn Database, id: &str) -> Result<Option<User>, AuthError> {
    let Some(user) = find_user_by_id(db, id).await? else { return Ok(None) };
    if user.email_verified() {
        return Ok(Some(user));
    }
    db.delete(account::MODEL, &[eq("userId", id)]).await?;
    delete_sessions_of_user(db, id, None).await?;
    let values = [("emailVerified", true.into()), ("updatedAt", auth.now().into())];
    Ok(update_user(db, id, &values).await?)
}
