//! Randomness, hashing and keyed hashing. Keys stay in the host.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! let code = crypto::random_string(6, crypto::DIGITS)?;
//! // What is stored is a keyed hash, and what is compared does not tell by its time.
//! let stored = crypto::hmac_sha256("code", code.as_bytes());
//! assert!(crypto::constant_time_equal(&stored, &crypto::hmac_sha256("code", code.as_bytes())));
//!
//! let sealed = crypto::seal("secrets of users", b"JBSWY3DP")?;
//! assert_eq!(crypto::open("secrets of users", &sealed).as_deref(), Some(&b"JBSWY3DP"[..]));
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;

pub use crate::base64::{base64, base64url, from_base64, from_base64url};

/// Letters of both cases.
pub const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Decimal digits.
pub const DIGITS: &str = "0123456789";

/// `length` characters, each drawn evenly from `alphabet` (2 to 256 characters of ASCII). At most 4096.
///
/// # Errors
/// `invalid` for another length or alphabet.
pub fn random_string(length: u32, alphabet: &str) -> Result<String> {
    Ok(host::crypto::random_string(length, alphabet)?)
}

/// At most 4096 bytes.
///
/// # Errors
/// `invalid` for another length.
pub fn random_bytes(length: u32) -> Result<Vec<u8>> {
    Ok(host::crypto::random_bytes(length)?)
}

/// SHA-256.
pub fn sha256(data: &[u8]) -> Vec<u8> {
    host::crypto::sha256(data)
}

/// HMAC-SHA256 with a key of this plugin's own for `purpose`.
pub fn hmac_sha256(purpose: &str, data: &[u8]) -> Vec<u8> {
    host::crypto::hmac_sha256(purpose, data)
}

/// Encrypts and authenticates with a key of this plugin's own for `purpose`. At most 64 KiB.
///
/// # Errors
/// `invalid` for more.
pub fn seal(purpose: &str, data: &[u8]) -> Result<Vec<u8>> {
    Ok(host::crypto::seal(purpose, data)?)
}

/// What [`seal`] of this plugin encrypted for this purpose; none for anything else.
pub fn open(purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    host::crypto::open(purpose, sealed)
}

/// Whether both are equal, in a time that depends on their lengths only.
pub fn constant_time_equal(left: &[u8], right: &[u8]) -> bool {
    host::crypto::constant_time_equal(left, right)
}
