//! Keys that sign for this server. Private keys stay in the host: a plugin stores them as text that only the host opens.
//!
//! ```
//! use doorward_sdk::keys::{self, Algorithm};
//! # use doorward_sdk::fake;
//! # fake::reset();
//! let pair = keys::generate(Algorithm::EdDsa)?;
//! let claims = serde_json::json!({ "sub": "user-1" });
//! let token = keys::sign(&pair.private_key, Algorithm::EdDsa, &serde_json::json!({ "kid": "1" }), &claims)?;
//! let read: Option<serde_json::Value> = keys::verify(&pair.public_key, Algorithm::EdDsa, &token)?;
//! assert_eq!(read, Some(claims));
//! # Ok::<(), doorward_sdk::Error>(())
//! ```

use crate::error::Result;
use crate::host;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How a token is signed.
///
/// ```
/// use doorward_sdk::keys::Algorithm;
/// assert_eq!(Algorithm::parse("ES256"), Some(Algorithm::Es256));
/// assert_eq!(Algorithm::parse("none"), None);
/// assert!(Algorithm::ALL.iter().all(|algorithm| Algorithm::NAMES.contains(&algorithm.name())));
/// ```
pub use crate::bindings::doorward::plugin::keys::Algorithm;
/// Both halves of a key, as text.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let keys::KeyPair { public_key, private_key } = keys::generate(keys::Algorithm::EdDsa)?;
/// let _row: Value = models::insert("jwk", &json!({ "publicKey": public_key, "sealedKey": private_key }))?;
/// let published: Value = serde_json::from_str(&public_key)?;
/// assert_eq!(published["kty"], "OKP");
/// # Ok::<(), Error>(())
/// ```
pub use crate::bindings::doorward::plugin::keys::KeyPair;

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 5] =
        [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es512, Algorithm::Rs256, Algorithm::Ps256];

    /// The names that [`verify_named`] knows.
    pub const NAMES: [&str; 10] =
        ["EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

    /// Its name in a token's header: `EdDSA`, `ES256`, …
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Es256 => "ES256",
            Algorithm::Es512 => "ES512",
            Algorithm::Rs256 => "RS256",
            Algorithm::Ps256 => "PS256",
        }
    }

    /// The algorithm with this name.
    pub fn parse(name: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A new pair, sealed, with the usual size.
///
/// ```
/// use doorward_sdk::keys::{self, Algorithm};
/// # doorward_sdk::fake::reset();
/// let pair = keys::generate(Algorithm::Es256)?;
/// assert!(pair.public_key.contains(r#""kty":"EC""#));
/// assert!(!pair.private_key.starts_with('{'), "it is no JWK in clear");
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
///
/// # Errors
/// When the host fails.
pub fn generate(algorithm: Algorithm) -> Result<KeyPair> {
    generate_with(algorithm, None, true)
}

/// A new pair. RSA keys have `modulus_bits` (2048 when none, 3072 or 4096). Unless `sealed`, the private key is a JWK in
/// clear.
///
/// ```
/// use doorward_sdk::keys::{self, Algorithm};
/// # doorward_sdk::fake::reset();
/// let for_another_service = keys::generate_with(Algorithm::Rs256, Some(3072), false)?;
/// assert!(for_another_service.private_key.starts_with('{'));
/// assert!(keys::generate_with(Algorithm::Rs256, Some(1024), true).is_err());
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
///
/// # Errors
/// `invalid` for another size.
pub fn generate_with(algorithm: Algorithm, modulus_bits: Option<u32>, sealed: bool) -> Result<KeyPair> {
    Ok(host::keys::generate(algorithm, modulus_bits, sealed)?)
}

/// A token (compact JWS) of `claims`, with the fields of `header` beside `alg` in its header.
///
/// ```
/// use doorward_sdk::clock;
/// use doorward_sdk::keys::{self, Algorithm};
/// # doorward_sdk::fake::reset();
/// let pair = keys::generate(Algorithm::EdDsa)?;
/// let claims = serde_json::json!({ "sub": "user-1", "exp": clock::now_millis() / 1000 + 300 });
/// let token = keys::sign(&pair.private_key, Algorithm::EdDsa, &serde_json::json!({ "typ": "at+jwt" }), &claims)?;
/// assert!(keys::sign(&pair.private_key, Algorithm::Rs256, &serde_json::json!({}), &claims).is_err());
/// # assert_eq!(token.matches('.').count(), 2);
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
///
/// # Errors
/// `invalid` when the key does not open or is not one for `algorithm`.
pub fn sign(private_key: &str, algorithm: Algorithm, header: &Value, claims: &impl Serialize) -> Result<String> {
    Ok(host::keys::sign(private_key, algorithm, &header.to_string(), &serde_json::to_string(claims)?)?)
}

/// The claims of a token that this public key (a JWK) signed with this algorithm; none for any other token. Times, issuer
/// and audience are for the caller to check.
///
/// ```
/// use doorward_sdk::keys::{self, Algorithm};
/// use serde::Deserialize;
/// # doorward_sdk::fake::reset();
///
/// #[derive(Deserialize)]
/// struct Claims {
///     sub: String,
///     exp: u64,
/// }
///
/// # let pair = keys::generate(Algorithm::EdDsa)?;
/// # let claims = serde_json::json!({ "sub": "user-1", "exp": 1_700_000_060 });
/// # let token = keys::sign(&pair.private_key, Algorithm::EdDsa, &serde_json::json!({}), &claims)?;
/// let claims: Option<Claims> = keys::verify(&pair.public_key, Algorithm::EdDsa, &token)?;
/// let is_live = |claims: &Claims| claims.exp > doorward_sdk::clock::now_millis() / 1000;
/// assert_eq!(claims.filter(is_live).map(|claims| claims.sub).as_deref(), Some("user-1"));
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
///
/// # Errors
/// `invalid` when the key is not one for `algorithm`.
pub fn verify<C: DeserializeOwned>(public_key: &str, algorithm: Algorithm, token: &str) -> Result<Option<C>> {
    let claims = host::keys::verify(public_key, algorithm, token)?;
    Ok(claims.map(|claims| serde_json::from_str(&claims)).transpose()?)
}

/// As [`verify`], with any name of [`Algorithm::NAMES`], for keys of others: it has no [`Algorithm`] where this server makes no such
/// keys. The name comes from the key's owner (their metadata, the JWK's `alg`), never from the token.
///
/// ```
/// use doorward_sdk::{fake, keys::{self, Algorithm}};
/// # fake::reset();
/// let pair = keys::generate(Algorithm::Es256)?;
/// let token = keys::sign(&pair.private_key, Algorithm::Es256, &serde_json::json!({}), &serde_json::json!({ "sub": "u" }))?;
/// let read: Option<serde_json::Value> = keys::verify_named(&pair.public_key, "ES256", &token)?;
/// assert!(read.is_some());
/// assert!(keys::verify_named::<serde_json::Value>(&pair.public_key, "none", &token).is_err());
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
///
/// # Errors
/// `invalid` for a name that is none of these, and when the key is not one for the algorithm.
pub fn verify_named<C: DeserializeOwned>(public_key: &str, algorithm: &str, token: &str) -> Result<Option<C>> {
    let claims = host::keys::verify_named(public_key, algorithm, token)?;
    Ok(claims.map(|claims| serde_json::from_str(&claims)).transpose()?)
}
