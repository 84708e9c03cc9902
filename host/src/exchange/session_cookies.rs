//! The cookies of a session: its token, its cached copy, and the mark that it ends with the browser.

use super::Exchange;
use crate::auth::session::{self, ActiveSession};
use crate::clock::Timestamp;
use crate::config::StateStrategy;
use crate::cookie::{Cookie, CookieSpec, chunks};

/// The cached copy that came with the request.
pub(super) enum CachedSession {
    /// There is no copy, or the cache is off.
    Absent,
    /// It is genuine, has not expired, and belongs to the session token; it was made at that moment.
    Good(ActiveSession, Timestamp),
    /// It is invalid in any way.
    Bad,
}

/// A session cookie whose signature was checked.
pub struct VerifiedToken {
    /// As it was sent: a hook may put another one into the request.
    signed: String,
    token: String,
}

impl Exchange {
    /// The token in the session cookie, if its signature is valid.
    pub fn session_token(&self) -> Option<String> {
        Some(self.verified()?.token)
    }

    /// As [`Exchange::session_token`], and whoever asks later in this request need not check the signature again.
    pub(super) fn learn_session_token(&mut self) -> Option<String> {
        let verified = self.verified()?;
        let token = verified.token.clone();
        self.verified = Some(verified);
        Some(token)
    }

    fn verified(&self) -> Option<VerifiedToken> {
        let cookies = &self.auth().cookies;
        let signed = self.request.cookie(&cookies.session_token.name)?;
        let token = match &self.verified {
            Some(known) if known.signed == signed => known.token.clone(),
            _ => cookies.token_signer.verify(&signed)?.to_owned(),
        };
        Some(VerifiedToken { signed, token })
    }

    /// Whether the browser has the mark of a sign-in with "do not remember me".
    pub fn has_brief_mark(&self) -> bool {
        let cookies = &self.auth().cookies;
        self.signed_cookie(&cookies.dont_remember.name, &cookies.dont_remember_signer).is_some()
    }

    /// Whether the session was opened with "do not remember me": the one that this request opened, or else the one that it
    /// came with. That belongs to the session, so clients without cookies have it too.
    pub fn ends_with_browser(&self) -> bool {
        let name = &self.auth().cookies.dont_remember.name;
        let mut marks = self.cookies.iter().filter(|cookie| cookie.name == *name).peekable();
        if self.opened.is_some() && marks.peek().is_some() {
            return marks.any(|cookie| !cookie.is_deletion());
        }
        self.has_brief_mark()
            || self.seen_session().is_some_and(|active| session::is_brief(self.auth(), &active.session))
    }

    /// Whether the answer sets or deletes the session cookie.
    pub fn writes_session_cookie(&self) -> bool {
        let name = &self.auth().cookies.session_token.name;
        self.cookies.iter().any(|cookie| cookie.name == *name)
    }

    /// Whether the answer sets the session cookie.
    pub fn sets_session_cookie(&self) -> bool {
        let name = &self.auth().cookies.session_token.name;
        self.cookies.iter().any(|cookie| cookie.name == *name && !cookie.is_deletion())
    }

    /// Removes the cookies of a session: token, cached copy, and the mark of a browser session.
    pub fn delete_session_cookies(&mut self) {
        self.withhold_session();
        let mark = self.auth().cookies.dont_remember.clone();
        self.withdraw(&mark);
        self.cookies.push(mark.deletion());
    }

    /// Removes the token, the cached copy and the account cookie. Keeps the mark of a browser session.
    pub(super) fn withhold_session(&mut self) {
        let auth = self.auth();
        let (token, data, account) =
            (&auth.cookies.session_token, &auth.cookies.session_data, &auth.cookies.account_data);
        let copies_of = |spec: &CookieSpec| {
            let names = chunks::names(&self.request, &spec.name);
            names.into_iter().map(|name| Cookie { name, ..spec.deletion() }).collect::<Vec<_>>()
        };
        let mut deletions = vec![token.deletion(), data.deletion()];
        if auth.config.account.store_account_cookie {
            deletions.push(account.deletion());
            deletions.extend(copies_of(account));
        }
        if auth.config.account.store_state_strategy == StateStrategy::Cookie {
            deletions.push(auth.cookies.oauth_state.deletion());
        }
        deletions.extend(copies_of(data));
        for spec in [token.clone(), data.clone(), account.clone()] {
            self.withdraw(&spec);
        }
        self.cookies.extend(deletions);
    }

    /// Sends the mark of a browser session, or removes the mark of an earlier one.
    pub(super) fn keep_choice(&mut self, remember: bool) {
        let auth = self.auth();
        let mark = auth.cookies.dont_remember.clone();
        let cookie = match remember {
            false => auth.cookies.dont_remember_signer.sign("true").map(|value| mark.cookie(value, None)),
            true => self.has_brief_mark().then(|| mark.deletion()),
        };
        self.withdraw(&mark);
        self.cookies.extend(cookie);
    }

    /// Sends the session's token and the cached copy. If the session is not remembered, also sends the mark of a
    /// browser session.
    pub(super) fn send_session_cookies(&mut self, active: &ActiveSession, remember: bool) {
        self.send_token(active, remember);
        self.keep_choice(remember);
        self.send_copy(active, remember);
    }

    /// Sends the session's token.
    pub(super) fn send_token(&mut self, active: &ActiveSession, remember: bool) {
        let auth = self.auth();
        let token = auth.cookies.session_token.clone();
        let max_age_secs = remember.then_some(auth.config.session.expires_in);
        let value = auth.cookies.token_signer.sign(active.session.token());
        let cookie = value.map(|value| token.cookie(value, max_age_secs));
        self.withdraw(&token);
        self.cookies.extend(cookie);
    }

    /// Sends the cached copy, when the cache is on.
    pub(super) fn send_copy(&mut self, active: &ActiveSession, remember: bool) {
        let auth = self.auth();
        let Some(cache) = &auth.session_cache else { return };
        let spec = auth.cookies.session_data.clone();
        let max_age_secs = remember.then_some(cache.max_age_secs());
        let Some(copy) = cache.seal(auth, active, remember) else { return };
        let cookies = chunks::write(&spec, &copy, max_age_secs, &chunks::names(&self.request, &spec.name));
        self.withdraw(&spec);
        self.cookies.extend(cookies);
        self.renew_account_cookie(active.user.id());
    }

    pub(super) fn copy(&self, token: &str) -> CachedSession {
        let auth = self.auth();
        match (chunks::read(&self.request, &auth.cookies.session_data.name), &auth.session_cache) {
            (None, _) => CachedSession::Absent,
            // From before the cache was switched off.
            (Some(_), None) => CachedSession::Bad,
            (Some(copy), Some(cache)) => {
                let opened = cache.open(auth, &copy, token);
                opened.map_or(CachedSession::Bad, |(active, made_at)| CachedSession::Good(active, made_at))
            }
        }
    }

    pub(super) fn delete_copy(&mut self) {
        let spec = &self.auth().cookies.session_data;
        let names = chunks::names(&self.request, &spec.name);
        let deletions: Vec<Cookie> = names.into_iter().map(|name| Cookie { name, ..spec.deletion() }).collect();
        self.cookies.extend(deletions);
    }

    /// Drops this cookie from those that the answer sets, because a later one replaces it. Deletions stay.
    pub(super) fn withdraw(&mut self, spec: &CookieSpec) {
        self.cookies.retain(|cookie| cookie.is_deletion() || !chunks::is_of(&cookie.name, &spec.name));
    }
}
