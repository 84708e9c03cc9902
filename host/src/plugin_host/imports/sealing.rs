//! Capability `sealing`: text under the plugin's own keys, in the form of the reference.

use super::interfaces::sealing::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::plugin_host::call::state::State;

const LONGEST: usize = 256 << 10;

impl Host for State {
    fn seal(&mut self, text: String) -> wasmtime::Result<Answer<String>> {
        self.spend()?;
        if text.len() > LONGEST {
            return Ok(Err(HostError::Invalid(format!("at most {LONGEST} bytes at once"))));
        }
        Ok(self.shared.services.sealing.seal(&*self.shared.random, &text).ok_or(HostError::Failed))
    }

    fn open(&mut self, sealed: String) -> wasmtime::Result<Answer<Option<String>>> {
        self.spend()?;
        Ok(Ok(self.shared.services.sealing.open(&sealed)))
    }
}
