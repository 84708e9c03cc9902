//! The moment before the claims of a token are signed: scripts add to them.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use crate::auth::session::ActiveSession;
use crate::error::ApiError;
use crate::exchange::{ClaimSource, Exchange};
use crate::hooks::ScriptSet;
use crate::hooks::deliver::{failed, note, refusal};
use crate::hooks::language::declare::HookPoint;
use crate::hooks::language::facts::{Facts, Lazy};

/// The scripts' say in claims.
pub struct ScriptClaims(Arc<ScriptSet>);

impl ScriptClaims {
    /// None when no script has one.
    pub fn of(scripts: &Arc<ScriptSet>) -> Option<Self> {
        scripts.hooks.iter().any(|hook| hook.is_at(HookPoint::Claims)).then(|| Self(Arc::clone(scripts)))
    }
}

#[async_trait]
impl ClaimSource for ScriptClaims {
    async fn extend(
        &self,
        _exchange: &mut Exchange,
        active: &ActiveSession,
        claims: Map<String, Json>,
    ) -> Result<Map<String, Json>, ApiError> {
        let mut session = active.session.0.output();
        session.shift_remove("token");
        self.0.claims(&Json::Object(active.user.0.output()), &Json::Object(session), claims).await
    }
}

impl ScriptSet {
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
        for hook in self.hooks.iter().filter(|hook| hook.is_at(HookPoint::Claims)) {
            let facts = Facts {
                user: Lazy::Read(user.clone()),
                session: Lazy::Read(session.clone()),
                claims: Json::Object(claims.clone()),
                ..Facts::default()
            };
            let (facts, called) = self.call(hook, facts, None).await;
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
