//! Capability `crypto`.

use super::super::state::State;
use super::interfaces::crypto::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::crypto::{constant_time_eq, hmac_sha256, sha256};

const MOST: u32 = 4096;

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

    fn constant_time_equal(&mut self, left: Vec<u8>, right: Vec<u8>) -> wasmtime::Result<bool> {
        self.spend()?;
        Ok(constant_time_eq(&left, &right))
    }
}
