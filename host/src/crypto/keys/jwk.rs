//! Reads the members of a JWK strictly, and writes keys as JWKs.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use serde_json::{Map, Value as Json};

use super::KeyError;
use super::scheme::{How, Scheme};
use crate::crypto::weak_keys::{has_small_order, is_weak_exponent};
use crate::crypto::{base64_url, from_base64_url};

/// The members of one key.
pub(super) struct Jwk(Map<String, Json>);

impl Jwk {
    pub(super) fn parse(text: &str) -> Result<Self, KeyError> {
        serde_json::from_str(text).map(Self).map_err(|_| KeyError::Malformed("it is no JSON object"))
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    /// A member in base64url, of any length.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, KeyError> {
        let bytes = from_base64_url(self.text(name)).filter(|bytes| !bytes.is_empty());
        bytes.ok_or(KeyError::Malformed("a member is missing or is not base64url"))
    }

    /// A member in base64url of exactly `length` bytes, as RFC 7518 §6.2 wants coordinates.
    pub(super) fn exactly(&self, name: &str, length: usize) -> Result<Vec<u8>, KeyError> {
        let bytes = self.bytes(name)?;
        if bytes.len() == length { Ok(bytes) } else { Err(KeyError::Malformed("a member has a wrong length")) }
    }

    /// The point of an elliptic curve whose coordinates have `length` bytes, uncompressed.
    pub(super) fn point(&self, length: usize) -> Result<Vec<u8>, KeyError> {
        Ok([vec![4], self.exactly("x", length)?, self.exactly("y", length)?].concat())
    }

    /// The point of Ed25519, which is none that every signature fits.
    pub(super) fn edwards_point(&self) -> Result<Vec<u8>, KeyError> {
        let point = self.exactly("x", 32)?;
        if has_small_order(&point) { Err(KeyError::Malformed("its point protects nothing")) } else { Ok(point) }
    }

    /// Modulus and exponent of an RSA key.
    pub(super) fn rsa(&self) -> Result<PublicKeyComponents<Vec<u8>>, KeyError> {
        let number = |name| self.bytes(name).map(|bytes| bytes.into_iter().skip_while(|byte| *byte == 0).collect());
        let (n, e): (Vec<u8>, Vec<u8>) = (number("n")?, number("e")?);
        if is_weak_exponent(&e) {
            return Err(KeyError::Malformed("its exponent protects nothing"));
        }
        Ok(PublicKeyComponents { n, e })
    }

    /// Refuses a key that says itself that it is for something else.
    pub(super) fn must_be_for(&self, scheme: &Scheme) -> Result<(), KeyError> {
        let Scheme { name, kind, curve, .. } = *scheme;
        // RFC 9864 gives EdDSA on this curve the curve's name.
        let names = ["", name, if curve == "Ed25519" { curve } else { "" }];
        let is_ours = names.contains(&self.text("alg")) && ["", "sig"].contains(&self.text("use"));
        if is_ours && self.text("kty") == kind && self.text("crv") == curve {
            Ok(())
        } else {
            Err(KeyError::OtherKind(name))
        }
    }

    /// The public key, ready to verify with this algorithm.
    pub(super) fn verifier(&self, scheme: &Scheme) -> Result<ParsedPublicKey, KeyError> {
        self.must_be_for(scheme)?;
        let key = match scheme.how {
            How::Edwards => ParsedPublicKey::new(&ED25519, self.edwards_point()?),
            How::Curve(curve, length) => ParsedPublicKey::new(curve, self.point(length)?),
            How::Rsa(parameters) => self.rsa()?.to_parsed_public_key(parameters),
        };
        key.map_err(|_| KeyError::Malformed("its numbers are none of a key"))
    }
}

/// JWK text with these members, in this order.
pub(super) fn write<'a>(members: impl IntoIterator<Item = (&'a str, Member<'a>)>) -> String {
    let value = |member| match member {
        Member::Text(text) => Json::from(text),
        Member::Bytes(bytes) => Json::from(base64_url(bytes)),
    };
    let members = members.into_iter().map(|(name, member)| (name.to_owned(), value(member)));
    Json::Object(members.collect()).to_string()
}

/// The value of one member.
#[derive(Clone, Copy)]
pub(super) enum Member<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}
