//! The moment before the claims of a token are signed: scripts add to them.

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use super::ScriptSet;
use super::declare::Moment;
use super::deliver::{failed, note, refusal};
use super::facts::{Fact, Facts};
use crate::error::ApiError;
use crate::exchange::{ClaimsSource, Exchange};

#[async_trait]
impl ClaimsSource for ScriptSet {
    async fn extend(
        &self,
        exchange: &mut Exchange,
        user: &Map<String, Json>,
        claims: &Map<String, Json>,
    ) -> Result<Map<String, Json>, ApiError> {
        let mut session = exchange.session().await?.map(|active| active.session.0.output()).unwrap_or_default();
        session.shift_remove("token");
        self.claims(&Json::Object(user.clone()), &Json::Object(session), claims.clone()).await
    }
}

impl ScriptSet {
    /// Whether a script has a say in the claims of tokens.
    pub fn has_claims(&self) -> bool {
        self.hooks.iter().any(|hook| hook.is_at(Moment::Claims))
    }

    /// What the scripts make of the claims of a token for `user` in `session`; both without secrets. Those that the token
    /// stands on (`iss`, `sub`, `aud`, `exp`, `nbf`, `iat`, `jti`) stay as they are.
    ///
    /// # Errors
    /// A script's refusal; `500 HOOK_ERROR` when one fails and is not configured to fail open.
    pub async fn claims(
        &self,
        user: &Json,
        session: &Json,
        mut claims: Map<String, Json>,
    ) -> Result<Map<String, Json>, ApiError> {
        for hook in self.hooks.iter().filter(|hook| hook.is_at(Moment::Claims)) {
            let facts = Facts {
                user: Fact::Read(user.clone()),
                session: Fact::Read(session.clone()),
                claims: Json::Object(claims.clone()),
                ..Facts::default()
            };
            let (facts, called) = self.call(hook, facts).await;
            match called {
                Ok((outcome, directives)) => {
                    note(&hook.script, "", &directives);
                    if let Some(refusal) = refusal(outcome) {
                        return Err(refusal);
                    }
                    if let Some(Json::Object(changed)) = facts.changes.claims {
                        claims = changed;
                    }
                }
                Err(error) if hook.script.fails_open => tracing::error!(%error, "a script failed"),
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(claims)
    }
}
