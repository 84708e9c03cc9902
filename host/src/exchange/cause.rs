//! What an observer of a change may know of the request beneath which it happens: the request's head, and who acts.
//!
//! The pipeline opens a scope for each request while there are observers at all; whatever runs inside finds its cause with
//! [`Cause::current`]. `auth`, which calls the observers, does not know of it. There is none in the commands and jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;

use crate::auth::session::ActiveSession;
use crate::http::{Headers, Query, Request};

tokio::task_local! {
    static CURRENT: Arc<Cause>;
}

/// The request that causes a change.
pub struct Cause {
    /// Stands in the log and in `x-request-id`.
    pub request_id: String,
    /// Upper-case method.
    pub method: String,
    /// Path below the base path.
    pub path: String,
    /// Decoded query, as it was sent.
    pub query: Query,
    /// Headers, as they were sent.
    pub headers: Headers,
    /// The client's address by the configured rule; `None` when it cannot be trusted.
    pub client_address: Option<String>,
    /// Address of the socket's other end.
    pub peer: Option<std::net::IpAddr>,
    actor: ArcSwapOption<ActiveSession>,
    has_queued_mail: AtomicBool,
}

impl Cause {
    /// What `request` is before anything changed it.
    pub fn of(request: &Request) -> Self {
        Self {
            request_id: request.id.clone(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            client_address: request.client_address.clone(),
            peer: request.peer,
            actor: ArcSwapOption::empty(),
            has_queued_mail: AtomicBool::new(false),
        }
    }

    /// Does `work` as caused by this request, if it is known.
    pub async fn during<F: Future>(cause: Option<Arc<Self>>, work: F) -> F::Output {
        match cause {
            Some(cause) => CURRENT.scope(cause, work).await,
            None => work.await,
        }
    }

    /// The request beneath which this is called, if any.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// The session that the request came with, or that it opened, as far as it was looked for by now.
    pub fn actor(&self) -> Option<Arc<ActiveSession>> {
        self.actor.load_full()
    }

    /// Lets the request wake the sender of mail when all is committed; call it after `outbox::enqueue` in an observer.
    pub fn note_queued_mail(&self) {
        self.has_queued_mail.store(true, Ordering::Relaxed);
    }

    pub(super) fn note_actor(actor: Option<Arc<ActiveSession>>) {
        // Without observers there is no scope, and nothing is paid but this look.
        _ = CURRENT.try_with(|cause| cause.actor.store(actor));
    }

    pub(super) fn has_queued_mail() -> bool {
        CURRENT.try_with(|cause| cause.has_queued_mail.load(Ordering::Relaxed)).unwrap_or(false)
    }
}
