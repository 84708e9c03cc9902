//! Session tokens outside of cookies, for clients that keep none.
//!
//! ```
//! use doorward_sdk::{fake, prelude::*};
//! # fake::reset();
//! # let user = users::create(&json!({ "email": "ada@example.com" }))?;
//! # let token = sessions::open(&user, "email")?.token().to_owned();
//! # fake::with(|world| world.bearer = Some(format!("{token}.signature")));
//! if let Some(token) = session_tokens::bearer() {
//!     assert!(session_tokens::present(&token, true)?);
//! }
//! # Ok::<(), Error>(())
//! ```

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
