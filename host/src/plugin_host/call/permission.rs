//! Asks the plugin that decides what users may do.

use doorward_contract::Moment;
use wasmtime::component::Resource;

use super::guests::Guest;
use super::names::CallOf;
use super::plugin::{Decided, Plugin};
use super::state::Work;
use crate::error::ApiError;
use crate::exchange::{Exchange, Permission};
use crate::plugin_host::admission::hook_rights::Sight;
use crate::store::User;

impl Plugin {
    /// Whether `user` may do this. A refusal is a no, which the log tells.
    ///
    /// # Errors
    /// 5xx when the call failed.
    pub(in crate::plugin_host) async fn allows(
        &self,
        exchange: &mut Exchange,
        user: &User,
        permission: Permission<'_>,
    ) -> Result<bool, ApiError> {
        match self.call_permission(exchange, user, permission).await? {
            Ok(is_allowed) => Ok(is_allowed),
            Err(refusal) => {
                let code = self.refusal(refusal).code().map(str::to_owned);
                let Permission { resource, action } = permission;
                tracing::info!(
                    plugin = self.shared.id,
                    resource,
                    action,
                    code,
                    "a permission was refused by its plugin"
                );
                Ok(false)
            }
        }
    }

    async fn call_permission(
        &self,
        exchange: &mut Exchange,
        user: &User,
        Permission { resource, action }: Permission<'_>,
    ) -> Decided<bool> {
        let Some(exports) = &self.exports.permissions else { return Err(self.has_no("permission-decider")) };
        let user = self.shared.user_json(&user.0);
        let sight = Sight::default();
        let work = |exchange| Work { moment: Moment::Permission, sight, exchange, reply: None, attempt: None };
        let called = self
            .call(exchange, CallOf::Permission, work, async |guest: &mut Guest| {
                let exports = exports.load(&mut guest.store, &guest.instance)?;
                exports.call_allows(&mut guest.store, Resource::new_borrow(0), &user, resource, action).await
            })
            .await?;
        Ok(called.value)
    }
}
