//! The moments before and after an endpoint: scripts change the request, answer it, change the answer, or refuse.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value as Json;

use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::hooks::deliver::{carry_out, checked, failed};
use crate::hooks::error::HookError;
use crate::hooks::language::declare::HookPoint;
use crate::hooks::language::directive::Directives;
use crate::hooks::language::facts::{Answer, Facts};
use crate::hooks::language::outcome::Outcome;
use crate::hooks::lookup::without_token;
use crate::hooks::script::Hook;
use crate::hooks::{ScriptSet, Step};
use crate::http::Response;

impl ScriptSet {
    /// Runs the hooks before an endpoint until one answers.
    ///
    /// # Errors
    /// The refusal of a script; `500 HOOK_ERROR` when one fails and is not configured to fail open.
    pub async fn before(&self, exchange: &mut Exchange) -> Result<Step, ApiError> {
        let mut step = Step::Continue;
        for hook in self.hooks_at(HookPoint::Before, exchange) {
            match Box::pin(self.run_before(hook, exchange)).await? {
                Step::Continue => {}
                Step::Changed => step = Step::Changed,
                answer @ Step::Answer(_) => return Ok(answer),
            }
        }
        Ok(step)
    }

    async fn run_before(&self, hook: &Arc<Hook>, exchange: &mut Exchange) -> Result<Step, ApiError> {
        let facts = self.facts(exchange, hook.script.reads).await?;
        let (mut facts, called) = self.call_for(exchange, hook, facts).await;
        let called = called.and_then(|called| checked(exchange.auth(), hook, called));
        let has_changed = called.is_ok() && facts.apply();
        facts.give_back(exchange);
        match called {
            Ok((outcome, directives)) => {
                carry_out(exchange, &hook.script, &directives).await?;
                match outcome {
                    Some(outcome) => answer(outcome).map(Step::Answer),
                    None if has_changed => Ok(Step::Changed),
                    None => Ok(Step::Continue),
                }
            }
            Err(error) if hook.script.fails_open || exchange.is_leaving() => {
                log_failure(exchange, &error);
                Ok(Step::Continue)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Runs the hooks after an endpoint. A script that fails is logged and changes nothing.
    ///
    /// # Errors
    /// The refusal of a script: the session that the request opened is ended.
    pub async fn after(&self, exchange: &mut Exchange, response: &mut Response) -> Result<(), ApiError> {
        for hook in self.hooks_at(HookPoint::After, exchange) {
            Box::pin(self.run_after(hook, exchange, response)).await?;
        }
        Ok(())
    }

    async fn run_after(
        &self,
        hook: &Arc<Hook>,
        exchange: &mut Exchange,
        response: &mut Response,
    ) -> Result<(), ApiError> {
        // What looking for a session does to cookies is no part of an answer that is made already.
        let cookies = exchange.cookies.len();
        let facts = self.facts(exchange, hook.script.reads).await?;
        exchange.cookies.truncate(cookies);
        let facts = Facts { answer: answered(exchange, response), ..facts };
        let (mut facts, called) = self.call_for(exchange, hook, facts).await;
        let called = called.and_then(|called| checked(exchange.auth(), hook, called));
        let changed = facts.changed_response();
        facts.give_back(exchange);
        match called {
            Ok((outcome, directives)) => {
                remove_headers(response, &directives);
                carry_out(exchange, &hook.script, &directives).await?;
                finish(exchange, response, changed, outcome).await
            }
            Err(error) => {
                log_failure(exchange, &error);
                Ok(())
            }
        }
    }

    /// The hooks at this moment of the request's endpoint, in order.
    fn hooks_at(&self, point: HookPoint, exchange: &Exchange) -> Vec<&Arc<Hook>> {
        let (method, path) = (&exchange.request.method, &exchange.request.path);
        self.hooks.iter().filter(|hook| hook.is_at_endpoint(point, method, path)).collect()
    }
}

fn answered(exchange: &Exchange, response: &Response) -> Answer {
    let opened = exchange.opened.as_ref();
    let headers = response.headers.iter().chain(exchange.headers.iter());
    Answer {
        status: response.status,
        // Of a body that comes in chunks, there is nothing whole to see.
        body: if response.rest.is_none() { response.body.clone() } else { Bytes::new() },
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        new_session: opened.map_or(Json::Null, |opened| without_token(&opened.session.0)),
        new_user: opened.map_or(Json::Null, |opened| Json::Object(opened.user.0.output())),
    }
}

fn remove_headers(response: &mut Response, directives: &Directives) {
    // Those that are set come from the exchange, which must be the only source of them.
    for (name, _) in &directives.headers {
        response.headers.remove(name);
    }
}

async fn finish(
    exchange: &mut Exchange,
    response: &mut Response,
    changed: Option<Json>,
    outcome: Option<Outcome>,
) -> Result<(), ApiError> {
    if let Some(body) = changed {
        response.body = body.to_string().into();
        response.rest = None;
    }
    let Some(outcome) = outcome else { return Ok(()) };
    let answer = answer(outcome);
    if answer.as_ref().map_or(true, |response| response.status >= 400) {
        // A client that is told "no" must not be left with a session.
        exchange.revoke_opened_session().await?;
        exchange.cookies.retain(crate::cookie::Cookie::is_deletion);
    }
    *response = answer?;
    Ok(())
}

/// The answer that an outcome makes.
///
/// # Errors
/// The refusal.
pub fn answer(outcome: Outcome) -> Result<Response, ApiError> {
    match outcome {
        Outcome::Reject { status, code, message } => Err(ApiError::new(status, code, message)),
        Outcome::Respond { status, body } => Ok(Response::with_type(status, "application/json", body.to_string())),
        Outcome::Redirect(target) => Ok(Response::redirect(&target)),
        Outcome::Challenge { name, mut data } => {
            data.shift_insert(0, "challenge".into(), name.into());
            Ok(Response::json(&Json::Object(data)))
        }
        Outcome::Stop => Err(ApiError::internal("only a mail can be stopped")),
    }
}

/// Logs a failure that the client is not told of.
pub fn log_failure(exchange: &Exchange, error: &HookError) {
    tracing::error!(request_id = exchange.request.id, path = ?exchange.request.path, %error, "a script failed");
}
