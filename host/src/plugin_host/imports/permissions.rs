//! Capability `permissions`: what the request's user may do.

use super::interfaces::permissions::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::exchange::Permission;
use crate::plugin_host::call::state::{Moment, State};

impl Host for State {
    async fn allows(&mut self, permission: String) -> wasmtime::Result<Answer<bool>> {
        self.spend()?;
        let Some(permission) = Permission::parse(&permission) else {
            let reason = format!("`{permission:.64}` is no permission, such as `audit.read`");
            return Ok(Err(HostError::Invalid(reason)));
        };
        if !self.has_request() {
            return Ok(Err(HostError::Denied("there is no request here".to_owned())));
        }
        let work = self.work()?;
        if work.moment == Moment::Permission {
            return Ok(Err(HostError::Denied("this plugin is being asked for a permission".to_owned())));
        }
        Ok(work.exchange.may(permission).await.map_err(HostError::from))
    }
}
