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
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let row: Value = models::insert("twoFactor", &json!({ "secret": sealing::seal("JBSWY3DP")? }))?;
/// assert_ne!(row["secret"], "JBSWY3DP");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `invalid` for more than 256 KiB.
pub fn seal(text: &str) -> Result<String> {
    Ok(host::sealing::seal(text)?)
}

/// What was encrypted under one of the server's secrets; none for anything else.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// // A row from before the column was encrypted.
/// let stored = "JBSWY3DP";
/// let secret = sealing::open(stored)?.unwrap_or_else(|| stored.to_owned());
/// assert_eq!(secret, "JBSWY3DP");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the host fails.
pub fn open(sealed: &str) -> Result<Option<String>> {
    Ok(host::sealing::open(sealed)?)
}
