//! What an observer of a change may know about the request that causes it: the request's head, and who acts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::auth::active_session::ActiveSession;
use crate::http::RequestHead;

/// Something that a request did, which is told when it has ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// An address was verified for the first time.
    EmailVerified,
    /// A password was set by a mailed link.
    PasswordReset,
}

/// The request that causes a change.
pub struct Cause {
    /// The request as it arrived. Hooks that change the request do not change this.
    pub head: Arc<RequestHead>,
    params: OnceLock<Vec<(String, String)>>,
    actor: Mutex<Option<Arc<ActiveSession>>>,
    has_queued_mail: AtomicBool,
    has_written: AtomicBool,
    changed_user: OnceLock<String>,
    happenings: Mutex<Vec<(Happening, String)>>,
}

impl Cause {
    /// A cause with this head. Who acts is not known yet.
    pub fn new(head: Arc<RequestHead>) -> Self {
        Self {
            head,
            params: OnceLock::new(),
            actor: Mutex::default(),
            has_queued_mail: AtomicBool::new(false),
            has_written: AtomicBool::new(false),
            changed_user: OnceLock::new(),
            happenings: Mutex::default(),
        }
    }

    /// The parameters in the path of the request. Some are secret.
    pub fn params(&self) -> &[(String, String)] {
        self.params.get().map_or(&[], Vec::as_slice)
    }

    /// Sets the parameters, once the route is known.
    pub fn note_params(&self, params: Vec<(String, String)>) {
        if !params.is_empty() {
            self.params.get_or_init(|| params);
        }
    }

    /// The session that the request came with or opened. None until something asked for it.
    pub fn actor(&self) -> Option<Arc<ActiveSession>> {
        self.actor.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets who acts.
    pub fn note_actor(&self, actor: Option<Arc<ActiveSession>>) {
        *self.actor.lock().unwrap_or_else(PoisonError::into_inner) = actor;
    }

    /// The first user whose row, session or account the request changed, whether that was committed or not.
    pub fn changed_user(&self) -> Option<&str> {
        self.changed_user.get().map(String::as_str)
    }

    /// Notes that the request changes a row of this user.
    pub(super) fn note_changed_user(&self, id: &str) {
        self.changed_user.get_or_init(|| id.to_owned());
    }

    /// Notes what the request did to the user of this id.
    pub fn note_happening(&self, happening: Happening, user_id: &str) {
        let mut happenings = self.happenings.lock().unwrap_or_else(PoisonError::into_inner);
        happenings.push((happening, user_id.to_owned()));
    }

    /// What the request did, each with the id of the user, in order. Whether it was committed shows in the answer.
    pub fn happenings(&self) -> Vec<(Happening, String)> {
        self.happenings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that the request writes.
    pub(super) fn note_write(&self) {
        self.has_written.store(true, Ordering::Relaxed);
    }

    /// Whether what the request reads may be old: it has written nothing, and does not mean to.
    pub(super) fn may_read_old(&self) -> bool {
        matches!(self.head.method.as_str(), "GET" | "HEAD") && !self.has_written.load(Ordering::Relaxed)
    }

    /// Makes the request wake the mail sender after the commit. Call it after `outbox::write`.
    pub fn note_queued_mail(&self) {
        self.has_queued_mail.store(true, Ordering::Relaxed);
    }

    /// True if the request queued mail.
    pub fn has_queued_mail(&self) -> bool {
        self.has_queued_mail.load(Ordering::Relaxed)
    }
}
