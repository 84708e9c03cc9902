//! Capability `claims`: asks others about the claims of a token.

use serde_json::Value as Json;

use super::interfaces::claims::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use super::values;
use crate::plugin_host::call::state::State;

impl Host for State {
    async fn collect(&mut self, claims: String) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "claims", "collect");
        self.spend()?;
        let work = self.work()?;
        let claims = match values::object(&claims) {
            Ok(claims) => claims,
            Err(error) => return Ok(Err(error)),
        };
        let collected = work.exchange.collect_claims(claims).await;
        Ok(collected.map(|claims| Json::Object(claims).to_string()).map_err(HostError::from))
    }
}
