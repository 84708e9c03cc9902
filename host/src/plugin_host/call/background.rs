//! Calls a guest for a job of its own or an event of another plugin, in an instance of its own and beside all requests.

use std::sync::Arc;
use std::time::Instant;

use doorward_contract::Moment;
use serde_json::Value as Json;

use super::breaker::Circumstances;
use super::budget::Spent;
use super::names::CallOf;
use super::plugin::Plugin;
use super::running;
use crate::auth::{Auth, Scope};
use crate::clock::Timestamp;
use crate::error::{ApiError, ErrorBody};
use crate::http::outgoing::{Failure, Request};
use crate::outbox::TransportError;
use crate::outbox::jobs::Task;

impl Plugin {
    /// Runs a job, or lets the guest hear of an event, whose payload is what it expects.
    ///
    /// # Errors
    /// What the guest refused with, or how the call failed: it is tried again. A payload that is not what a listener expects is
    /// lasting.
    pub(in crate::plugin_host) async fn background(
        &self,
        what: CallOf,
        (auth, scope): (&Arc<Auth>, Scope),
        task: &Task,
    ) -> Result<(), TransportError> {
        if let CallOf::Heard(index) = what {
            self.expects(index, &task.payload).map_err(TransportError::lasting)?;
        }
        let turn = self.shared.turns.take().await;
        let _turn = turn.map_err(|_| TransportError::passing("too many requests are inside plugins"))?;
        match self.call_background(what, (auth, scope), task).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(refusal)) => Err(TransportError::passing(words(&refusal))),
            Err(failed) => {
                let cause = failed.source.as_ref().map(ToString::to_string);
                Err(TransportError::passing(cause.unwrap_or_else(|| words(&failed))))
            }
        }
    }

    async fn call_background(
        &self,
        what: CallOf,
        (auth, scope): (&Arc<Auth>, Scope),
        task: &Task,
    ) -> Result<Result<(), ApiError>, ApiError> {
        let Some(exports) = &self.exports.background else { return Err(self.has_no("background")) };
        let circumstances = Circumstances::of(self.enter()?);
        let (spent, begun) = (Arc::<Spent>::default(), Instant::now());
        let payload = task.payload.to_string();
        let work = async {
            let mut guest = self.start(Arc::clone(&spent)).await?;
            guest.store.data_mut().calling = what;
            guest.store.data_mut().begin_apart(Moment::Job, Arc::clone(auth), scope);
            let exports = exports.load(&mut guest.store, &guest.instance)?;
            let outcome = match what {
                CallOf::Heard(index) => {
                    exports.call_hear(&mut guest.store, index, &task.id, task.attempt, &payload).await
                }
                CallOf::Job(index) => exports.call_run(&mut guest.store, index, &task.id, task.attempt, &payload).await,
                _ => return Err(wasmtime::Error::msg("it is no work beside requests")),
            };
            let outcome = outcome.map_err(|trap| guest.cause(trap))?;
            let state = guest.store.data_mut();
            self.breaker.took(begun.elapsed(), state.limits.most_bytes());
            state.end();
            Ok(outcome)
        };
        let outcome = self.in_time(&spent, running::told(&self.shared, what, work)).await;
        let outcome = outcome.map_err(|trap| self.failed(self.shared.names.name(what), &trap, circumstances))?;
        self.answered(circumstances.passage);
        Ok(outcome.map_err(|error| self.refusal(error)))
    }

    /// Refuses a payload that is not what listener `index` expects.
    fn expects(&self, index: u32, payload: &Json) -> Result<(), String> {
        let rule = self.manifest.listens.get(index as usize);
        let (Some(rule), Some(fields)) = (rule, payload.as_object()) else { return Err("it is no event".to_owned()) };
        rule.payload_fault(fields, |text| Timestamp::parse_iso(text).is_some()).map_or(Ok(()), Err)
    }

    /// Sends a request that was enqueued, under the rules that hold now.
    ///
    /// # Errors
    /// When there is no answer, or one with a status other than 200 to 299.
    pub(in crate::plugin_host) async fn send_later(&self, payload: &Json) -> Result<(), TransportError> {
        let request = Request::from_row(payload).ok_or_else(|| TransportError::lasting("it is no request"))?;
        match self.shared.services.http.send(request).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(TransportError::passing(format!("the server answered {}", answer.status))),
            Err(refused @ (Failure::Denied(_) | Failure::Invalid(_))) => {
                Err(TransportError::lasting(refused.to_string()))
            }
            Err(failure) => Err(TransportError::passing(failure.to_string())),
        }
    }
}

/// What a refusal says.
fn words(error: &ApiError) -> String {
    match &error.body {
        ErrorBody::Coded { code, message } => format!("{code}: {message}"),
        ErrorBody::Message(message) => message.to_string(),
        ErrorBody::Empty => format!("it answers {}", error.status),
    }
}
