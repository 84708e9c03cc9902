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

/// What an endpoint wants of the session.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionNeed {
    /// Leaves the session's life as it is.
    pub without_refresh: bool,
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

    /// The live session, or `401 UNAUTHORIZED`.
    ///
    /// # Errors
    /// `UNAUTHORIZED`, or when the store fails.
    pub async fn require_session(&mut self) -> Result<&ActiveSession, ApiError> {
        self.session().await?.ok_or_else(|| Code::UNAUTHORIZED.into())
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

    async fn load_session(&mut self, need: SessionNeed) -> Result<Option<ActiveSession>, ApiError> {
        let Some(token) = self.session_token() else { return Ok(None) };
        let Some(mut active) = session::find_active(self.auth(), &token).await? else {
            self.delete_session_cookies();
            return Ok(None);
        };
        let ends_with_browser = self.signed_cookie(&self.auth().cookies.dont_remember.name).is_some();
        if need.without_refresh || ends_with_browser || !session::is_refresh_due(self.auth(), &active.session) {
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
