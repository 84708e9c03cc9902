//! Claims of tokens for other services: what plugins and scripts add to them for the request's user.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use super::Exchange;
use crate::auth::session::ActiveSession;
use crate::error::ApiError;

/// Registered claims (RFC 7519 §4.1): only the issuer of the token sets them.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Adds claims: a plugin, or the scripts.
#[async_trait]
pub trait ClaimSource: Send + Sync {
    /// Returns `claims` with what this source adds, changes and removes.
    ///
    /// # Errors
    /// A refusal, or 5xx when the source fails. No token is made then.
    async fn extend(
        &self,
        exchange: &mut Exchange,
        active: &ActiveSession,
        claims: Map<String, Json>,
    ) -> Result<Map<String, Json>, ApiError>;
}

impl Exchange {
    /// Asks every source in order for claims about the request's user. Without a session no source is asked. Registered
    /// claims stay as they are.
    ///
    /// # Errors
    /// The refusal of a source, or when the session cannot be read.
    pub async fn collect_claims(&mut self, mut claims: Map<String, Json>) -> Result<Map<String, Json>, ApiError> {
        let deciders = Arc::clone(&self.deciders);
        if deciders.claims.is_empty() {
            return Ok(claims);
        }
        let Some(active) = self.session().await?.cloned() else { return Ok(claims) };
        for source in &deciders.claims {
            let extended = source.extend(self, &active, claims.clone()).await?;
            claims = keep_registered(claims, extended);
        }
        Ok(claims)
    }
}

/// Applies what `extended` adds, changes and removes, except to registered claims.
fn keep_registered(mut claims: Map<String, Json>, mut extended: Map<String, Json>) -> Map<String, Json> {
    let is_registered = |name: &str| REGISTERED.contains(&name);
    extended.retain(|name, _| !is_registered(name));
    claims.retain(|name, _| is_registered(name) || extended.contains_key(name));
    claims.extend(extended);
    claims
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn registered_claims_stay() {
        let map = |json: Json| json.as_object().cloned().unwrap();
        let claims = map(json!({ "sub": "a", "exp": 1, "role": "user", "gone": 1 }));
        let extended = map(json!({ "sub": "b", "aud": "x", "role": "admin", "new": true }));
        let kept = keep_registered(claims, extended);
        assert_eq!(kept, map(json!({ "sub": "a", "exp": 1, "role": "admin", "new": true })));
    }
}
