//! What goes into tokens for other services: everyone who has a say in it is asked, in order.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use super::Exchange;
use crate::error::ApiError;

/// Claims that say who issued a token, about whom, for whom and until when: whoever signs sets them, nobody else.
pub const REGISTERED_CLAIMS: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Someone with a say in the claims of tokens.
#[async_trait]
pub trait ClaimsSource: Send + Sync {
    /// The claims to add or change; `user` is in the form that clients get.
    ///
    /// # Errors
    /// A refusal: then there is no token.
    async fn extend(
        &self,
        exchange: &mut Exchange,
        user: &Map<String, Json>,
        claims: &Map<String, Json>,
    ) -> Result<Map<String, Json>, ApiError>;
}

impl Exchange {
    /// Whether anyone has a say in claims.
    pub fn has_claims_sources(&self) -> bool {
        !self.services.claims.load().is_empty()
    }

    /// `claims` with what the sources add for the request's user. Registered claims stay as they are, and so does everything
    /// when nobody is signed in.
    ///
    /// # Errors
    /// The refusal of a source, or when the session cannot be read.
    pub async fn collect_claims(&mut self, mut claims: Map<String, Json>) -> Result<Map<String, Json>, ApiError> {
        let sources = Arc::clone(&self.services.claims.load());
        let Some(user) = self.session().await?.map(|active| active.user.0.output()) else { return Ok(claims) };
        for source in sources.iter() {
            let added = source.extend(self, &user, &claims).await?;
            claims.extend(added.into_iter().filter(|(name, _)| !REGISTERED_CLAIMS.contains(&name.as_str())));
        }
        Ok(claims)
    }
}
