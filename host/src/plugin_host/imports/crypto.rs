//! Capability `crypto`.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::interfaces::crypto::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::crypto::{constant_time_eq, hmac_sha256, sha256};
use crate::plugin_host::call::state::State;

const MOST: u32 = 4096;

/// Most bytes that are sealed at once.
const MOST_SEALED: usize = 64 << 10;
const NONCE_BYTES: usize = 24;

impl State {
    /// The cipher of this plugin for `purpose`. No call of `hmac-sha256` comes to the same key.
    fn cipher(&self, purpose: &str) -> XChaCha20Poly1305 {
        let key = sha256(&[b"doorward seal", self.shared.key.expose().as_slice()].concat());
        XChaCha20Poly1305::new(&hmac_sha256(&key, purpose.as_bytes()).into())
    }
}

impl Host for State {
    fn random_string(&mut self, length: u32, alphabet: String) -> wasmtime::Result<Answer<String>> {
        self.spend()?;
        if length > MOST || !(2..=256).contains(&alphabet.len()) || !alphabet.is_ascii() {
            return Ok(Err(HostError::Invalid("an alphabet has 2 to 256 characters of ASCII".to_owned())));
        }
        Ok(Ok(self.shared.random.string(alphabet.as_bytes(), length as usize)))
    }

    fn random_bytes(&mut self, length: u32) -> wasmtime::Result<Answer<Vec<u8>>> {
        self.spend()?;
        if length > MOST {
            return Ok(Err(HostError::Invalid(format!("at most {MOST} bytes at once"))));
        }
        let mut bytes = vec![0; length as usize];
        self.shared.random.fill(&mut bytes);
        Ok(Ok(bytes))
    }

    fn sha256(&mut self, data: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
        self.spend()?;
        Ok(sha256(&data).to_vec())
    }

    fn hmac_sha256(&mut self, purpose: String, data: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
        self.spend()?;
        let key = hmac_sha256(self.shared.key.expose(), purpose.as_bytes());
        Ok(hmac_sha256(&key, &data).to_vec())
    }

    fn seal(&mut self, purpose: String, data: Vec<u8>) -> wasmtime::Result<Answer<Vec<u8>>> {
        self.spend()?;
        if data.len() > MOST_SEALED {
            return Ok(Err(HostError::Invalid(format!("at most {MOST_SEALED} bytes are sealed at once"))));
        }
        let mut nonce = [0; NONCE_BYTES];
        self.shared.random.fill(&mut nonce);
        let sealed = self.cipher(&purpose).encrypt(&XNonce::from(nonce), data.as_slice());
        Ok(sealed.map(|sealed| [&nonce[..], &sealed].concat()).map_err(|_| HostError::Failed))
    }

    fn open(&mut self, purpose: String, sealed: Vec<u8>) -> wasmtime::Result<Option<Vec<u8>>> {
        self.spend()?;
        let Some((nonce, sealed)) = sealed.split_first_chunk::<NONCE_BYTES>() else { return Ok(None) };
        Ok(self.cipher(&purpose).decrypt(&XNonce::from(*nonce), sealed).ok())
    }

    fn constant_time_equal(&mut self, left: Vec<u8>, right: Vec<u8>) -> wasmtime::Result<bool> {
        self.spend()?;
        Ok(constant_time_eq(&left, &right))
    }
}
