//! Small cryptographic steps shared by cookies, tokens and caches: HMAC, SHA-256, base64, constant-time compare.

pub mod jwe;
pub mod keys;
pub mod purpose;
pub mod random;
pub mod seal;
pub mod secret;
pub mod tls;
mod weak_keys;
pub mod webauthn;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use secret::Secret;

/// A key of HMAC-SHA256 that is used often: what depends on the key alone is worked out once.
#[derive(Clone, Debug)]
pub struct MacKey(Secret<Option<Hmac<Sha256>>>);

impl MacKey {
    /// This key, of any length.
    pub fn new(key: &[u8]) -> Self {
        // HMAC takes keys of any length, so there always is one.
        Self(Secret::new(Hmac::new_from_slice(key).ok()))
    }

    /// HMAC-SHA256 of `message`: 32 bytes.
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        let Some(mut mac) = self.0.expose().clone() else { return [0; 32] };
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

/// HMAC-SHA256 of `message` under `key`: 32 bytes.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    MacKey::new(key).mac(message)
}

/// SHA-256 of `bytes`: 32 bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads standard base64 with padding.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// URL-safe base64 without padding.
pub fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads URL-safe base64 without padding.
pub fn from_base64_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    String::from_utf8(digits).unwrap_or_default()
}

/// Reads hexadecimal of either case.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<u32>>>()?;
    let pair = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}

/// Whether two byte strings are equal, in time that depends only on their lengths.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_vectors() {
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mac = hmac_sha256(b"key", b"The quick brown fox jumps over the lazy dog");
        assert_eq!(hex(&mac), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
        assert_eq!(from_base64(&base64(b"\x00\xff")).unwrap(), b"\x00\xff");
        assert_eq!(from_hex("00fF").unwrap(), b"\x00\xff");
        assert_eq!((from_hex("0"), from_hex("0g"), from_hex("é0")), (None, None, None));
        assert!(constant_time_eq(b"a", b"a") && !constant_time_eq(b"a", b"b") && !constant_time_eq(b"a", b"ab"));
    }
}
