//! Capability `clock`.

use super::super::state::State;
use super::interfaces::clock::Host;

impl Host for State {
    fn now_millis(&mut self) -> wasmtime::Result<u64> {
        self.spend()?;
        Ok(u64::try_from(self.shared.clock.now().0).unwrap_or(0))
    }
}
