//! Capability `config`.

use super::interfaces::config::Host;
use crate::plugin_host::call::state::State;

impl Host for State {
    fn options(&mut self) -> wasmtime::Result<String> {
        self.spend()?;
        Ok(self.shared.options.clone())
    }

    fn base_url(&mut self) -> wasmtime::Result<String> {
        self.spend()?;
        Ok(self.shared.server.base_url.clone())
    }

    fn base_path(&mut self) -> wasmtime::Result<String> {
        self.spend()?;
        Ok(self.shared.server.base_path.clone())
    }

    fn app_name(&mut self) -> wasmtime::Result<String> {
        self.spend()?;
        Ok(self.shared.server.app_name.clone())
    }

    fn core_options(&mut self, section: String) -> wasmtime::Result<Option<String>> {
        self.spend()?;
        Ok(self.shared.server.core_options.get(section.as_str()).cloned())
    }
}
