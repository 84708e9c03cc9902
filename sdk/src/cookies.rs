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

/// How long a cookie lives, and whether scripts in the page can read it.
///
/// ```
/// use doorward_sdk::cookies::{self, Attributes};
/// # doorward_sdk::fake::reset();
/// let until_the_browser_closes = Attributes { max_age_secs: None, http_only: true };
/// cookies::set("step", "2", until_the_browser_closes)?;
/// cookies::set("banner", "seen", Attributes { max_age_secs: Some(86_400), http_only: false })?;
/// assert_eq!(cookies::get("banner")?.as_deref(), Some("seen"));
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
pub use crate::bindings::doorward::plugin::cookies::Attributes;
use crate::error::Result;
use crate::host;

/// A cookie of the request.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let language = cookies::Attributes { max_age_secs: None, http_only: false };
/// cookies::set("language", "de", language)?;
/// let language = cookies::get("language")?.unwrap_or_else(|| "en".to_owned());
/// assert_eq!(language, "de");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a name that is not declared.
pub fn get(name: &str) -> Result<Option<String>> {
    Ok(host::cookies::get(name)?)
}

/// A signed cookie of the request; none when its signature is wrong.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// // None too when someone has changed it.
/// let Some(invitation) = cookies::get_signed("invitation")? else {
///     let answer = Response::redirect("/invitations");
///     assert_eq!(doorward_sdk::fake::status(&answer), 302);
///     return Ok::<(), Error>(());
/// };
/// # unreachable!("{invitation}");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a name that is not declared.
pub fn get_signed(name: &str) -> Result<Option<String>> {
    Ok(host::cookies::get_signed(name)?)
}

/// Names and verified values of the request's signed cookies whose names begin with `prefix`, which is declared with
/// [`CookieRule::all_that_begin_so`](crate::CookieRule::all_that_begin_so).
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let brief = cookies::Attributes { max_age_secs: None, http_only: true };
/// cookies::set_signed("seat-of-ada", "7", brief)?;
/// cookies::set_signed("seat-of-bob", "8", brief)?;
/// let seats = cookies::list_signed("seat-of-")?;
/// assert_eq!(seats[1], ("seat-of-bob".to_owned(), "8".to_owned()));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a prefix that is not declared.
pub fn list_signed(prefix: &str) -> Result<Vec<(String, String)>> {
    Ok(host::cookies::list_signed(prefix)?)
}

/// Sets a cookie.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let for_scripts = cookies::Attributes { max_age_secs: Some(31_536_000), http_only: false };
/// cookies::set("theme", "dark", for_scripts)?;
/// assert!(cookies::set("theme", &"x".repeat(4000), for_scripts).is_err());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a name that is not declared.
pub fn set(name: &str, value: &str, attributes: Attributes) -> Result<()> {
    Ok(host::cookies::set(name, value, attributes)?)
}

/// Sets a cookie that only this server can have made.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # use doorward_sdk::fake::RawRequest;
/// fn invite(request: &Request, (): ()) -> Result<Response> {
///     let an_hour = cookies::Attributes { max_age_secs: Some(3600), http_only: true };
///     cookies::set_signed("invitation", &request.param("code").unwrap_or_default(), an_hour)?;
///     Ok(Response::redirect("/sign-up"))
/// }
/// # let rule = CookieRule::prefixed("invitation");
/// # let plugin = Plugin::new("invites", "1.0.0").cookie(rule).route(Route::get("/invite/:code", invite));
/// # RawRequest::get("/invite/K7", &[]).send(&plugin)?;
/// assert_eq!(cookies::get_signed("invitation")?.as_deref(), Some("K7"));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a name that is not declared.
pub fn set_signed(name: &str, value: &str, attributes: Attributes) -> Result<()> {
    Ok(host::cookies::set_signed(name, value, attributes)?)
}

/// Deletes a cookie.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # cookies::set("theme", "dark", cookies::Attributes { max_age_secs: None, http_only: false })?;
/// cookies::delete("theme")?;
/// assert_eq!(cookies::get("theme")?, None);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a name that is not declared.
pub fn delete(name: &str) -> Result<()> {
    Ok(host::cookies::delete(name)?)
}
