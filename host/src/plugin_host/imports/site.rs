//! Capability `site`: what a page may know of the server, and where things are.

use doorward_contract::Places;

use super::interfaces::site::Host;
use crate::plugin_host::call::state::State;

impl Host for State {
    fn view(&mut self) -> wasmtime::Result<String> {
        self.spend()?;
        Ok(self.shared.site.view.clone())
    }

    fn page(&mut self, path: String) -> wasmtime::Result<String> {
        self.spend()?;
        Ok(self.shared.places.page_path(&path))
    }

    fn asset(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        self.spend()?;
        Ok(self.shared.places.asset(&name))
    }

    fn description(&mut self) -> wasmtime::Result<String> {
        self.spend()?;
        Ok(self.shared.site.description.text().to_owned())
    }

    fn file(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        self.spend()?;
        Ok(self.shared.site.templates.get(&name).cloned())
    }
}
