//! Capability `keys`: private keys are opened and used here, and never enter a guest.

use std::sync::Arc;

use super::interfaces::keys::{Algorithm as Wanted, Host, KeyPair};
use super::interfaces::types::HostError;
use super::outcome::{Answer, failed};
use crate::crypto::keys::{Algorithm, KeyError, verify, verify_named};
use crate::plugin_host::call::state::State;

/// What making an RSA key costs, in calls of the host: it takes as long as thousands of them.
const RSA_COST: u32 = 200;

fn algorithm(wanted: Wanted) -> Algorithm {
    match wanted {
        Wanted::EdDsa => Algorithm::EdDsa,
        Wanted::Es256 => Algorithm::Es256,
        Wanted::Es512 => Algorithm::Es512,
        Wanted::Rs256 => Algorithm::Rs256,
        Wanted::Ps256 => Algorithm::Ps256,
    }
}

impl From<KeyError> for HostError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Library => failed(&error),
            error => Self::Invalid(error.to_string()),
        }
    }
}

/// Runs what takes long beside the server's workers.
async fn beside<T: Send + 'static>(
    is_slow: bool,
    work: impl FnOnce() -> Result<T, KeyError> + Send + 'static,
) -> Answer<T> {
    let done = if is_slow { tokio::task::spawn_blocking(work).await.unwrap_or(Err(KeyError::Library)) } else { work() };
    Ok(done?)
}

impl Host for State {
    async fn generate(
        &mut self,
        wanted: Wanted,
        modulus_bits: Option<u32>,
        sealed: bool,
    ) -> wasmtime::Result<Answer<KeyPair>> {
        let algorithm = algorithm(wanted);
        self.spend()?;
        if algorithm.is_slow() {
            self.spend_many(RSA_COST)?;
        }
        let ring = Arc::clone(&self.shared.services.keys);
        let made = beside(algorithm.is_slow(), move || ring.generate(algorithm, modulus_bits, sealed)).await;
        Ok(made.map(|pair| KeyPair { public_key: pair.public, private_key: pair.private.expose().clone() }))
    }

    async fn sign(
        &mut self,
        private_key: String,
        wanted: Wanted,
        header: String,
        claims: String,
    ) -> wasmtime::Result<Answer<String>> {
        let algorithm = algorithm(wanted);
        self.spend()?;
        let ring = Arc::clone(&self.shared.services.keys);
        let sign = move || ring.sign(&private_key, algorithm, &header, &claims);
        Ok(beside(algorithm.is_slow(), sign).await)
    }

    async fn verify(
        &mut self,
        public_key: String,
        wanted: Wanted,
        token: String,
    ) -> wasmtime::Result<Answer<Option<String>>> {
        self.spend()?;
        Ok(verify(&public_key, algorithm(wanted), &token).map_err(HostError::from))
    }

    async fn verify_named(
        &mut self,
        public_key: String,
        wanted: String,
        token: String,
    ) -> wasmtime::Result<Answer<Option<String>>> {
        self.spend()?;
        Ok(verify_named(&public_key, &wanted, &token).map_err(HostError::from))
    }
}
