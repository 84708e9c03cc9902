//! What an observer of a change may know of the request beneath which it happens: the request's head, and who acts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;

use crate::auth::active_session::ActiveSession;
use crate::http::RequestHead;

/// The request that causes a change.
pub struct Cause {
    /// The request as it came; hooks that change theirs leave this one alone.
    pub head: Arc<RequestHead>,
    actor: ArcSwapOption<ActiveSession>,
    has_queued_mail: AtomicBool,
}

impl Cause {
    /// A request of which nothing is known but its head.
    pub fn new(head: Arc<RequestHead>) -> Self {
        Self { head, actor: ArcSwapOption::empty(), has_queued_mail: AtomicBool::new(false) }
    }

    /// The session that the request came with, or that it opened, as far as it was looked for by now.
    pub fn actor(&self) -> Option<Arc<ActiveSession>> {
        self.actor.load_full()
    }

    /// Notes who acts.
    pub fn note_actor(&self, actor: Option<Arc<ActiveSession>>) {
        self.actor.store(actor);
    }

    /// Lets the request wake the sender of mail when all is committed; call it after `outbox::write`.
    pub fn note_queued_mail(&self) {
        self.has_queued_mail.store(true, Ordering::Relaxed);
    }

    /// Whether anything was written for the sender of mail.
    pub fn has_queued_mail(&self) -> bool {
        self.has_queued_mail.load(Ordering::Relaxed)
    }
}
