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
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fake::with(|world| world.bearer = Some("pat_7f".to_owned()));
/// // A token of the plugin's own, not of a session.
/// let own = session_tokens::bearer().filter(|token| token.starts_with("pat_"));
/// assert_eq!(own.as_deref(), Some("pat_7f"));
/// ```
pub fn bearer() -> Option<String> {
    host::session_tokens::bearer()
}

/// Treats the request as if it carried the session cookie with this value: `token.signature` or, unless
/// `require_signature`, the bare token. False when the signature is wrong or missing.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # let token = sessions::open(&ada, "email")?.token().to_owned();
/// # doorward_sdk::fake::sign_out();
/// assert!(!session_tokens::present(&format!("{token}.forged"), true)?);
/// assert!(sessions::current()?.is_none());
/// assert!(session_tokens::present(&token, false)?);
/// assert_eq!(sessions::require()?.user.email(), "ada@example.com");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` outside of `before` hooks.
pub fn present(value: &str, require_signature: bool) -> Result<bool> {
    Ok(host::session_tokens::present(value, require_signature)?)
}

/// In an `after` hook, the signed token that the answer puts into the session cookie; none when it sets none.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{RawReply, RawRequest};
/// # doorward_sdk::fake::reset();
/// let plugin = Plugin::new("mobile", "1.0.0").after(On::any_path().changes_answer(), |_request, reply| {
///     match session_tokens::issued() {
///         Some(token) => reply.expose_header("set-auth-token", &token),
///         None => Ok(()),
///     }
/// });
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # let token = sessions::open(&ada, "email")?.token().to_owned();
/// # let reply = RawReply::signed_in(&json!({ "id": ada.id() }));
/// # RawRequest::post("/sign-in/email", &json!({})).run_after(&plugin, &reply)?;
/// # assert_eq!(Reply::new(&reply).header("set-auth-token"), Some(format!("{token}.signature")));
/// # Ok::<(), Error>(())
/// ```
pub fn issued() -> Option<String> {
    host::session_tokens::issued()
}
