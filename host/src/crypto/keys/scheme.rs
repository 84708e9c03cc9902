//! The algorithms whose signatures are checked, by their names.
//!
//! Source: RFC 7518 §3.1 and RFC 8037 §3.1.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
};

use super::KeyError;

/// How signatures of one algorithm are checked.
pub(super) struct Scheme {
    /// In a token's header.
    pub(super) name: &'static str,
    /// The `kty` of its keys.
    pub(super) kind: &'static str,
    /// Their `crv`; empty when they have none.
    pub(super) curve: &'static str,
    pub(super) how: How,
}

/// The library's part.
pub(super) enum How {
    Edwards,
    /// With the bytes of a coordinate.
    Curve(&'static EcdsaVerificationAlgorithm, usize),
    Rsa(&'static RsaParameters),
}

static SCHEMES: [Scheme; 10] = [
    Scheme { name: "EdDSA", kind: "OKP", curve: "Ed25519", how: How::Edwards },
    Scheme { name: "ES256", kind: "EC", curve: "P-256", how: How::Curve(&ECDSA_P256_SHA256_FIXED, 32) },
    Scheme { name: "ES384", kind: "EC", curve: "P-384", how: How::Curve(&ECDSA_P384_SHA384_FIXED, 48) },
    Scheme { name: "ES512", kind: "EC", curve: "P-521", how: How::Curve(&ECDSA_P521_SHA512_FIXED, 66) },
    rsa("RS256", &RSA_PKCS1_2048_8192_SHA256),
    rsa("RS384", &RSA_PKCS1_2048_8192_SHA384),
    rsa("RS512", &RSA_PKCS1_2048_8192_SHA512),
    rsa("PS256", &RSA_PSS_2048_8192_SHA256),
    rsa("PS384", &RSA_PSS_2048_8192_SHA384),
    rsa("PS512", &RSA_PSS_2048_8192_SHA512),
];

const fn rsa(name: &'static str, parameters: &'static RsaParameters) -> Scheme {
    Scheme { name, kind: "RSA", curve: "", how: How::Rsa(parameters) }
}

impl Scheme {
    /// The one with this name.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn named(name: &str) -> Result<&'static Self, KeyError> {
        SCHEMES.iter().find(|scheme| scheme.name == name).ok_or_else(|| {
            let known = SCHEMES.iter().map(|scheme| scheme.name).collect::<Vec<_>>().join(", ");
            KeyError::Unknown(name.to_owned(), known)
        })
    }
}
