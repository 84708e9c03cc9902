//! Capability `permissions`: what the request's user may do.

use super::interfaces::permissions::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::exchange::Permission;
use crate::plugin_host::call::state::State;

impl Host for State {
    async fn allows(&mut self, permission: String) -> wasmtime::Result<Answer<bool>> {
        at_its_time!(self, "permissions", "allows");
        self.spend()?;
        let Some(permission) = Permission::parse(&permission) else {
            let reason = format!("`{permission:.64}` is no permission, such as `audit.read`");
            return Ok(Err(HostError::Invalid(reason)));
        };
        Ok(self.work()?.exchange.may(permission).await.map_err(HostError::from))
    }
}
