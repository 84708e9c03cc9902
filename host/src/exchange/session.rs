//! The session of a request: loaded at most once, from the cookie's copy or from the store, and extended when due.

use std::sync::Arc;

use super::Exchange;
use super::session_cookies::CachedSession;
use crate::auth::session::{self, ActiveSession};
use crate::auth::{AuthError, Scope};
use crate::clock::Timestamp;
use crate::error::{ApiError, Code};
use crate::store::session::MODEL;
use crate::store::user::find_user_by_id;
use crate::store::{Record, Session};

/// Life of the session that stands in for one of a user's own.
const STAND_IN_SECS: i64 = 60;

/// A session that is loaded when someone first asks.
#[derive(Default)]
pub(super) enum Lazy {
    /// Nobody asked yet.
    #[default]
    Unread,
    /// The result of the look-up.
    Read(Option<Arc<ActiveSession>>),
    /// This request ended it. A copy in the cookie is no session any more.
    Ended,
}

/// How an endpoint wants its session. The default accepts a cached copy and extends the session when due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionNeed {
    /// Reads the store and ignores the cookie's copy, so that a session ended elsewhere is not accepted.
    pub from_store: bool,
    /// Reads rows even where there is no database, so that they are this process's alone.
    pub ignores_copy: bool,
    /// Whether the session may be extended.
    pub refresh: Refresh,
}

/// When a request extends its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refresh {
    /// When due, unless `session.defer_session_refresh` leaves it to `POST /get-session`.
    #[default]
    WhenDue,
    /// When due, even with `session.defer_session_refresh`.
    Deferred,
    /// Never in this request.
    Never,
}

impl SessionNeed {
    /// For endpoints that change, reveal or end something; see [`SessionNeed::from_store`].
    pub const FROM_STORE: Self = Self { from_store: true, ignores_copy: false, refresh: Refresh::WhenDue };
}

impl Exchange {
    /// The live session and its user, loaded at most once. Extends it when due and sends its cookies. With the cookie
    /// cache on, it may be the cookie's copy.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session(&mut self) -> Result<Option<&ActiveSession>, ApiError> {
        self.session_with(SessionNeed::default()).await
    }

    /// Like [`Exchange::session`], with the needs of the endpoint.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session_with(&mut self, need: SessionNeed) -> Result<Option<&ActiveSession>, ApiError> {
        let is_read = match &self.session {
            Lazy::Unread => false,
            Lazy::Read(Some(active)) => !active.is_cached || self.takes_copy(need),
            Lazy::Read(None) | Lazy::Ended => true,
        };
        if !is_read {
            let found = match self.load_session(need).await? {
                Some(active) => Some(active),
                None => self.stand_in().await?,
            };
            self.put_session(found);
        }
        match &self.session {
            Lazy::Read(Some(active)) => Ok(Some(active)),
            Lazy::Read(None) | Lazy::Unread | Lazy::Ended => Ok(None),
        }
    }

    /// Looks at the request's session without extending it and without a word to the browser. Whoever asks for the session
    /// later gets it as if nobody had looked; the store is not asked twice.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn peek_session(&mut self) -> Result<Option<&ActiveSession>, ApiError> {
        if matches!(self.session, Lazy::Unread)
            && self.peeked.is_none()
            && let Some(token) = self.learn_session_token()
        {
            let found = match self.copy_unless_ended(&token).await? {
                CachedSession::Good(active, _) => Some(active),
                CachedSession::Bad | CachedSession::Absent => {
                    session::find_active(self.auth(), &self.scope(), &token).await?
                }
            };
            self.peeked = found.map(Arc::new);
        }
        Ok(self.seen_session())
    }

    /// The session that the request came with, if someone looked at it.
    pub fn seen_session(&self) -> Option<&ActiveSession> {
        match &self.session {
            Lazy::Read(found) => found.as_deref(),
            Lazy::Unread => self.peeked.as_deref(),
            Lazy::Ended => None,
        }
    }

    /// The live session, or `401 UNAUTHORIZED`. (Where the 401 has no body: `session_with` and `ApiError::empty(401)`.)
    ///
    /// # Errors
    /// `UNAUTHORIZED`, or when the store fails.
    pub async fn require_session(&mut self, need: SessionNeed) -> Result<&ActiveSession, ApiError> {
        self.session_with(need).await?.ok_or_else(|| Code::UNAUTHORIZED.into())
    }

    /// The live session from the store, opened less than `session.fresh_age` ago.
    ///
    /// # Errors
    /// `UNAUTHORIZED`, `SESSION_NOT_FRESH`, or when the store fails.
    pub async fn require_fresh_session(&mut self) -> Result<&ActiveSession, ApiError> {
        self.require_session(SessionNeed::FROM_STORE).await?;
        match &self.session {
            Lazy::Read(Some(active)) if session::is_fresh(self.auth(), &active.session) => Ok(active),
            _ => Err(Code::SESSION_NOT_FRESH.into()),
        }
    }

    /// Replaces the loaded session after its row or its user was changed, and sends its cookies again.
    pub fn renew_session(&mut self, active: ActiveSession) {
        let remember = !self.ends_with_browser();
        self.send_session_cookies(&active, remember);
        self.keep_session(active);
    }

    /// True if the session was looked up and found.
    pub fn has_session(&self) -> bool {
        matches!(self.session, Lazy::Read(Some(_)))
    }

    /// Makes a live session from the store the current one of the browser, and sends its cookies.
    pub fn resume_session(&mut self, active: ActiveSession, remember: bool) {
        self.send_session_cookies(&active, remember);
        self.keep_session(active);
    }

    /// Ends the request's own session, whose token is `token`. The cookies stay.
    ///
    /// # Errors
    /// When an observer refuses or the store fails.
    pub async fn end_session(&mut self, scope: &Scope, token: &str) -> Result<(), AuthError> {
        let ended = session::end(self.auth(), scope, token).await?;
        if ended.is_none() && self.auth().config.is_stateless() {
            session::note_end(self.auth(), scope, token).await?;
        }
        self.forget_session();
        self.session = Lazy::Ended;
        self.trail.ended = ended;
        Ok(())
    }

    /// Forgets the loaded session. Call it after the session was changed or ended.
    pub fn forget_session(&mut self) {
        self.peeked = None;
        if let Lazy::Read(Some(active)) = std::mem::take(&mut self.session) {
            self.trail.ended = Some(active.session.clone());
        }
        self.cause.note_actor(None);
    }

    pub(super) fn keep_session(&mut self, active: ActiveSession) {
        self.put_session(Some(active));
    }

    fn put_session(&mut self, found: Option<ActiveSession>) {
        let found = found.map(Arc::new);
        self.cause.note_actor(found.clone());
        self.session = Lazy::Read(found);
    }

    async fn load_session(&mut self, need: SessionNeed) -> Result<Option<ActiveSession>, ApiError> {
        let Some(token) = self.session_token() else { return Ok(None) };
        // A refresh must start from the stored row, not from the cookie's copy.
        if self.takes_copy(need) && need.refresh != Refresh::Deferred {
            match self.copy_unless_ended(&token).await? {
                CachedSession::Good(active, made_at) => {
                    self.renew_old_copy(&active, made_at);
                    return Ok(Some(active));
                }
                CachedSession::Bad => self.delete_copy(),
                CachedSession::Absent => {}
            }
        }
        let found = self.load_from_store(&token, need).await?;
        if found.is_none() {
            self.trail.has_dead_session = true;
            self.delete_session_cookies();
        }
        Ok(found)
    }

    /// Whether a copy is good enough. Where there are no rows to ask, it is, unless the client wants them asked.
    fn takes_copy(&self, need: SessionNeed) -> bool {
        !need.from_store || (self.auth().config.is_stateless() && !need.ignores_copy)
    }

    /// The copy. Where nothing else tells of sessions, one that this process ended is bad.
    async fn copy_unless_ended(&self, token: &str) -> Result<CachedSession, ApiError> {
        let copy = self.copy(token);
        let is_asked = matches!(copy, CachedSession::Good(..)) && self.auth().config.is_stateless();
        let scope = self.scope();
        let is_ended = is_asked && Box::pin(session::was_ended(self.auth(), &scope, token)).await?;
        Ok(if is_ended { CachedSession::Bad } else { copy })
    }

    fn renew_old_copy(&mut self, active: &ActiveSession, made_at: Timestamp) {
        let is_old = self.auth().session_cache.as_ref().is_some_and(|cache| cache.is_old(self.auth(), made_at));
        if is_old {
            let remember = !self.has_brief_mark() && !session::is_brief(self.auth(), &active.session);
            self.send_copy(active, remember);
            self.send_token(active, remember);
        }
    }

    /// A session that no row stands for, of the user for whom the application's own backend asks.
    async fn stand_in(&self) -> Result<Option<ActiveSession>, ApiError> {
        let Some(user_id) = &self.asked_for_user else { return Ok(None) };
        let Some(user) = find_user_by_id(&self.scope(), user_id).await? else { return Ok(None) };
        let auth = self.auth();
        let now = auth.now();
        let mut record = Record::new(auth.schema().model(MODEL)?);
        record.set("token", auth.random.id())?;
        record.set("userId", user_id.as_str())?;
        record.set("createdAt", now)?;
        record.set("updatedAt", now)?;
        record.set("expiresAt", now.plus_secs(STAND_IN_SECS))?;
        Ok(Some(ActiveSession::stored(Session(record), user)))
    }

    async fn load_from_store(&mut self, token: &str, need: SessionNeed) -> Result<Option<ActiveSession>, ApiError> {
        let peeked = self.peeked.take().filter(|active| !active.is_cached && active.session.token() == token);
        let (auth, scope) = (self.auth(), self.scope());
        let may_write = need.refresh == Refresh::Deferred || !auth.config.session.defer_session_refresh;
        let found = match (peeked, may_write) {
            (Some(active), _) => Some(ActiveSession::clone(&active)),
            (None, true) => session::find_active_or_end(auth, &scope, token).await?,
            (None, false) => session::find_active(auth, &scope, token).await?,
        };
        let Some(mut active) = found else { return Ok(None) };
        let is_brief = self.has_brief_mark() || session::is_brief(self.auth(), &active.session);
        if need.refresh == Refresh::Never || is_brief {
            return Ok(Some(active));
        }
        if !may_write || !session::is_refresh_due(self.auth(), &active.session) {
            self.send_copy(&active, true);
            return Ok(Some(active));
        }
        let Some(extended) = session::refresh(self.auth(), &scope, &active.session).await? else { return Ok(None) };
        active.session = extended;
        self.send_session_cookies(&active, true);
        Ok(Some(active))
    }
}
