//! Sessions. Every one that is opened passes the session gates.

use crate::error::Result;
use crate::host;
use crate::users::User;
use serde_json::Value;

/// The request's session with its token: `{"session": …, "user": …}`.
///
/// # Errors
/// When the session cannot be read.
pub fn current() -> Result<Option<Value>> {
    host::sessions::current()?.map(|text| Ok(serde_json::from_str(&text)?)).transpose()
}

/// Signs the user in and sets the cookies: `{"session": …, "user": …}` with the token. `method` is how they proved who
/// they are: `magic-link`.
///
/// # Errors
/// What a gate answered instead; pass it on with `?`.
pub fn open(user: &User, method: &str) -> Result<Value> {
    Ok(serde_json::from_str(&host::sessions::open(&user.id(), method, true)?)?)
}

/// As [`open`], for a session that is short and ends with the browser.
///
/// # Errors
/// As [`open`].
pub fn open_briefly(user: &User, method: &str) -> Result<Value> {
    Ok(serde_json::from_str(&host::sessions::open(&user.id(), method, false)?)?)
}
