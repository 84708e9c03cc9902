//! Several sessions of one browser, by their tokens. Take a token from a signed cookie, never from a request's body.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # let user = users::create(&json!({ "email": "ada@example.com" }))?;
//! # let token = sessions::open(&user, "email")?.token().to_owned();
//! let others = browser_sessions::find(&[token.clone(), "gone".to_owned()])?;
//! assert_eq!(others.len(), 1, "those that live");
//! assert!(browser_sessions::resume(&token, None)?.is_some());
//! assert_eq!(browser_sessions::end(&[token])?, 1);
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use crate::sessions::Session;

/// The live ones among them, in the order of `tokens`.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # let token = sessions::open(&ada, "email")?.token().to_owned();
/// # cookies::set_signed("seat-of-ada", &token, cookies::Attributes { max_age_secs: None, http_only: true })?;
/// // Each person at this browser left a signed cookie.
/// let tokens: Vec<String> = cookies::list_signed("seat-of-")?.into_iter().map(|(_, token)| token).collect();
/// let people: Vec<String> = browser_sessions::find(&tokens)?.iter().map(|session| session.user.email()).collect();
/// assert_eq!(people, ["ada@example.com"]);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `invalid` for more than 100 tokens.
pub fn find(tokens: &[String]) -> Result<Vec<Session>> {
    host::browser_sessions::find(tokens)?.iter().map(|text| Session::parse(text)).collect()
}

/// Makes a live session the browser's current one and sets its cookies. None when it is gone. Without `remember` it ends
/// with the browser; none is what was chosen when that session was opened.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # let token = sessions::open(&ada, "email")?.token().to_owned();
/// # sessions::open(&users::create(&json!({ "email": "bob@example.com" }))?, "email")?;
/// let Some(session) = browser_sessions::resume(&token, None)? else {
///     return Err(ErrorCode::UNAUTHORIZED.into());
/// };
/// assert_eq!(session.user.email(), "ada@example.com");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` outside of routes and `before` hooks.
pub fn resume(token: &str, remember: Option<bool>) -> Result<Option<Session>> {
    host::browser_sessions::resume(token, remember)?.map(|text| Session::parse(&text)).transpose()
}

/// Ends sessions and returns their number. The cookies of the current one stay: see
/// [`sessions::end_current`](crate::sessions::end_current).
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # let tokens = [sessions::open(&ada, "email")?.token().to_owned(), "long gone".to_owned()];
/// assert_eq!(browser_sessions::end(&tokens)?, 1);
/// assert!(browser_sessions::find(&tokens)?.is_empty());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `invalid` for more than 100 tokens.
pub fn end(tokens: &[String]) -> Result<u64> {
    Ok(host::browser_sessions::end(tokens)?)
}
