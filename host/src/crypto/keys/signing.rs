//! A private key: made, read from a JWK, and used.

use aws_lc_rs::encoding::{AsBigEndian, AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair, RsaSignatureEncoding,
};

use super::der::rsa_numbers;
use super::jwk::{Jwk, Member, write};
use super::scheme::Scheme;
use super::{Algorithm, KeyError};
use crate::crypto::secret::Secret;

const DEFAULT_BITS: u32 = 2048;

/// A private key that is ready to sign. It does not print itself.
pub enum SigningKey {
    /// On Ed25519.
    Ed25519(Ed25519KeyPair),
    /// On P-256.
    P256(EcdsaKeyPair),
    /// On P-521.
    P521(EcdsaKeyPair),
    /// For both ways to sign with RSA.
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// A new key for `algorithm`, as the JWK texts of its public and its private form. RSA keys have `bits`, 2048 when
    /// none; making one takes a good part of a second.
    ///
    /// # Errors
    /// [`KeyError::Size`] for a size that is not offered.
    pub fn generate(algorithm: Algorithm, bits: Option<u32>) -> Result<(String, Secret<String>), KeyError> {
        match algorithm {
            Algorithm::EdDsa => generate_ed25519(),
            Algorithm::Es256 => generate_ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            Algorithm::Es512 => generate_ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
            Algorithm::Rs256 | Algorithm::Ps256 => generate_rsa(bits.unwrap_or(DEFAULT_BITS)),
        }
    }

    /// Reads a private JWK, whose public half must fit to it.
    ///
    /// # Errors
    /// When it is none, or none for `algorithm`.
    pub fn parse(jwk: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let jwk = Jwk::parse(jwk)?;
        jwk.must_be_for(Scheme::named(algorithm.name())?)?;
        let read = match algorithm {
            Algorithm::EdDsa => {
                Ed25519KeyPair::from_seed_and_public_key(&jwk.exactly("d", 32)?, &jwk.exactly("x", 32)?)
                    .map(Self::Ed25519)
            }
            Algorithm::Es256 => read_ecdsa(&jwk, &ECDSA_P256_SHA256_FIXED_SIGNING, 32)?.map(Self::P256),
            Algorithm::Es512 => read_ecdsa(&jwk, &ECDSA_P521_SHA512_FIXED_SIGNING, 66)?.map(Self::P521),
            Algorithm::Rs256 | Algorithm::Ps256 => RsaKeyPair::from_components(&KeyPairComponents {
                public_key: jwk.rsa()?,
                d: jwk.bytes("d")?,
                p: jwk.bytes("p")?,
                q: jwk.bytes("q")?,
                dP: jwk.bytes("dp")?,
                dQ: jwk.bytes("dq")?,
                qInv: jwk.bytes("qi")?,
            })
            .map(Self::Rsa),
        };
        read.map_err(|_| KeyError::Malformed("its numbers are none of a key"))
    }

    /// The signature of `message` in the form of JWS.
    ///
    /// # Errors
    /// [`KeyError::OtherKind`] when the key is not one for `algorithm`.
    pub(super) fn signature(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match (self, algorithm) {
            (Self::Ed25519(key), Algorithm::EdDsa) => Ok(key.try_sign(message)?.as_ref().to_vec()),
            (Self::P256(key), Algorithm::Es256) | (Self::P521(key), Algorithm::Es512) => {
                Ok(key.sign(&SystemRandom::new(), message)?.as_ref().to_vec())
            }
            (Self::Rsa(key), Algorithm::Rs256) => sign_rsa(key, &RSA_PKCS1_SHA256, message),
            (Self::Rsa(key), Algorithm::Ps256) => sign_rsa(key, &RSA_PSS_SHA256, message),
            _ => Err(KeyError::OtherKind(algorithm.name())),
        }
    }
}

fn sign_rsa(key: &RsaKeyPair, encoding: &'static RsaSignatureEncoding, message: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), message, &mut signature)?;
    Ok(signature)
}

fn read_ecdsa(
    jwk: &Jwk,
    algorithm: &'static EcdsaSigningAlgorithm,
    length: usize,
) -> Result<Result<EcdsaKeyPair, aws_lc_rs::error::KeyRejected>, KeyError> {
    Ok(EcdsaKeyPair::from_private_key_and_public_key(algorithm, &jwk.exactly("d", length)?, &jwk.point(length)?))
}

fn generate_ed25519() -> Result<(String, Secret<String>), KeyError> {
    let key = Ed25519KeyPair::generate()?;
    let seed = key.seed()?.as_be_bytes()?;
    let x = ("x", Member::Bytes(key.public_key().as_ref()));
    let (crv, kty) = (("crv", Member::Text("Ed25519")), ("kty", Member::Text("OKP")));
    Ok((write([crv, x, kty]), Secret::new(write([crv, ("d", Member::Bytes(seed.as_ref())), x, kty]))))
}

fn generate_ecdsa(
    algorithm: &'static EcdsaSigningAlgorithm,
    curve: &str,
) -> Result<(String, Secret<String>), KeyError> {
    let key = EcdsaKeyPair::generate(algorithm)?;
    let number = key.private_key().as_be_bytes()?;
    let point = key.public_key().as_ref().get(1..).ok_or(KeyError::Library)?;
    let (x, y) = point.split_at(point.len() / 2);
    let (kty, crv) = (("kty", Member::Text("EC")), ("crv", Member::Text(curve)));
    let public = [kty, ("x", Member::Bytes(x)), ("y", Member::Bytes(y)), crv];
    let private = Secret::new(write(public.into_iter().chain([("d", Member::Bytes(number.as_ref()))])));
    Ok((write(public), private))
}

fn generate_rsa(bits: u32) -> Result<(String, Secret<String>), KeyError> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        _ => return Err(KeyError::Size),
    };
    let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&RsaKeyPair::generate(size)?)?;
    let numbers = rsa_numbers(pkcs8.as_ref()).ok_or(KeyError::Library)?;
    let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let members = names.into_iter().zip(numbers.map(Member::Bytes));
    let jwk = |count| write([("kty", Member::Text("RSA"))].into_iter().chain(members.clone().take(count)));
    Ok((jwk(2), Secret::new(jwk(8))))
}
