//! Users.

use super::Database;
use super::error::StoreError;
use super::models::Models;
use super::query::eq;
use super::record::Record;
use crate::clock::Timestamp;

/// Name of the model.
pub const MODEL: &str = "user";

/// A row of `user`.
#[derive(Clone, Debug, PartialEq)]
pub struct User(pub Record);

impl User {
    /// The user's id.
    pub fn id(&self) -> &str {
        self.0.text("id")
    }

    /// The display name.
    pub fn name(&self) -> &str {
        self.0.text("name")
    }

    /// The address, in lower case.
    pub fn email(&self) -> &str {
        self.0.text("email")
    }

    /// Has the address been verified?
    pub fn email_verified(&self) -> bool {
        self.0.boolean("emailVerified").unwrap_or(false)
    }

    /// URL of a picture.
    pub fn image(&self) -> Option<&str> {
        self.0.opt_text("image")
    }

    /// When the user signed up.
    pub fn created_at(&self) -> Timestamp {
        self.0.timestamp("createdAt").unwrap_or(Timestamp(0))
    }

    /// When the row last changed.
    pub fn updated_at(&self) -> Timestamp {
        self.0.timestamp("updatedAt").unwrap_or(Timestamp(0))
    }
}

/// The user with this id.
///
/// # Errors
/// As `Models`.
pub async fn find_user_by_id(database: &dyn Database, id: &str) -> Result<Option<User>, StoreError> {
    Ok(database.find_one(MODEL, &[eq("id", id)]).await?.map(User))
}

/// The user with this address, which must be in lower case.
///
/// # Errors
/// As `Models`.
pub async fn find_user_by_email(database: &dyn Database, email: &str) -> Result<Option<User>, StoreError> {
    Ok(database.find_one(MODEL, &[eq("email", email)]).await?.map(User))
}

/// Locks the user until this transaction ends and returns it; others that lock the same user wait. `database` is a
/// transaction.
///
/// # Errors
/// As `Models`.
pub async fn lock_user(database: &dyn Database, id: &str) -> Result<Option<User>, StoreError> {
    Ok(database.find_for_update(MODEL, &[eq("id", id)]).await?.pop().map(User))
}
