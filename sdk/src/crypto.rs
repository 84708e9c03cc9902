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
///
/// ```
/// use doorward_sdk::crypto::{self, DIGITS, LETTERS};
/// # doorward_sdk::fake::reset();
/// let token = crypto::random_string(32, &format!("{LETTERS}{DIGITS}"))?;
/// assert!(token.chars().all(|letter| letter.is_ascii_alphanumeric()));
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
pub const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Decimal digits.
///
/// ```
/// use doorward_sdk::crypto::{self, DIGITS};
/// # doorward_sdk::fake::reset();
/// let pin = crypto::random_string(8, DIGITS)?;
/// assert!(pin.len() == 8 && pin.parse::<u64>().is_ok());
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
pub const DIGITS: &str = "0123456789";

/// `length` characters, each drawn evenly from `alphabet` (2 to 256 characters of ASCII). At most 4096.
///
/// ```
/// use doorward_sdk::crypto;
/// # doorward_sdk::fake::reset();
/// // Without the letters that people take for another.
/// let code = crypto::random_string(10, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789")?;
/// assert!(code.len() == 10 && !code.contains(['0', 'O', '1', 'I']));
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
///
/// # Errors
/// `invalid` for another length or alphabet.
pub fn random_string(length: u32, alphabet: &str) -> Result<String> {
    Ok(host::crypto::random_string(length, alphabet)?)
}

/// At most 4096 bytes.
///
/// ```
/// use doorward_sdk::crypto;
/// # doorward_sdk::fake::reset();
/// let challenge = crypto::base64url(&crypto::random_bytes(32)?);
/// assert_eq!(challenge.len(), 43);
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
///
/// # Errors
/// `invalid` for another length.
pub fn random_bytes(length: u32) -> Result<Vec<u8>> {
    Ok(host::crypto::random_bytes(length)?)
}

/// SHA-256.
///
/// ```
/// use doorward_sdk::crypto;
/// # doorward_sdk::fake::reset();
/// // A proof of possession (PKCE): what is stored tells nobody the verifier.
/// let stored = crypto::base64url(&crypto::sha256(b"verifier"));
/// assert_eq!(stored, crypto::base64url(&crypto::sha256(b"verifier")));
/// assert_ne!(stored, crypto::base64url(&crypto::sha256(b"guess")));
/// ```
pub fn sha256(data: &[u8]) -> Vec<u8> {
    host::crypto::sha256(data)
}

/// HMAC-SHA256 with a key of this plugin's own for `purpose`.
///
/// ```
/// use doorward_sdk::crypto;
/// # doorward_sdk::fake::reset();
/// let for_links = crypto::hmac_sha256("unsubscribe", b"user-1");
/// assert_ne!(for_links, crypto::hmac_sha256("download", b"user-1"), "each purpose has a key of its own");
/// ```
pub fn hmac_sha256(purpose: &str, data: &[u8]) -> Vec<u8> {
    host::crypto::hmac_sha256(purpose, data)
}

/// Encrypts and authenticates with a key of this plugin's own for `purpose`. At most 64 KiB.
///
/// ```
/// use doorward_sdk::crypto;
/// # doorward_sdk::fake::reset();
/// let sealed = crypto::seal("api tokens", b"gho_secret")?;
/// // A text, for a column.
/// let column = crypto::base64(&sealed);
/// assert_eq!(crypto::from_base64(&column), Some(sealed));
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
///
/// # Errors
/// `invalid` for more.
pub fn seal(purpose: &str, data: &[u8]) -> Result<Vec<u8>> {
    Ok(host::crypto::seal(purpose, data)?)
}

/// What [`seal`] of this plugin encrypted for this purpose; none for anything else.
///
/// ```
/// use doorward_sdk::crypto;
/// # doorward_sdk::fake::reset();
/// let sealed = crypto::seal("api tokens", b"gho_secret")?;
/// assert_eq!(crypto::open("api tokens", &sealed).as_deref(), Some(&b"gho_secret"[..]));
/// assert_eq!(crypto::open("backup codes", &sealed), None, "it was sealed for another purpose");
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
pub fn open(purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    host::crypto::open(purpose, sealed)
}

/// Whether both are equal, in a time that depends on their lengths only.
///
/// ```
/// use doorward_sdk::crypto;
/// # doorward_sdk::fake::reset();
/// fn is_right(code: &str, stored: &[u8]) -> bool {
///     crypto::constant_time_equal(&crypto::hmac_sha256("code", code.as_bytes()), stored)
/// }
///
/// let stored = crypto::hmac_sha256("code", b"271828");
/// assert!(is_right("271828", &stored) && !is_right("314159", &stored));
/// ```
pub fn constant_time_equal(left: &[u8], right: &[u8]) -> bool {
    host::crypto::constant_time_equal(left, right)
}
