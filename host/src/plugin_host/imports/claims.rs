//! Capability `claims`: what goes into tokens for other services.

use super::super::state::State;
use super::interfaces::claims::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;

impl Host for State {
    async fn collect(&mut self, claims: String) -> wasmtime::Result<Answer<String>> {
        let exchange = &mut self.work()?.exchange;
        if !exchange.has_claims_sources() {
            return Ok(Ok(claims));
        }
        let collect = async {
            let claims = serde_json::from_str(&claims)
                .map_err(|error| HostError::Invalid(format!("the claims are no JSON object: {error}")))?;
            Ok(serde_json::Value::Object(exchange.collect_claims(claims).await?).to_string())
        };
        Ok(collect.await)
    }
}
