//! What administrators do to users, beside [`users::update`](crate::users::update).
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! let user = user_administration::create(&json!({ "email": "ada@example.com" }), Some("correct horse 1"))?;
//! user_administration::set_password(&user.id(), "correct horse 2", true)?;
//! assert!(user_administration::delete(&user.id())?);
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use crate::users::User;
use serde_json::Value;

/// A new user with fields as in [`users::create`](crate::users::create), and with a password unless it is none, which may be
/// shorter than the core's rules want.
///
/// # Errors
/// As [`users::create`](crate::users::create); `refused` for a password that is too long.
pub fn create(fields: &Value, password: Option<&str>) -> Result<User> {
    User::parse(&host::user_administration::create(&fields.to_string(), password)?)
}

/// Gives the user this password. With `end_sessions` the user's sessions end in the same transaction.
///
/// # Errors
/// `refused` for a password that is too short or too long, `invalid` when there is no such user.
pub fn set_password(user_id: &str, password: &str, end_sessions: bool) -> Result<()> {
    Ok(host::user_administration::set_password(user_id, password, end_sessions)?)
}

/// Removes the user with everything that is theirs. False when there was none.
///
/// # Errors
/// A hook's refusal, or when the store is away.
pub fn delete(user_id: &str) -> Result<bool> {
    Ok(host::user_administration::delete(user_id)?)
}
