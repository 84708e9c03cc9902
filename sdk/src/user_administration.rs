//! What administrators do to users, beside [`users::update`](crate::users::update).

use crate::error::Result;
use crate::host;

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
