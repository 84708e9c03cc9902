//! Lets a request go on without a hook that failed, where the operator wants it so.

use super::plugin::Plugin;
use crate::config::FailurePolicy;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Request;

/// The request as it was before a hook.
pub(in crate::plugin_host) struct Undo {
    request: Request,
    cookies: usize,
}

impl Plugin {
    /// What a hook may change of a request, when the request is to go on without it should it fail.
    pub(in crate::plugin_host) fn undo(&self, policy: Option<&FailurePolicy>, exchange: &Exchange) -> Option<Undo> {
        let is_open = policy == Some(&FailurePolicy::Open);
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
}
