//! The session of a request: read from its cookie at most once, extended when due, ended on sign-out.

use super::Exchange;
use crate::auth::session::{self, ActiveSession};
use crate::error::{ApiError, Code};

/// Whether the session was looked for, and what was found.
#[derive(Default)]
pub(super) enum Slot {
    /// Not looked for yet.
    #[default]
    Unread,
    /// Looked for.
    Read(Option<Box<ActiveSession>>),
}

/// What an endpoint wants of the session. The default takes a cached copy and extends the session when due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionNeed {
    /// Asks the store, whatever the cookie cache says: a session that was ended elsewhere is none.
    pub from_store: bool,
    /// Whether the session's life may be extended.
    pub refresh: Refresh,
}

/// When a request extends its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refresh {
    /// When due, unless `session.defer_session_refresh` leaves it to `POST /get-session`.
    #[default]
    WhenDue,
    /// When due, even if all others leave it to this request.
    Deferred,
    /// Not in this request.
    Never,
}

impl SessionNeed {
    /// For endpoints that change, reveal or end something: see [`SessionNeed::from_store`].
    pub const FROM_STORE: Self = Self { from_store: true, refresh: Refresh::WhenDue };
}

impl Exchange {
    /// The live session and its user, loaded at most once. Extends it when due and sends the cookies that belong to it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session(&mut self) -> Result<Option<&ActiveSession>, ApiError> {
        self.session_with(SessionNeed::default()).await
    }

    /// As [`Exchange::session`], with the endpoint's own needs.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn session_with(&mut self, need: SessionNeed) -> Result<Option<&ActiveSession>, ApiError> {
        if matches!(self.session, Slot::Unread) {
            let found = self.load_session(need).await?;
            self.session = Slot::Read(found.map(Box::new));
        }
        match &self.session {
            Slot::Read(Some(active)) => Ok(Some(active)),
            Slot::Read(None) | Slot::Unread => Ok(None),
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
            Slot::Read(Some(active)) if session::is_fresh(self.auth(), &active.session) => Ok(active),
            _ => Err(Code::SESSION_NOT_FRESH.into()),
        }
    }

    /// Puts a session whose row or user was changed in the loaded one's place and sends its cookies anew.
    pub fn renew_session(&mut self, active: ActiveSession) {
        let remember = !self.ends_with_browser();
        self.send_session_cookies(active.session.token(), remember);
        self.keep_session(active);
    }

    /// The token in the session cookie, when its signature is right.
    pub fn session_token(&self) -> Option<String> {
        self.signed_cookie(&self.auth().cookies.session_token.name)
    }

    /// Removes the cookies of a session: token, cached copy, and the mark of a browser session.
    pub fn delete_session_cookies(&mut self) {
        let cookies = &self.auth().cookies;
        let deletions =
            [&cookies.session_token, &cookies.session_data, &cookies.dont_remember].map(|spec| spec.deletion());
        self.cookies.extend(deletions);
    }

    /// Forgets what was loaded, after the session was changed or ended.
    pub fn forget_session(&mut self) {
        self.session = Slot::Unread;
    }

    pub(super) fn keep_session(&mut self, active: ActiveSession) {
        self.session = Slot::Read(Some(Box::new(active)));
    }

    /// Sends the session's token, and the mark of a browser session when it is not remembered.
    pub(super) fn send_session_cookies(&mut self, token: &str, remember: bool) {
        let auth = self.auth();
        let value = auth.cookies.sign(token);
        let max_age_secs = remember.then_some(auth.config.session.expires_in);
        let session_token = auth.cookies.session_token.cookie(value, max_age_secs);
        let mark = (!remember).then(|| auth.cookies.dont_remember.cookie(auth.cookies.sign("true"), None));
        self.cookies.push(session_token);
        self.cookies.extend(mark);
    }

    /// Whether the session was opened with "do not remember me".
    pub(super) fn ends_with_browser(&self) -> bool {
        self.signed_cookie(&self.auth().cookies.dont_remember.name).is_some()
    }

    async fn load_session(&mut self, need: SessionNeed) -> Result<Option<ActiveSession>, ApiError> {
        let Some(token) = self.session_token() else { return Ok(None) };
        let auth = self.auth();
        let may_write = need.refresh == Refresh::Deferred || !auth.config.session.defer_session_refresh;
        let Some(mut active) = session::find_active(auth, &token, may_write).await? else {
            self.delete_session_cookies();
            return Ok(None);
        };
        let may_extend = may_write && need.refresh != Refresh::Never && !self.ends_with_browser();
        if !may_extend || !session::is_refresh_due(self.auth(), &active.session) {
            return Ok(Some(active));
        }
        let Some(extended) = session::refresh(self.auth(), &active.session).await? else {
            self.delete_session_cookies();
            return Ok(None);
        };
        active.session = extended;
        self.send_session_cookies(&token, true);
        Ok(Some(active))
    }
}
