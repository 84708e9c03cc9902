//! Capability `cache`: values that outlive a request, of each plugin its own.

use std::time::Duration;

use super::interfaces::cache::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::plugin_host::call::services::LONGEST_LIFE;
use crate::plugin_host::call::state::State;

const LONGEST_KEY: usize = 256;
const LONGEST_VALUE: usize = 64 << 10;

impl Host for State {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.spend()?;
        Ok(self.shared.services.values.get(&*self.shared.clock, &key))
    }

    fn put(&mut self, key: String, value: String, ttl_secs: u32) -> wasmtime::Result<Answer<()>> {
        self.spend()?;
        if key.len() > LONGEST_KEY || value.len() > LONGEST_VALUE {
            let reason = format!("a key has at most {LONGEST_KEY} bytes and a value {LONGEST_VALUE}");
            return Ok(Err(HostError::Invalid(reason)));
        }
        let life = Duration::from_secs(ttl_secs.into()).min(LONGEST_LIFE);
        self.shared.services.values.put(&*self.shared.clock, key, value, life);
        Ok(Ok(()))
    }

    fn remove(&mut self, key: String) -> wasmtime::Result<()> {
        self.spend()?;
        self.shared.services.values.remove(&key);
        Ok(())
    }
}
