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
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let fields = json!({ "email": "grace@example.com", "name": "Grace" });
/// let user = user_administration::create(&fields, None)?;
/// assert!(!passwords::exists(&user.id())?, "she sets one by a mailed link");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`users::create`](crate::users::create); `refused` for a password that is too long.
pub fn create(fields: &Value, password: Option<&str>) -> Result<User> {
    User::parse(&host::user_administration::create(&fields.to_string(), password)?)
}

/// Gives the user this password. With `end_sessions` the user's sessions end in the same transaction.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # sessions::open(&ada, "email")?;
/// user_administration::set_password(&ada.id(), "correct horse 2", true)?;
/// users::tell_of_change(&ada.id(), users::WayIn::Password)?;
/// assert!(session_administration::list_of_user(&ada.id())?.is_empty());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `refused` for a password that is too short or too long, `invalid` when there is no such user.
pub fn set_password(user_id: &str, password: &str, end_sessions: bool) -> Result<()> {
    Ok(host::user_administration::set_password(user_id, password, end_sessions)?)
}

/// Removes the user with everything that is theirs. False when there was none.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// assert!(user_administration::delete(&ada.id())?);
/// assert!(users::find_by_id(&ada.id())?.is_none());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// A hook's refusal, or when the store is away.
pub fn delete(user_id: &str) -> Result<bool> {
    Ok(host::user_administration::delete(user_id)?)
}
