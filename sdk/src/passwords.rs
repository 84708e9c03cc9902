//! Passwords, hashed and compared by the core. Hashes are never shown.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # doorward_sdk::fake::with(|world| world.passwords.insert("u1".into(), "correct horse 1".into()));
//! assert!(passwords::verify(Some("u1"), "correct horse 1")?);
//! assert!(!passwords::verify(None, "correct horse 1")?);
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;

/// Whether `password` is the user's. Ask also when there is no user: it takes as long, and the answer is false.
///
/// # Errors
/// `refused` for a password that is too long, `unavailable` when too many hashes wait.
pub fn verify(user_id: Option<&str>, password: &str) -> Result<bool> {
    Ok(host::passwords::verify(user_id, password)?)
}

/// As [`verify`], for a sign-in with `identifier` (a name, an address) and a password: the attempt counts on the user's account,
/// or on the identifier when nobody has it.
/// [`sessions::open`](crate::sessions::open) for this user ends the count and makes the device known.
///
/// # Errors
/// As [`verify`]; `refused` after too many attempts; `invalid` in a transaction, whose rollback would take the attempt back.
pub fn verify_sign_in(identifier: &str, user_id: Option<&str>, password: &str) -> Result<bool> {
    Ok(host::passwords::verify_sign_in(identifier, user_id, password)?)
}

/// Whether the user has a password.
///
/// # Errors
/// When the store is away.
pub fn exists(user_id: &str) -> Result<bool> {
    Ok(host::passwords::exists(user_id)?)
}
