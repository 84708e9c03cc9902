//! Keys that sign tokens for other services: made here, stored as JWKs, opened once and used often.
//!
//! Source: RFC 7517 and RFC 8037 for the keys, RFC 7515 for what they sign; how keys are stored: `storage.md` of the wire
//! contract.

mod der;
mod jwk;
mod jws;
mod ring;
mod scheme;
mod signing;
#[cfg(test)]
mod tests;

pub use jws::{verify, verify_named};
pub use ring::{KeyPair, KeyRing};
pub use signing::SigningKey;

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

impl Algorithm {
    /// Its name in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es512 => "ES512",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    /// Whether a signature takes so long that a server worker should not wait for it.
    pub fn is_slow(self) -> bool {
        matches!(self, Self::Rs256 | Self::Ps256)
    }
}

/// Why a key or what is to be signed cannot be used. The texts hold nothing of the key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a JWK, or one with a member missing or malformed.
    #[error("the key is no JWK: {0}")]
    Malformed(&'static str),
    /// A JWK that this algorithm cannot use.
    #[error("the key is not one for {0}")]
    OtherKind(&'static str),
    /// A name that is no algorithm's.
    #[error("`{0:.16}` is no algorithm: there are {1}")]
    Unknown(String, String),
    /// The stored text does not open.
    #[error("the key was sealed with another secret, or was changed")]
    Sealed,
    /// A size that RSA keys are not made in.
    #[error("an RSA key has 2048, 3072 or 4096 bits")]
    Size,
    /// What is to be signed is malformed.
    #[error("{0}")]
    Token(&'static str),
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Library,
}

impl From<aws_lc_rs::error::Unspecified> for KeyError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Library
    }
}
