//! Encryption with the server's secrets, in the form that existing databases hold. For everything else use
//! [`crypto::seal`](crate::crypto::seal).
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! let column = sealing::seal("otpauth-secret")?;
//! assert_eq!(sealing::open(&column)?.as_deref(), Some("otpauth-secret"));
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;

/// Encrypts text under the server's current secret.
///
/// # Errors
/// `invalid` for more than 256 KiB.
pub fn seal(text: &str) -> Result<String> {
    Ok(host::sealing::seal(text)?)
}

/// What was encrypted under one of the server's secrets; none for anything else.
///
/// # Errors
/// When the host fails.
pub fn open(sealed: &str) -> Result<Option<String>> {
    Ok(host::sealing::open(sealed)?)
}
