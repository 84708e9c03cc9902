//! The keys that are in use: opened from their stored text once, and kept for the next signature.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::{Algorithm, KeyError, SigningKey};
use crate::crypto::random::Random;
use crate::crypto::seal::Secrets;
use crate::crypto::secret::Secret;
use crate::crypto::sha256;

const MOST_KEYS: u64 = 256;
/// A key that nobody signs with is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// A new key in its stored form.
#[derive(Debug)]
pub struct KeyPair {
    /// JWK text.
    pub public: String,
    /// JSON text: a string that holds the sealed JWK, or the JWK itself.
    pub private: Secret<String>,
}

/// Opens stored keys and signs with them.
pub struct KeyRing {
    secrets: Arc<Secrets>,
    random: Arc<dyn Random>,
    /// By algorithm and hash of the stored text, so that a stored text that changed is another key.
    opened: Cache<(Algorithm, [u8; 32]), Arc<SigningKey>>,
}

impl KeyRing {
    /// A ring without keys, which are sealed under these secrets.
    pub fn new(secrets: Arc<Secrets>, random: Arc<dyn Random>) -> Self {
        let opened = Cache::builder().max_capacity(MOST_KEYS).time_to_idle(FORGOTTEN_AFTER).build();
        Self { secrets, random, opened }
    }

    /// A new pair. RSA keys have `modulus_bits`, 2048 when none; making one takes a good part of a second.
    ///
    /// # Errors
    /// [`KeyError::Size`] for a size that is not offered.
    pub fn generate(
        &self,
        algorithm: Algorithm,
        modulus_bits: Option<u32>,
        is_sealed: bool,
    ) -> Result<KeyPair, KeyError> {
        let (public, private) = SigningKey::generate(algorithm, modulus_bits)?;
        if !is_sealed {
            return Ok(KeyPair { public, private });
        }
        let sealed = self.secrets.seal(&*self.random, private.expose()).ok_or(KeyError::Library)?;
        Ok(KeyPair { public, private: Secret::new(serde_json::Value::String(sealed).to_string()) })
    }

    /// A compact JWS by the key with this stored text; see [`SigningKey::sign`].
    ///
    /// # Errors
    /// Also when the key does not open.
    pub fn sign(&self, stored: &str, algorithm: Algorithm, header: &str, claims: &str) -> Result<String, KeyError> {
        self.open(stored, algorithm)?.sign(algorithm, header, claims)
    }

    fn open(&self, stored: &str, algorithm: Algorithm) -> Result<Arc<SigningKey>, KeyError> {
        let name = (algorithm, sha256(stored.as_bytes()));
        if let Some(key) = self.opened.get(&name) {
            return Ok(key);
        }
        let key = match serde_json::from_str::<String>(stored) {
            Ok(sealed) => SigningKey::parse(&self.secrets.open(&sealed).ok_or(KeyError::Sealed)?, algorithm)?,
            Err(_) => SigningKey::parse(stored, algorithm)?,
        };
        let key = Arc::new(key);
        self.opened.insert(name, Arc::clone(&key));
        Ok(key)
    }
}
