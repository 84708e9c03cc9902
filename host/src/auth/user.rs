//! Users and their credentials: how new rows of them look.

use super::{Auth, AuthError, Scope, lifecycle};
use crate::store::{Account, Record, User, Value, account, eq};

/// What a new user starts with; the rest are the defaults of the schema.
#[derive(Clone, Copy, Debug)]
pub struct NewUser<'a> {
    /// Display name.
    pub name: &'a str,
    /// Address in its stored form (`email::normalize`).
    pub email: &'a str,
    /// Whether the address is proven.
    pub email_verified: bool,
    /// URL of a picture.
    pub image: Option<&'a str>,
    /// Fields beside the core's, as [`super::additional_fields::read`] gives them.
    pub additional: &'a [(String, Value)],
}

/// The row of a new user, not yet stored.
///
/// # Errors
/// When the schema has no such user fields.
pub fn new_record(auth: &Auth, new: NewUser<'_>) -> Result<Record, AuthError> {
    let mut record = new_row(auth, "user")?;
    record.set("name", new.name)?;
    record.set("email", new.email)?;
    record.set("emailVerified", new.email_verified)?;
    record.set("image", new.image)?;
    for (name, value) in new.additional {
        record.set(name, value.clone())?;
    }
    Ok(record)
}

/// Stores a new user.
///
/// # Errors
/// `StoreError::UniqueViolation` when the address is taken.
pub async fn create(auth: &Auth, scope: &Scope, new: NewUser<'_>) -> Result<User, AuthError> {
    Ok(User(lifecycle::create(auth, scope, new_record(auth, new)?).await?))
}

/// Gives a user a password: an account of the provider `credential`.
///
/// # Errors
/// When the store fails.
pub async fn create_credential(auth: &Auth, scope: &Scope, user_id: &str, hash: &str) -> Result<Account, AuthError> {
    let mut record = new_row(auth, "account")?;
    record.set("accountId", user_id)?;
    record.set("providerId", "credential")?;
    record.set("userId", user_id)?;
    record.set("password", hash)?;
    Ok(Account(lifecycle::create(auth, scope, record).await?))
}

/// Stores a new hash in place of the one that `account` was read with. `false` when that was replaced meanwhile: of
/// several changes at once, one wins, and none brings an old password back.
///
/// # Errors
/// When the store fails.
pub async fn replace_password(auth: &Auth, scope: &Scope, account: &Account, hash: &str) -> Result<bool, AuthError> {
    let as_read = [eq("id", account.id()), eq("password", account.0.get("password").clone())];
    let changes = [("password", hash.into()), ("updatedAt", auth.now().into())];
    Ok(!lifecycle::update(auth, scope, account::MODEL, &as_read, &changes).await?.is_empty())
}

/// A row of `model` with an id and both dates.
pub(super) fn new_row(auth: &Auth, model: &str) -> Result<Record, AuthError> {
    let now = auth.now();
    let mut record = Record::new(auth.schema().model(model)?);
    record.set_new_id(auth.new_id())?;
    record.set("createdAt", now)?;
    record.set("updatedAt", now)?;
    Ok(record)
}
