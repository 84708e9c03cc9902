//! For plugins that prove that a person reads an address's mail.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # let user = users::create(&json!({ "email": "ada@example.com" }))?;
//! // Someone followed a link that was mailed to the user's address.
//! let user = email_ownership::confirm(&user)?;
//! assert!(user.is_email_verified());
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use crate::users::User;

/// The person in front of us has just proved to own this user's address: marks it verified. When it was not verified
/// before, the password, linked accounts and sessions from before are removed with it, because whoever signed up with the
/// address may have been someone else.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// // Somebody signed up with Ada's address, and now Ada follows the link in her mail.
/// let user = user_administration::create(&json!({ "email": "ada@example.com" }), Some("not Ada's 1"))?;
/// let user = email_ownership::confirm(&user)?;
/// assert!(user.is_email_verified() && !passwords::exists(&user.id())?);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `invalid` for an unknown user.
pub fn confirm(user: &User) -> Result<User> {
    User::parse(&host::email_ownership::confirm(&user.id())?)
}

/// Mails the user the link that verifies the address, as the core does after a sign-up. `callback_url` is checked already.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// email_ownership::send_verification(&ada, Some("/newsletter/welcome"))?;
/// let (kind, to, _) = fake::with(|world| world.mails[0].clone());
/// assert_eq!((kind.as_str(), to.as_str()), ("verify-email", "ada@example.com"));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `refused` when the server sends no such mails.
pub fn send_verification(user: &User, callback_url: Option<&str>) -> Result<()> {
    Ok(host::email_ownership::send_verification(&user.id(), callback_url)?)
}
