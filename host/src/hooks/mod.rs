//! Runs policy scripts before and after endpoints. The only place that names rhai.
//!
//! Invariant: scripts keep nothing from one request to the next: each call has a scope of its own, and what a closure
//! took from around it is copied for each call.
//!
//! A call runs on the server's worker: it takes microseconds, has no function that waits, and ends after 100,000
//! operations or 10 ms.

mod after;
mod before;
pub mod cases;
mod context;
mod declare;
mod engine;
mod error;
mod house_rules;
mod json;
mod outcome;
mod running;
mod script;

use std::path::PathBuf;

use rhai::Engine;
use serde_json::Value as Json;

use crate::config::HookConfig;
use crate::error::ApiError;
use crate::exchange::{Exchange, OpenedSession};
use crate::http::Response;
use crate::store::Record;

use context::{Answer, Facts, Identity};
use house_rules::HouseRules;
use outcome::{Directives, Outcome};
use script::Hook;

pub use declare::{Declaration, Moment};
pub use error::HookError;

/// All scripts, compiled.
pub struct ScriptSet {
    engine: Engine,
    hooks: Vec<Hook>,
}

/// What the before-hooks did.
#[derive(Debug)]
pub enum Step {
    /// Nothing to the request.
    Continue,
    /// They changed the request: it is to be checked as if the client had sent it so.
    Changed,
    /// They answered it.
    Answer(Response),
}

/// Where one hook runs.
#[derive(Debug)]
pub struct Registration<'a> {
    /// The script, as the configuration names it.
    pub script: &'a str,
    /// Moment, method and paths.
    pub declaration: &'a Declaration,
}

impl ScriptSet {
    /// Compiles the scripts, in order; `resolve` finds a file of the configuration.
    ///
    /// # Errors
    /// The first script that cannot be used, with the place in its text.
    pub fn load(configs: &[HookConfig], resolve: impl Fn(&str) -> PathBuf) -> Result<Self, HookError> {
        let mut engine = engine::sandboxed();
        let mut hooks = Vec::new();
        for config in configs {
            hooks.extend(script::load(&mut engine, config, &resolve(&config.file))?);
        }
        Ok(Self { engine, hooks })
    }

    /// Every hook, in the order they run.
    pub fn registrations(&self) -> impl Iterator<Item = Registration<'_>> {
        self.hooks.iter().map(|hook| Registration { script: &hook.script.file, declaration: &hook.declaration })
    }

    /// Runs the hooks before an endpoint until one answers.
    ///
    /// # Errors
    /// The refusal of a script; `500 HOOK_ERROR` when one fails and is not configured to fail open.
    pub async fn before(&self, exchange: &mut Exchange) -> Result<Step, ApiError> {
        let mut step = Step::Continue;
        for hook in &self.hooks {
            if !hook.matches(Moment::Before, &exchange.request.method, &exchange.request.path) {
                continue;
            }
            let identity = identity(exchange, hook).await?;
            let facts = Facts::lend(exchange, identity);
            let (facts, done) = before::run(&self.engine, hook, facts, &HouseRules::of(exchange.auth()));
            facts.give_back(exchange);
            match done {
                Ok(done) => {
                    add(exchange, &done.directives);
                    if done.has_changed {
                        step = Step::Changed;
                    }
                    if let Some(outcome) = done.outcome {
                        return answer(outcome).map(Step::Answer);
                    }
                }
                Err(error) if hook.script.fails_open => log_failure(exchange, &error),
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(step)
    }

    /// Runs the hooks after an endpoint. A script that fails is logged and changes nothing.
    ///
    /// # Errors
    /// The refusal of a script: the session that the request opened is ended.
    pub async fn after(&self, exchange: &mut Exchange, response: &mut Response) -> Result<(), ApiError> {
        for hook in &self.hooks {
            if !hook.matches(Moment::After, &exchange.request.method, &exchange.request.path) {
                continue;
            }
            // What looking for a session does to cookies is no part of an answer that is made already.
            let cookies = exchange.cookies.len();
            let identity = identity(exchange, hook).await?;
            exchange.cookies.truncate(cookies);
            let answered = answered(exchange, response);
            let facts = Facts::lend(exchange, identity).answered(answered);
            let (facts, done) = after::run(&self.engine, hook, facts, &HouseRules::of(exchange.auth()));
            facts.give_back(exchange);
            match done {
                Ok(done) => finish(exchange, response, done).await?,
                Err(error) => log_failure(exchange, &error),
            }
        }
        Ok(())
    }
}

async fn identity(exchange: &mut Exchange, hook: &Hook) -> Result<Identity, ApiError> {
    if !hook.script.reads_session {
        return Ok(Identity::Unread);
    }
    let active = exchange.session().await?;
    Ok(Identity::Read(active.map(|active| (without_token(&active.session.0), Json::Object(active.user.0.output())))))
}

/// A session as scripts see it: nothing that a client could sign in with.
fn without_token(session: &Record) -> Json {
    let mut fields = session.output();
    fields.shift_remove("token");
    Json::Object(fields)
}

fn answered(exchange: &Exchange, response: &Response) -> Answer {
    let pair = |opened: &OpenedSession| (without_token(&opened.session.0), Json::Object(opened.user.0.output()));
    Answer { status: response.status, body: response.body.clone(), new_session: exchange.opened.as_ref().map(pair) }
}

fn add(exchange: &mut Exchange, directives: &Directives) {
    for (name, value) in &directives.headers {
        exchange.headers.set(name, value.clone());
    }
    let cookies: Vec<_> = {
        let rules = HouseRules::of(exchange.auth());
        directives.cookies.iter().map(|cookie| rules.cookie(cookie)).collect()
    };
    exchange.cookies.extend(cookies);
}

async fn finish(exchange: &mut Exchange, response: &mut Response, done: after::Done) -> Result<(), ApiError> {
    add(exchange, &done.directives);
    if let Some(body) = done.changed_response {
        response.body = body.to_string().into();
    }
    let Some(outcome) = done.outcome else { return Ok(()) };
    let answer = answer(outcome);
    if answer.as_ref().map_or(true, |response| response.status >= 400) {
        // A client that is told "no" must not be left with a session.
        exchange.revoke_opened_session().await?;
        exchange.cookies.retain(crate::cookie::Cookie::is_deletion);
    }
    *response = answer?;
    Ok(())
}

fn answer(outcome: Outcome) -> Result<Response, ApiError> {
    match outcome {
        Outcome::Reject { status, code, message } => Err(ApiError::new(status, code, message)),
        Outcome::Respond { status, body } => Ok(Response::with_type(status, "application/json", body.to_string())),
        Outcome::Redirect(target) => Ok(Response::redirect(&target)),
    }
}

fn failed(error: HookError) -> ApiError {
    ApiError::new(500, "HOOK_ERROR", "A policy script failed").caused_by(error)
}

fn log_failure(exchange: &Exchange, error: &HookError) {
    tracing::error!(request_id = exchange.request.id, path = ?exchange.request.path, %error, "a script failed");
}
