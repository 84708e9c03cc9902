//! Short-lived values under identifiers that begin with the plugin's declared prefix.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! let plugin = Plugin::new("seats", "1.0.0").verifications("seat:");
//! verifications::create("seat:token-1", "row 7", 600)?;
//! assert_eq!(verifications::consume("seat:token-1")?.as_deref(), Some("row 7"));
//! assert_eq!(verifications::consume("seat:token-1")?, None, "it counts once");
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;

/// Stores `value` for `ttl_secs` seconds.
///
/// # Errors
/// `denied` for an identifier with another prefix.
pub fn create(identifier: &str, value: &str, ttl_secs: u64) -> Result<()> {
    Ok(host::verifications::create(identifier, value, ttl_secs)?)
}

/// The newest live value. For showing only: redeem with [`consume`].
///
/// # Errors
/// `denied` for an identifier with another prefix.
pub fn find(identifier: &str) -> Result<Option<String>> {
    Ok(host::verifications::find(identifier)?)
}

/// Removes the value and returns it, in one step: of two callers, one gets it. None when it is absent or expired.
///
/// # Errors
/// `denied` for an identifier with another prefix.
pub fn consume(identifier: &str) -> Result<Option<String>> {
    Ok(host::verifications::consume(identifier)?)
}

/// Replaces the newest live value when it still is `current`; the lifetime stays. False when someone else was faster.
///
/// # Errors
/// `denied` for an identifier with another prefix.
pub fn replace(identifier: &str, current: &str, value: &str) -> Result<bool> {
    Ok(host::verifications::replace(identifier, current, value)?)
}
