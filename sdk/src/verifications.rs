//! Short-lived values under identifiers that begin with the plugin's declared prefix.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! let plugin = Plugin::new("seats", "1.0.0").verifications("seat:");
//! verifications::create("seat:token-1", "row 7", 600)?;
//! assert_eq!(verifications::consume("seat:token-1")?.as_deref(), Some("row 7"));
//! assert_eq!(verifications::consume("seat:token-1")?, None, "it counts once");
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;

/// Stores `value` for `ttl_secs` seconds.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let token = crypto::random_string(32, crypto::LETTERS)?;
/// // Who reads the table cannot use what is there: the name is a hash, and the mail has the token.
/// let name = format!("news:{}", crypto::base64url(&crypto::sha256(token.as_bytes())));
/// verifications::create(&name, "ada@example.com", 86_400)?;
/// assert_eq!(verifications::find(&name)?.as_deref(), Some("ada@example.com"));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for an identifier with another prefix.
pub fn create(identifier: &str, value: &str, ttl_secs: u64) -> Result<()> {
    Ok(host::verifications::create(identifier, value, ttl_secs)?)
}

/// The newest live value. For showing only: redeem with [`consume`].
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// verifications::create("news:t-1", "ada@example.com", 600)?;
/// let page = match verifications::find("news:t-1")? {
///     Some(email) => format!("Shall {email} get the newsletter?"),
///     None => "The link is too old".to_owned(),
/// };
/// fake::pass_secs(600);
/// assert!(page.starts_with("Shall") && verifications::find("news:t-1")?.is_none());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for an identifier with another prefix.
pub fn find(identifier: &str) -> Result<Option<String>> {
    Ok(host::verifications::find(identifier)?)
}

/// Removes the value and returns it, in one step: of two callers, one gets it. None when it is absent or expired.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawRequest;
/// # doorward_sdk::fake::reset();
/// let plugin = Plugin::new("news", "1.0.0").verifications("news:").route(Route::get("/news/:token", |request, ()| {
///     let name = format!("news:{}", request.param("token").unwrap_or_default());
///     let email = verifications::consume(&name)?.ok_or_else(|| Error::from(ErrorCode::INVALID_TOKEN))?;
///     Ok(Response::text(format!("{email} gets the newsletter")))
/// }));
/// # verifications::create("news:t-1", "ada@example.com", 600)?;
/// let follow = || RawRequest::get("/news/t-1", &[]).send(&plugin);
/// assert!(follow().is_ok() && follow().is_err());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for an identifier with another prefix.
pub fn consume(identifier: &str) -> Result<Option<String>> {
    Ok(host::verifications::consume(identifier)?)
}

/// Replaces the newest live value when it still is `current`; the lifetime stays. False when someone else was faster.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// verifications::create("order:7", "1 wrong code", 600)?;
/// assert!(verifications::replace("order:7", "1 wrong code", "2 wrong codes")?);
/// assert!(!verifications::replace("order:7", "1 wrong code", "2 wrong codes")?, "another request was faster");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for an identifier with another prefix.
pub fn replace(identifier: &str, current: &str, value: &str) -> Result<bool> {
    Ok(host::verifications::replace(identifier, current, value)?)
}
