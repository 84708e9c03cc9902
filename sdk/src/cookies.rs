//! Cookies that the plugin declares. Path, domain, `Secure` and `SameSite` are the server's.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! const SEEN: CookieRule = CookieRule::prefixed("seen");
//!
//! let plugin = Plugin::new("seen", "1.0.0").cookie(SEEN);
//! cookies::set_signed("seen", "once", cookies::Attributes { max_age_secs: Some(3600), http_only: true })?;
//! assert_eq!(cookies::get_signed("seen")?.as_deref(), Some("once"));
//! cookies::delete("seen")?;
//! # Ok::<(), Error>(())
//! ```

pub use crate::bindings::doorward::plugin::cookies::Attributes;
use crate::error::Result;
use crate::host;

/// A cookie of the request.
///
/// # Errors
/// `denied` for a name that is not declared.
pub fn get(name: &str) -> Result<Option<String>> {
    Ok(host::cookies::get(name)?)
}

/// A signed cookie of the request; none when its signature is wrong.
///
/// # Errors
/// `denied` for a name that is not declared.
pub fn get_signed(name: &str) -> Result<Option<String>> {
    Ok(host::cookies::get_signed(name)?)
}

/// Names and verified values of the request's signed cookies whose names begin with `prefix`, which is declared with
/// [`CookieRule::all_that_begin_so`](crate::CookieRule::all_that_begin_so).
///
/// # Errors
/// `denied` for a prefix that is not declared.
pub fn list_signed(prefix: &str) -> Result<Vec<(String, String)>> {
    Ok(host::cookies::list_signed(prefix)?)
}

/// Sets a cookie.
///
/// # Errors
/// `denied` for a name that is not declared.
pub fn set(name: &str, value: &str, attributes: Attributes) -> Result<()> {
    Ok(host::cookies::set(name, value, attributes)?)
}

/// Sets a cookie that only this server can have made.
///
/// # Errors
/// `denied` for a name that is not declared.
pub fn set_signed(name: &str, value: &str, attributes: Attributes) -> Result<()> {
    Ok(host::cookies::set_signed(name, value, attributes)?)
}

/// Deletes a cookie.
///
/// # Errors
/// `denied` for a name that is not declared.
pub fn delete(name: &str) -> Result<()> {
    Ok(host::cookies::delete(name)?)
}
