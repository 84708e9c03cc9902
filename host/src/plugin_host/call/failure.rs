//! What becomes of a call that fails, and of its request: whose fault it is, and whether the request goes on without it.

use wasmtime::PoolConcurrencyLimitError;

use super::breaker::Circumstances;
use super::convert::{self, Place};
use super::names::CallOf;
use super::plugin::Plugin;
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::chunks::UploadFault;
use crate::http::{Request, Response};
use crate::plugin_host::bindings::doorward::plugin::types as wit;
use crate::plugin_host::bindings::exports::doorward::plugin::answers;
use crate::plugin_host::error::{Busy, CallFailed, Limit, is_too_much_data, reason};

/// The answer to a client whose body does not come.
fn upload_refusal(fault: UploadFault) -> ApiError {
    match fault {
        UploadFault::Broken => ApiError::new(400, "BAD_REQUEST", "The request body could not be read"),
        UploadFault::Slow => ApiError::new(408, "REQUEST_TIMEOUT", "The request body took too long"),
        UploadFault::TooLong => Code::PAYLOAD_TOO_LARGE.into(),
    }
}

/// The request as it was before a hook.
pub(in crate::plugin_host) struct Undo {
    request: Request,
    cookies: usize,
}

impl Plugin {
    /// What a hook may change of a request, when the request is to go on without it should it fail.
    pub(in crate::plugin_host) fn undo(&self, is_open: bool, exchange: &Exchange) -> Option<Undo> {
        is_open.then(|| Undo { request: exchange.request.clone(), cookies: exchange.cookies.len() })
    }

    /// Lets a request go on without a hook that failed.
    ///
    /// # Errors
    /// The failure itself, where the operator did not ask for that.
    pub(in crate::plugin_host) fn skip(
        &self,
        undo: Option<Undo>,
        exchange: &mut Exchange,
        failed: ApiError,
    ) -> Result<(), ApiError> {
        let Some(undo) = undo else { return Err(failed) };
        exchange.request = undo.request;
        exchange.cookies.truncate(undo.cookies);
        self.skipped(Some(&exchange.request.id), &failed);
        Ok(())
    }

    /// Counts and logs a failure that the operator wants passed over.
    pub(in crate::plugin_host) fn skipped(&self, request_id: Option<&str>, failed: &ApiError) {
        self.breaker.skipped();
        if let Some(cause) = &failed.source {
            tracing::error!(request_id, error = %cause, "a hook failed, and the request goes on without it");
        }
    }

    /// The guest's answer.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub(super) fn response(&self, answer: wit::Response, of: Circumstances) -> Result<Response, ApiError> {
        let most = self.shared.limits.result_bytes;
        if answer.body.as_ref().is_some_and(|body| body.len() > most) {
            return Err(self.failed("its answer", &Limit::Result(most).into(), of));
        }
        convert::response(&self.shared.id, answer).map_err(|reason| self.call_failed("its answer", reason).into())
    }

    /// The guest's answer of any type.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub(super) fn answer(
        &self,
        answer: answers::Answer,
        place: Place,
        of: Circumstances,
    ) -> Result<Response, ApiError> {
        let most = self.shared.limits.result_bytes;
        if answer.body.len() > most {
            return Err(self.failed("its answer", &Limit::Result(most).into(), of));
        }
        convert::answer(&self.shared.id, answer, place).map_err(|reason| self.call_failed("its answer", reason).into())
    }

    pub(super) fn refusal(&self, error: wit::ApiError) -> ApiError {
        convert::refusal(&self.shared.id, error)
    }

    pub(super) fn has_no(&self, interface: &str) -> ApiError {
        self.call_failed(interface, "the component does not export it".to_owned()).into()
    }

    /// A hook did what its grants do not say. The request must not go on as if the hook had let it.
    pub(super) fn not_granted(&self, index: u32, what: &str, right: &str) -> ApiError {
        self.call_failed(
            self.shared.names.name(CallOf::Before(index)),
            format!("it {what}, and `{right}` is not granted on this path"),
        )
        .into()
    }

    /// What the client gets for a call that ended without an answer. Of what is not the plugin's fault, the breaker learns
    /// nothing: neither that too many requests came at once, nor that a client's input took the guest to a limit.
    pub(super) fn failed(&self, what: &str, trap: &wasmtime::Error, of: Circumstances) -> ApiError {
        if trap.is::<Busy>() || trap.is::<PoolConcurrencyLimitError>() {
            self.breaker.undecided(of.passage);
            return ApiError::busy().caused_by(self.without_answer(what, reason(trap)));
        }
        if let Some(fault) = trap.downcast_ref::<UploadFault>() {
            self.breaker.undecided(of.passage);
            return upload_refusal(*fault);
        }
        let limit = trap.downcast_ref::<Limit>();
        if let Some(Limit::Stream(_)) = limit {
            self.breaker.undecided(of.passage);
            return upload_refusal(UploadFault::Slow);
        }
        limit.into_iter().for_each(|limit| self.breaker.hit(limit.option()));
        let may_be_of_input = |trap| limit.map_or_else(|| is_too_much_data(trap), |limit| limit.depends_on_input());
        if of.has_read_input && may_be_of_input(trap) {
            self.breaker.undecided(of.passage);
            return self.without_answer(what, reason(trap)).for_input();
        }
        let failed = self.call_failed(what, reason(trap));
        match limit {
            Some(Limit::Time(_) | Limit::Wait(_) | Limit::Section(_)) => failed.timed_out(),
            _ => failed.into(),
        }
    }

    /// The one place where a fault of the plugin is made, so that each is counted.
    pub(super) fn call_failed(&self, call: &str, reason: String) -> CallFailed {
        if self.breaker.failed(self.shared.clock.now()) {
            tracing::error!(plugin = self.shared.id, "the plugin failed too often and is not called for a while");
        }
        self.without_answer(call, reason)
    }

    pub(super) fn without_answer(&self, call: &str, reason: String) -> CallFailed {
        CallFailed { plugin: self.shared.id.clone(), call: call.to_owned(), reason }
    }
}
