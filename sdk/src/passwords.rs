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
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = user_administration::create(&json!({ "email": "ada@example.com" }), Some("correct horse 1"))?;
/// // Before something that cannot be undone, the password is asked for once more.
/// let is_hers = |password: &str| passwords::verify(Some(&ada.id()), password);
/// assert!(is_hers("correct horse 1")? && !is_hers("battery staple 2")?);
/// # Ok::<(), Error>(())
/// ```
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
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = user_administration::create(&json!({ "email": "ada@example.com" }), Some("correct horse 1"))?;
/// fn sign_in(badge: &str, password: &str) -> Result<Response> {
///     let user = users::find_by_own_field("badge", badge)?;
///     if !passwords::verify_sign_in(badge, user.as_ref().map(|user| user.id()).as_deref(), password)? {
///         return Err(Error::new(401, "WRONG_BADGE_OR_PASSWORD", "The badge or the password is wrong"));
///     }
///     let user = user.ok_or_else(|| Error::from(ErrorCode::UNAUTHORIZED))?;
///     Response::json(&sessions::open(&user, "badge")?.user)
/// }
/// # users::update(&ada.id(), &json!({ "badge": "B-17" }))?;
/// # assert!(sign_in("B-17", "correct horse 1").is_ok());
/// # assert!(sign_in("B-18", "correct horse 1").is_err() && sign_in("B-17", "guess").is_err());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`verify`]; `refused` after too many attempts; `invalid` in a transaction, whose rollback would take the attempt back.
pub fn verify_sign_in(identifier: &str, user_id: Option<&str>, password: &str) -> Result<bool> {
    Ok(host::passwords::verify_sign_in(identifier, user_id, password)?)
}

/// Whether the user has a password.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// let next = if passwords::exists(&ada.id())? { "Change your password" } else { "Set a password" };
/// assert_eq!(next, "Set a password");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn exists(user_id: &str) -> Result<bool> {
    Ok(host::passwords::exists(user_id)?)
}
