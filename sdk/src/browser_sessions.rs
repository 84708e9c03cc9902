//! Several sessions of one browser, by their tokens. Take a token from a signed cookie, never from a request's body.

use crate::error::Result;
use crate::host;
use crate::sessions::Session;

/// The live ones among them, in the order of `tokens`.
///
/// # Errors
/// `invalid` for more than 100 tokens.
pub fn find(tokens: &[String]) -> Result<Vec<Session>> {
    host::browser_sessions::find(tokens)?.iter().map(|text| Session::parse(text)).collect()
}

/// Makes a live session the browser's current one and sets its cookies. None when it is gone. Without `remember` it ends
/// with the browser; none is what the browser chose before.
///
/// # Errors
/// `denied` outside of routes and `before` hooks.
pub fn resume(token: &str, remember: Option<bool>) -> Result<Option<Session>> {
    host::browser_sessions::resume(token, remember)?.map(|text| Session::parse(&text)).transpose()
}

/// Ends sessions and returns their number. The cookies of the current one stay: see
/// [`sessions::end_current`](crate::sessions::end_current).
///
/// # Errors
/// `invalid` for more than 100 tokens.
pub fn end(tokens: &[String]) -> Result<u64> {
    Ok(host::browser_sessions::end(tokens)?)
}
