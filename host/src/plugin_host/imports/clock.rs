//! Capability `clock`.

use super::interfaces::clock::Host;
use crate::plugin_host::call::state::State;

impl Host for State {
    fn now_millis(&mut self) -> wasmtime::Result<u64> {
        self.spend()?;
        Ok(u64::try_from(self.shared.clock.now().0).unwrap_or(0))
    }
}
