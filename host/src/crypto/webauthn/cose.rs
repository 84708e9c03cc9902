//! The public keys of credentials, and the signatures that they made.
//!
//! Source: RFC 9053 and WebAuthn Level 2 §5.8.5 and §6.5.6.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256,
};

use super::cbor::Value;
use super::{Checked, Refused};
use crate::crypto::weak_keys::{has_small_order, is_weak_exponent};

const EDDSA: i64 = -8;
const ES256: i64 = -7;
const ES384: i64 = -35;
const ES512: i64 = -36;
const RS256: i64 = -257;

/// What registrations are offered; stored keys may be of the others too.
const OFFERED: [i64; 3] = [EDDSA, ES256, RS256];
const SMALLEST_MODULUS_BYTES: usize = 256;

/// A credential's public key.
pub(super) struct CoseKey {
    pub(super) algorithm: i64,
    key: ParsedPublicKey,
}

impl CoseKey {
    /// Reads a COSE key, whose point or numbers must be those of a key.
    pub(super) fn parse(bytes: &[u8]) -> Checked<Self> {
        Self::read(bytes).ok_or(Refused::Answer("the public key is malformed or of a kind that is not known"))
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let key = Value::parse(bytes)?;
        let integer = |label| key.get(&Value::Integer(label)).and_then(Value::integer);
        let bytes = |label| key.get(&Value::Integer(label)).and_then(Value::bytes);
        let exactly = |label, length| bytes(label).filter(|bytes| bytes.len() == length);
        let point = |length| Some([&[4], exactly(-2, length)?, exactly(-3, length)?].concat());
        let algorithm = integer(3)?;
        let parsed = match (integer(1)?, algorithm) {
            (1, EDDSA) if integer(-1)? == 6 => {
                ParsedPublicKey::new(&ED25519, exactly(-2, 32).filter(|point| !has_small_order(point))?)
            }
            (2, ES256) if integer(-1)? == 1 => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point(32)?),
            (2, ES384) if integer(-1)? == 2 => ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point(48)?),
            (2, ES512) if integer(-1)? == 3 => ParsedPublicKey::new(&ECDSA_P521_SHA512_ASN1, point(66)?),
            (3, RS256) => {
                let n = bytes(-1).filter(|n| n.len() >= SMALLEST_MODULUS_BYTES)?;
                let e = bytes(-2).filter(|e| !is_weak_exponent(e))?;
                PublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            }
            _ => return None,
        };
        Some(Self { algorithm, key: parsed.ok()? })
    }

    /// Whether a registration may use this algorithm.
    pub(super) fn is_offered(&self) -> bool {
        OFFERED.contains(&self.algorithm)
    }

    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}
