//! Compact JWS: makes one with a private key, and checks one with a public key.
//!
//! Source: RFC 7515 §5 and §7.1.

use aws_lc_rs::signature::ParsedPublicKey;
use serde_json::{Map, Value as Json};

use super::jwk::Jwk;
use super::scheme::Scheme;
use super::{Algorithm, KeyError, SigningKey};
use crate::crypto::{base64_url, from_base64_url};

/// Longer tokens are not looked at.
const LONGEST_TOKEN: usize = 64 << 10;
/// Extensions that change what a signature covers; this server has none of them.
const EXTENSIONS: [&str; 2] = ["crit", "b64"];

impl SigningKey {
    /// A token of `claims` (JSON text of an object), with `header` (the same) in its header beside `alg`.
    ///
    /// # Errors
    /// When one of them is no object, when the header names another algorithm or an extension, and when the key is not one
    /// for `algorithm`.
    pub fn sign(&self, algorithm: Algorithm, header: &str, claims: &str) -> Result<String, KeyError> {
        if !is_object(claims) {
            return Err(KeyError::Token("the claims are no JSON object"));
        }
        let header = header_with(algorithm, header)?;
        let mut token = format!("{}.{}", base64_url(header.as_bytes()), base64_url(claims.as_bytes()));
        let signature = self.signature(algorithm, token.as_bytes())?;
        token.push('.');
        token.push_str(&base64_url(&signature));
        Ok(token)
    }
}

/// The claims of `token` (JSON text of an object) when this public JWK signed it with this algorithm, which never comes
/// from the token. None for anything else. Times and names in the claims are not looked at.
///
/// # Errors
/// When `public_key` is no JWK, or none for `algorithm`.
pub fn verify(public_key: &str, algorithm: Algorithm, token: &str) -> Result<Option<String>, KeyError> {
    verify_named(public_key, algorithm.name(), token)
}

/// As [`verify`], with the name of any algorithm that others sign with.
///
/// # Errors
/// As [`verify`], and for a name that is none.
pub fn verify_named(public_key: &str, algorithm: &str, token: &str) -> Result<Option<String>, KeyError> {
    let scheme = Scheme::named(algorithm)?;
    let key = Jwk::parse(public_key)?.verifier(scheme)?;
    let payload = payload(&key, scheme.name, token).and_then(|payload| String::from_utf8(payload).ok());
    Ok(payload.filter(|claims| is_object(claims)))
}

/// What a token signs, once its signature is found to hold.
pub(super) fn payload(key: &ParsedPublicKey, algorithm: &str, token: &str) -> Option<Vec<u8>> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    if !is_plain(&from_base64_url(header)?, algorithm) {
        return None;
    }
    key.verify_sig(message.as_bytes(), &from_base64_url(signature)?).ok()?;
    from_base64_url(payload)
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<Map<String, Json>>(text).is_ok()
}

/// Whether a token's header names the expected algorithm and no extension.
fn is_plain(header: &[u8], algorithm: &str) -> bool {
    let Ok(fields) = serde_json::from_slice::<Map<String, Json>>(header) else { return false };
    let named = fields.get("alg").and_then(Json::as_str);
    named == Some(algorithm) && !EXTENSIONS.iter().any(|name| fields.contains_key(*name))
}

fn header_with(algorithm: Algorithm, fields: &str) -> Result<String, KeyError> {
    let fields: Map<String, Json> =
        serde_json::from_str(fields).map_err(|_| KeyError::Token("the header is no JSON object"))?;
    if EXTENSIONS.iter().any(|name| fields.contains_key(*name)) {
        return Err(KeyError::Token("the header names an extension"));
    }
    let mut header = Map::from_iter([("alg".to_owned(), Json::from(algorithm.name()))]);
    header.extend(fields);
    match header.get("alg").and_then(Json::as_str) == Some(algorithm.name()) {
        true => Ok(Json::Object(header).to_string()),
        false => Err(KeyError::Token("the header names another algorithm")),
    }
}
