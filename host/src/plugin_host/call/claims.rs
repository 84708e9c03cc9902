//! Asks a plugin for its say in the claims of a token.

use doorward_contract::Moment;
use serde_json::{Map, Value as Json};
use wasmtime::component::Resource;

use super::guests::Guest;
use super::names::CallOf;
use super::plugin::{Decided, Plugin};
use super::state::Work;
use crate::config::FailurePolicy;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::store::User;

impl Plugin {
    /// The claims that the plugin adds or changes for `user`.
    ///
    /// # Errors
    /// The guest's refusal, or 5xx when the call failed, unless the operator wants claims open: then no token is made.
    pub(in crate::plugin_host) async fn extend_claims(
        &self,
        exchange: &mut Exchange,
        user: &User,
        claims: &Map<String, Json>,
    ) -> Result<Map<String, Json>, ApiError> {
        let undo = self.undo(self.policies.claims == FailurePolicy::Open, exchange);
        match self.call_claims(exchange, user, claims).await {
            Ok(added) => added.map_err(|error| self.refusal(error)),
            Err(failed) => self.skip(undo, exchange, failed).map(|()| Map::new()),
        }
    }

    async fn call_claims(
        &self,
        exchange: &mut Exchange,
        user: &User,
        claims: &Map<String, Json>,
    ) -> Decided<Map<String, Json>> {
        let Some(exports) = &self.exports.claims else { return Err(self.has_no("token-claims")) };
        let (user, claims) = (self.shared.user_json(&user.0), serde_json::to_string(claims).unwrap_or_default());
        let sight = self.sights.claims;
        let work = |exchange| Work { moment: Moment::Claims, sight, exchange, reply: None, attempt: None };
        let called = self
            .call(exchange, CallOf::Claims, work, async |guest: &mut Guest| {
                let exports = exports.load(&mut guest.store, &guest.instance)?;
                exports.call_extend(&mut guest.store, Resource::new_borrow(0), &user, &claims).await
            })
            .await?;
        let unreadable = |error: serde_json::Error| self.call_failed("token claims", format!("no object: {error}"));
        Ok(match called.value {
            Ok(added) => Ok(serde_json::from_str(&added).map_err(unreadable)?),
            Err(refusal) => Err(refusal),
        })
    }
}
