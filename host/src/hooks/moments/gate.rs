//! The moment before a session is opened: scripts admit, refuse, or demand a challenge.

use std::sync::Arc;

use async_trait::async_trait;

use super::endpoint::{answer, log_failure};
use crate::error::ApiError;
use crate::exchange::{Exchange, SessionGate, SignInAttempt, Verdict};
use crate::hooks::deliver::{add_to_answer, checked, drafts, failed, note};
use crate::hooks::language::declare::HookPoint;
use crate::hooks::language::facts::{Facts, Lazy};
use crate::hooks::lookup::records;
use crate::hooks::script::Reads;
use crate::hooks::{HookError, ScriptSet};
use serde_json::Value as Json;

/// The gates of all scripts, as one.
pub struct ScriptGate(pub Arc<ScriptSet>);

#[async_trait]
impl SessionGate for ScriptGate {
    async fn ask(&self, exchange: &mut Exchange, attempt: &SignInAttempt) -> Result<Verdict, ApiError> {
        let Self(scripts) = self;
        let mut challenge = None;
        for hook in scripts.hooks.iter().filter(|hook| hook.is_at(HookPoint::Gate)) {
            let facts = facts(scripts, exchange, attempt, hook.script.reads).await?;
            let (facts, called) = scripts.call_for(exchange, hook, facts).await;
            facts.give_back(exchange);
            let called = called.and_then(|called| checked(exchange.auth(), hook, called));
            let (outcome, directives) = match called {
                Ok(called) => called,
                Err(error @ HookError::Busy(_)) => return Err(failed(error)),
                Err(error) if hook.script.fails_open => {
                    log_failure(exchange, &error);
                    continue;
                }
                Err(error) => return Err(failed(error)),
            };
            add_to_answer(exchange, &directives);
            for plugin in &directives.waived {
                let (script, user) = (&hook.script.file, attempt.user.id());
                tracing::info!(target: "audit", event = "challenge-waived", outcome = "done", script, plugin, user);
                exchange.waive_challenge(plugin);
            }
            note(&hook.script, &exchange.request.id, &directives);
            // Later: mail about a refused sign-in must survive the rollback of its transaction.
            exchange.queue_later(drafts(&hook.script, &directives));
            match outcome.map(answer) {
                None => {}
                // A later script may refuse, which goes before any challenge.
                Some(Ok(response)) => _ = challenge.get_or_insert(response),
                Some(Err(refusal)) => return Ok(Verdict::Refuse(refusal)),
            }
        }
        Ok(challenge.map_or(Verdict::Admit, Verdict::Challenge))
    }
}

async fn facts(
    scripts: &ScriptSet,
    exchange: &mut Exchange,
    attempt: &SignInAttempt,
    reads: Reads,
) -> Result<Facts, ApiError> {
    let mut facts = Facts {
        user: Lazy::Read(Json::Object(attempt.user.0.output())),
        sign_in: (attempt.method.clone(), attempt.remember),
        ..Facts::default()
    };
    let auth = exchange.auth();
    records(auth, &exchange.scope(), Some(attempt.user.id()), reads, &mut facts).await?;
    scripts.about_request(auth, &exchange.request, reads, &mut facts);
    let lent = Facts::lend(exchange);
    Ok(Facts { request: lent.request, params: lent.params, ..facts })
}
