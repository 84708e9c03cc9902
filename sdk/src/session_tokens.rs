//! Session tokens outside of cookies, for clients that keep none.

use crate::error::Result;
use crate::host;

/// What stands after `Bearer` in the request's `authorization` header.
pub fn bearer() -> Option<String> {
    host::session_tokens::bearer()
}

/// Treats the request as if it carried the session cookie with this value: `token.signature` or, unless
/// `require_signature`, the bare token. False when the signature is wrong or missing.
///
/// # Errors
/// `denied` outside of `before` hooks.
pub fn present(value: &str, require_signature: bool) -> Result<bool> {
    Ok(host::session_tokens::present(value, require_signature)?)
}

/// In an `after` hook, the signed token that the answer puts into the session cookie; none when it sets none.
pub fn issued() -> Option<String> {
    host::session_tokens::issued()
}
