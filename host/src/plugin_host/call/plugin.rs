//! One loaded plugin: its linked component and the calls that the host makes.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use doorward_contract::Moment;
use futures_util::FutureExt;
use serde_json::{Map, Value as Json};
use wasmtime::component::{InstancePre, Resource};
use wasmtime::{Engine, Store};

use super::breaker::{Breaker, Circumstances, Passage};
use super::budget::Spent;
use super::convert::Place;
use super::exports::Exports;
use super::guests::{self, Guest};
use super::names::CallOf;
use super::policies::Policies;
use super::running;
use super::state::{Shared, State, Work};
use super::watched_change::WatchedChange;
use crate::auth::{Auth, Scope};
use crate::config::FailurePolicy;
use crate::error::ApiError;
use crate::exchange::{Exchange, SignInAttempt, Verdict};
use crate::http::Response;
use crate::plugin_host::admission::hook_rights::{Sight, Sights};
use crate::plugin_host::bindings::exports::doorward::plugin::{request_hooks, session_gate};
use crate::plugin_host::error::{CallFailed, reason};
use crate::plugin_host::package::manifest::Manifest;
use crate::store::Value;
use crate::telemetry::{self, Attributes};

/// A plugin that is ready to be called.
pub(in crate::plugin_host) struct Plugin {
    pub(in crate::plugin_host) manifest: Manifest,
    /// What the operator set; the rest has the manifest's defaults.
    pub(in crate::plugin_host) options: Map<String, Json>,
    pub(in crate::plugin_host) shared: Arc<Shared>,
    pub(in crate::plugin_host) engine: Engine,
    pub(in crate::plugin_host) linked: InstancePre<State>,
    pub(in crate::plugin_host) exports: Exports,
    pub(in crate::plugin_host) policies: Policies,
    /// What each hook may see and change.
    pub(in crate::plugin_host) sights: Sights,
    pub(in crate::plugin_host) breaker: Breaker,
    pub(in crate::plugin_host) origin: Origin,
}

/// Where a plugin comes from.
pub(in crate::plugin_host) struct Origin {
    /// Of the component, in hex.
    pub(in crate::plugin_host) sha256: String,
    /// The publisher whose signature was wanted and is right.
    pub(in crate::plugin_host) signed_by: Option<String>,
    /// Whether it is one of this project.
    pub(in crate::plugin_host) is_official: bool,
}

/// How a call ended: with the guest's value, or without one.
pub(super) type Ended<T> = wasmtime::Result<T>;

/// A call that ended with the guest's value.
pub(super) struct Called<T> {
    pub(super) value: T,
    /// The endpoint's answer, after an `after` hook.
    reply: Option<Response>,
    pub(super) circumstances: Circumstances,
}

/// A hook's say, which may be a refusal; or why it has none.
pub(in crate::plugin_host) type Decided<T> =
    Result<Result<T, crate::plugin_host::bindings::doorward::plugin::types::ApiError>, ApiError>;

impl Plugin {
    /// Asks the plugin whether it can work with its options.
    ///
    /// # Errors
    /// The option's name, empty when it is not one option, and the plugin's own words, or how the call failed.
    pub(in crate::plugin_host) async fn check(&self) -> Result<(), (String, String)> {
        let spent = Arc::<Spent>::default();
        let checked = async {
            let mut guest = self.start(Arc::clone(&spent)).await?;
            guest.store.data_mut().begin(None);
            let lifecycle = self.exports.lifecycle.load(&mut guest.store, &guest.instance)?;
            lifecycle.call_check(&mut guest.store).await
        };
        match spent.cpu.measure(checked).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(fault)) => Err((fault.name, fault.message)),
            Err(trap) => Err((String::new(), format!("it fails when its options are checked: {}", reason(&trap)))),
        }
    }

    /// Answers a request with route `index` of the manifest.
    ///
    /// # Errors
    /// The guest's refusal, or 500 or 504 when the call failed.
    pub(in crate::plugin_host) async fn handle(
        &self,
        index: u32,
        exchange: &mut Exchange,
    ) -> Result<Response, ApiError> {
        let work = |exchange| Work { moment: Moment::Route, sight: Sight::OWN, exchange, reply: None, attempt: None };
        if let Some(exports) = &self.exports.answers {
            let called = self
                .call(exchange, CallOf::Route(index), work, async |guest: &mut Guest| {
                    let exports = exports.load(&mut guest.store, &guest.instance)?;
                    exports.call_route(&mut guest.store, index, Resource::new_borrow(0)).await
                })
                .await?;
            let answer = called.value.map_err(|error| self.refusal(error))?;
            return self.answer(answer, Place::Route, called.circumstances);
        }
        let Some(exports) = &self.exports.routes else { return Err(self.has_no("routes")) };
        let called = self
            .call(exchange, CallOf::Route(index), work, async |guest: &mut Guest| {
                let exports = exports.load(&mut guest.store, &guest.instance)?;
                exports.call_handle(&mut guest.store, index, Resource::new_borrow(0)).await
            })
            .await?;
        called.value.map_err(|error| self.refusal(error)).and_then(|answer| self.response(answer, called.circumstances))
    }

    /// Answers a call of function `index` of the manifest.
    ///
    /// # Errors
    /// The guest's refusal, or 500 or 504 when the call failed.
    pub(in crate::plugin_host) async fn function(
        &self,
        index: u32,
        exchange: &mut Exchange,
    ) -> Result<Response, ApiError> {
        let Some(exports) = &self.exports.functions else { return Err(self.has_no("server-functions")) };
        let work =
            |exchange| Work { moment: Moment::Function, sight: Sight::OWN, exchange, reply: None, attempt: None };
        let called = self
            .call(exchange, CallOf::Function(index), work, async |guest: &mut Guest| {
                let exports = exports.load(&mut guest.store, &guest.instance)?;
                exports.call_call(&mut guest.store, index, Resource::new_borrow(0)).await
            })
            .await?;
        called.value.map_err(|error| self.refusal(error)).and_then(|answer| self.response(answer, called.circumstances))
    }

    /// Runs `before` hook `index`; an answer ends the request.
    ///
    /// # Errors
    /// The guest's refusal, or 5xx when the call failed.
    pub(in crate::plugin_host) async fn before(
        &self,
        index: u32,
        exchange: &mut Exchange,
    ) -> Result<Option<Response>, ApiError> {
        let is_leaving = exchange.is_leaving();
        let undo = self.undo(is_leaving, exchange);
        match self.call_before(index, exchange).await {
            Ok(Ok(Some(_)) | Err(_)) if is_leaving => {
                tracing::warn!(plugin = self.shared.id, "a before-hook would keep someone from leaving");
                Ok(None)
            }
            Ok(outcome) => outcome.map_err(|error| self.refusal(error)),
            Err(failed) => self.skip(undo, exchange, failed).map(|()| None),
        }
    }

    async fn call_before(&self, index: u32, exchange: &mut Exchange) -> Decided<Option<Response>> {
        let Some(exports) = &self.exports.hooks else { return Err(self.has_no("request-hooks")) };
        let sight = self.sights.before(index);
        let work = |exchange| Work { moment: Moment::Before, sight, exchange, reply: None, attempt: None };
        let called = self
            .call(exchange, CallOf::Before(index), work, async |guest: &mut Guest| {
                let exports = exports.load(&mut guest.store, &guest.instance)?;
                exports.call_before(&mut guest.store, index, Resource::new_borrow(0)).await
            })
            .await?;
        Ok(match called.value {
            Ok(request_hooks::BeforeOutcome::Proceed) => Ok(None),
            Ok(request_hooks::BeforeOutcome::Respond(_)) if !sight.changes_answer => {
                return Err(self.not_granted(index, "answers", "changes-answer"));
            }
            Err(_) if !sight.may_refuse() => return Err(self.not_granted(index, "refuses a request", "reads-request")),
            Ok(request_hooks::BeforeOutcome::Respond(response)) => {
                Ok(Some(self.response(response, called.circumstances)?))
            }
            Err(refusal) => Err(refusal),
        })
    }

    /// Runs `after` hook `index` on the answer.
    ///
    /// # Errors
    /// The guest's refusal, or 5xx when the call failed and the operator wants such a hook closed.
    pub(in crate::plugin_host) async fn after(
        &self,
        index: u32,
        exchange: &mut Exchange,
        response: &mut Response,
    ) -> Result<(), ApiError> {
        // Who may not change the answer cannot take it away either, by failing or by refusing.
        let may_refuse = self.sights.after(index).changes_answer && !exchange.is_leaving();
        let is_open = self.policies.after.get(index as usize) == Some(&FailurePolicy::Open);
        let undo = self.undo(is_open || !may_refuse, exchange);
        let untouched = undo.is_some().then(|| response.clone());
        match self.call_after(index, exchange, response).await {
            Ok(Err(_)) if !may_refuse => {
                tracing::warn!(plugin = self.shared.id, "an after-hook refuses an answer that it may not refuse");
                *response = untouched.unwrap_or_else(|| Response::bare(500));
                Ok(())
            }
            Ok(outcome) => outcome.map_err(|error| self.refusal(error)),
            Err(failed) => {
                self.skip(undo, exchange, failed)?;
                *response = untouched.unwrap_or_else(|| Response::bare(500));
                Ok(())
            }
        }
    }

    async fn call_after(&self, index: u32, exchange: &mut Exchange, response: &mut Response) -> Decided<()> {
        let Some(exports) = &self.exports.hooks else { return Err(self.has_no("request-hooks")) };
        let reply = Some(std::mem::replace(response, Response::bare(500)));
        let sight = self.sights.after(index);
        let work = |exchange| Work { moment: Moment::After, sight, exchange, reply, attempt: None };
        let called = self
            .call(exchange, CallOf::After(index), work, async |guest: &mut Guest| {
                let exports = exports.load(&mut guest.store, &guest.instance)?;
                let (request, reply) = (Resource::new_borrow(0), Resource::new_borrow(0));
                exports.call_after(&mut guest.store, index, request, reply).await
            })
            .await?;
        *response = called.reply.unwrap_or_else(|| Response::bare(500));
        Ok(called.value)
    }

    /// Asks the plugin about a sign-in.
    ///
    /// # Errors
    /// 5xx when the call failed: a gate that cannot decide refuses.
    pub(in crate::plugin_host) async fn ask(
        &self,
        exchange: &mut Exchange,
        attempt: &SignInAttempt,
    ) -> Result<Verdict, ApiError> {
        let Some(exports) = &self.exports.gate else { return Err(self.has_no("session-gate")) };
        let attempt = Some(attempt.clone());
        let work = |exchange| Work { moment: Moment::Gate, sight: Sight::default(), exchange, reply: None, attempt };
        let called = self
            .call(exchange, CallOf::Gate, work, async |guest: &mut Guest| {
                let exports = exports.load(&mut guest.store, &guest.instance)?;
                exports.call_check(&mut guest.store, Resource::new_borrow(0)).await
            })
            .await?;
        Ok(match called.value {
            session_gate::Verdict::Admit => Verdict::Admit,
            session_gate::Verdict::Refuse(error) => Verdict::Refuse(self.refusal(error)),
            session_gate::Verdict::Challenge(response) => {
                Verdict::Challenge(self.response(response, called.circumstances)?)
            }
        })
    }

    /// Runs event `index` of the manifest on a change in the transaction `scope`, in an instance of its own, and returns
    /// what the guest sets.
    ///
    /// # Errors
    /// 5xx when the call failed: then the change must be undone, or at least what the guest did.
    pub(in crate::plugin_host) async fn change(
        &self,
        index: u32,
        auth: &Arc<Auth>,
        scope: Scope,
        change: WatchedChange,
    ) -> Decided<Vec<(String, Value)>> {
        let Some(exports) = &self.exports.events else { return Err(self.has_no("lifecycle-events")) };
        let is_before = change.sets.is_some();
        let circumstances = Circumstances::of(self.enter()?);
        let spent = Arc::<Spent>::default();
        let begun = Instant::now();
        let event = CallOf::Event(index);
        let work = async {
            let mut guest = self.start(Arc::clone(&spent)).await?;
            guest.store.data_mut().calling = event;
            guest.store.data_mut().begin_beneath(Arc::clone(auth), scope, change);
            let exports = exports.load(&mut guest.store, &guest.instance)?;
            let what = Resource::new_borrow(0);
            let outcome = match is_before {
                true => exports.call_before(&mut guest.store, index, what).await,
                false => exports.call_after(&mut guest.store, index, what).await,
            };
            let outcome = outcome.map_err(|trap| guest.cause(trap))?;
            let state = guest.store.data_mut();
            self.breaker.took(begun.elapsed(), state.limits.most_bytes());
            let sets = state.change.take().and_then(|change| change.sets).unwrap_or_default();
            state.end();
            Ok(outcome.map(|()| sets))
        };
        let called = self.in_time(&spent, running::told(&self.shared, event, work));
        let failed = |trap| self.failed(self.shared.names.name(event), &trap, circumstances);
        let called = telemetry::span("plugin", || self.about(event), pin!(called)).await;
        let outcome = called.map_err(failed)?;
        self.answered(circumstances.passage);
        Ok(outcome)
    }

    /// Lends the request to the request's instance of this plugin for one call.
    ///
    /// An instance whose call failed is dropped with everything it had begun; one that answered is kept for the next hook.
    pub(super) async fn call<T>(
        &self,
        exchange: &mut Exchange,
        what: CallOf,
        work: impl FnOnce(Exchange) -> Work,
        run: impl AsyncFnOnce(&mut Guest) -> Ended<T>,
    ) -> Result<Called<T>, ApiError> {
        telemetry::span("plugin", || self.about(what), pin!(self.call_guest(exchange, what, work, run))).await
    }

    /// What a span of a call says.
    fn about(&self, what: CallOf) -> Attributes {
        vec![("doorward.plugin", self.shared.id.clone()), ("doorward.call", self.shared.names.name(what).to_string())]
    }

    async fn call_guest<T>(
        &self,
        exchange: &mut Exchange,
        what: CallOf,
        work: impl FnOnce(Exchange) -> Work,
        run: impl AsyncFnOnce(&mut Guest) -> Ended<T>,
    ) -> Result<Called<T>, ApiError> {
        let mut circumstances = Circumstances::of(self.enter()?);
        let (kept, spent) = match guests::take(exchange, &self.shared).await {
            Ok(taken) => taken,
            Err(busy) => {
                self.breaker.undecided(circumstances.passage);
                return Err(busy);
            }
        };
        let mut guest = match kept {
            Some(guest) => guest,
            None => match spent.cpu.measure(self.start(Arc::clone(&spent))).await {
                Ok(guest) => guest,
                Err(trap) => {
                    guests::give_back(exchange, None);
                    return Err(self.failed(self.shared.names.name(what), &trap, circumstances));
                }
            },
        };
        guest.store.data_mut().calling = what;
        guest.store.data_mut().begin(Some(work(exchange.take())));
        let begun = Instant::now();
        // A capability that panics must not take the request with it.
        let ended = AssertUnwindSafe(self.in_time_of(
            self.patience(what),
            &spent,
            running::told(&self.shared, what, run(&mut guest)),
        ))
        .catch_unwind()
        .await;
        let ended = ended.unwrap_or_else(|_| Err(wasmtime::Error::msg("a capability of the host panicked")));
        let mut reply = None;
        let state = guest.store.data_mut();
        if let Some(work) = state.end() {
            *exchange = work.exchange;
            reply = work.reply;
        }
        circumstances.has_read_input = state.has_read_input;
        self.breaker.took(begun.elapsed(), state.limits.most_bytes());
        let ended = ended.map_err(|trap| guest.cause(trap));
        guests::give_back(exchange, ended.is_ok().then_some(guest));
        let value = ended.map_err(|trap| self.failed(self.shared.names.name(what), &trap, circumstances))?;
        self.answered(circumstances.passage);
        Ok(Called { value, reply, circumstances })
    }

    pub(super) fn enter(&self) -> Result<Passage, ApiError> {
        let passage = self.breaker.enter(self.shared.clock.now());
        passage.map_err(|paused| CallFailed::paused(paused.retry_after_secs))
    }

    pub(super) fn answered(&self, passage: Passage) {
        if self.breaker.succeeded(passage) {
            tracing::info!(plugin = self.shared.id, "the plugin works again");
        }
    }

    /// A new instance, which uses `spent` with the others of its request.
    pub(in crate::plugin_host) async fn start(&self, spent: Arc<Spent>) -> Ended<Guest> {
        let mut store = Store::new(&self.engine, State::new(Arc::clone(&self.shared), spent));
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(self.shared.limits.result_bytes.saturating_mul(2));
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| context.data_mut().tick());
        let instance = self.linked.instantiate_async(&mut store).await?;
        Ok(Guest { store, instance })
    }
}
