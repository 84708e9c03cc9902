//! Capability `claims`: asks others about the claims of a token.

use serde_json::Value as Json;

use super::interfaces::claims::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use super::values;
use crate::plugin_host::call::state::{Moment, State};

impl Host for State {
    async fn collect(&mut self, claims: String) -> wasmtime::Result<Answer<String>> {
        self.spend()?;
        let work = self.work()?;
        if matches!(work.moment, Moment::Claims | Moment::Section | Moment::Permission) {
            let reason = "the claims are being collected, or a section or a permission is asked for";
            return Ok(Err(HostError::Denied(reason.to_owned())));
        }
        let claims = match values::object(&claims) {
            Ok(claims) => claims,
            Err(error) => return Ok(Err(error)),
        };
        let collected = work.exchange.collect_claims(claims).await;
        Ok(collected.map(|claims| Json::Object(claims).to_string()).map_err(HostError::from))
    }
}
