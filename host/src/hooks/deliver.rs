//! Carries out what scripts want done beside their outcome.

use std::time::Duration;

use serde_json::Value as Json;

use super::HookError;
use super::house_rules::HouseRules;
use super::language::directive::Directives;
use super::language::outcome::Outcome;
use super::script::{Called, Hook, Script};
use super::script_log::printable;
use crate::auth::{Auth, Scope, lifecycle};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::outbox::{self, Draft};
use crate::store::{eq, session};

/// Holds what a call wants against the rules.
///
/// # Errors
/// When it is not allowed: then the call counts as failed.
pub fn checked(auth: &Auth, hook: &Hook, called: Called) -> Result<Called, HookError> {
    let (outcome, directives) = &called;
    let checked = HouseRules::of(auth).check(&hook.script, outcome.as_ref(), directives);
    checked.map_err(|problem| hook.wrong(&problem))?;
    Ok(called)
}

/// Adds to the answer what a call wants there.
pub fn add_to_answer(exchange: &mut Exchange, directives: &Directives) {
    for (name, value) in &directives.headers {
        match value {
            Some(value) => exchange.headers.set(name, value.clone()),
            None => exchange.headers.remove(name),
        }
    }
    let rules = HouseRules::of(exchange.auth());
    let cookies: Vec<_> = directives.cookies.iter().map(|cookie| rules.cookie(cookie)).collect();
    exchange.cookies.extend(cookies);
}

/// The rows of the outbox that a call wants written.
pub fn drafts(script: &Script, directives: &Directives) -> Vec<Draft> {
    let mails = directives.mails.iter().map(|mail| Draft::mail(&mail.kind, &mail.to, &mail.data));
    let events = directives.webhooks.iter().map(|event| Draft::event(&script.file, &event.name, &event.data));
    mails.chain(events).collect()
}

/// Writes the rows, through the transaction of what caused them or on their own.
///
/// # Errors
/// When the store fails.
pub async fn send(auth: &Auth, scope: &Scope, drafts: &[Draft]) -> Result<(), ApiError> {
    for draft in drafts {
        outbox::write(auth, scope, draft).await?;
    }
    Ok(())
}

/// Notes the events for the audit, at once: what is undone later was tried all the same.
pub fn note(script: &Script, request_id: &str, directives: &Directives) {
    for event in &directives.audits {
        let data = printable(&Json::Object(event.data.clone()).to_string());
        tracing::info!(
            target: "audit",
            event = event.name,
            outcome = "noted",
            script = script.file,
            data,
            request_id,
        );
    }
}

/// Does at an endpoint all that a call wants but the outcome.
///
/// # Errors
/// When the store fails.
pub async fn carry_out(exchange: &mut Exchange, script: &Script, directives: &Directives) -> Result<(), ApiError> {
    add_to_answer(exchange, directives);
    note(script, &exchange.request.id, directives);
    let drafts = drafts(script, directives);
    if !drafts.is_empty() {
        let auth = exchange.auth();
        Box::pin(send(auth, &exchange.scope(), &drafts)).await?;
        auth.mail_queued.notify_one();
    }
    if !directives.ended_sessions.is_empty() {
        Box::pin(end_sessions(exchange, &directives.ended_sessions)).await?;
    }
    if directives.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(directives.delay_ms)).await;
    }
    Ok(())
}

/// Ends sessions of the user who signed in or is signed in.
async fn end_sessions(exchange: &mut Exchange, ids: &[String]) -> Result<(), ApiError> {
    let user_id = match &exchange.opened {
        Some(opened) => Some(opened.user.id().to_owned()),
        None => exchange.session().await?.map(|active| active.user.id().to_owned()),
    };
    let auth = exchange.auth();
    end_sessions_of(auth, &exchange.scope(), user_id.as_deref(), ids).await
}

/// Ends sessions of this user, and of nobody else.
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn end_sessions_of(
    auth: &Auth,
    scope: &Scope,
    user_id: Option<&str>,
    ids: &[String],
) -> Result<(), ApiError> {
    let Some(user_id) = user_id else { return Ok(()) };
    for id in ids {
        let own = [eq("id", id.as_str()), eq("userId", user_id)];
        lifecycle::delete(auth, scope, session::MODEL, &own).await?;
    }
    Ok(())
}

/// The answer to a script that failed.
pub fn failed(error: HookError) -> ApiError {
    match error {
        HookError::Busy(_) => ApiError::busy().caused_by(error),
        HookError::Unanswered(_, error) => error.into(),
        error => ApiError::new(500, "HOOK_ERROR", "A policy script failed").caused_by(error),
    }
}

/// The refusal in an outcome, where nothing but a refusal can end it.
pub fn refusal(outcome: Option<Outcome>) -> Option<ApiError> {
    match outcome {
        Some(Outcome::Reject { status, code, message }) => Some(ApiError::new(status, code, message)),
        _ => None,
    }
}
