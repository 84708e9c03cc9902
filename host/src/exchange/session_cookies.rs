//! The cookies of a session: its token, the mark of a browser session, and the cached copy.

use super::Exchange;
use crate::auth::session::ActiveSession;
use crate::cookie::{Cookie, CookieSpec, chunks};

/// What the request's cached copy is worth.
pub(super) enum Copy {
    /// There is none, or the cache is off.
    Absent,
    /// It is genuine, alive and belongs to the session token.
    Good(ActiveSession),
    /// It is anything else.
    Bad,
}

impl Exchange {
    /// The token in the session cookie, when its signature is right.
    pub fn session_token(&self) -> Option<String> {
        self.signed_cookie(&self.auth().cookies.session_token.name)
    }

    /// Whether the session was opened with "do not remember me".
    pub fn ends_with_browser(&self) -> bool {
        self.signed_cookie(&self.auth().cookies.dont_remember.name).is_some()
    }

    /// Removes the cookies of a session: token, cached copy, and the mark of a browser session.
    pub fn delete_session_cookies(&mut self) {
        let cookies = &self.auth().cookies;
        let (token, data, mark) = (&cookies.session_token, &cookies.session_data, &cookies.dont_remember);
        let copies = chunks::names(&self.request, &data.name);
        let deletions = [token.deletion(), data.deletion()].into_iter();
        let deletions = deletions.chain(copies.into_iter().map(|name| Cookie { name, ..data.deletion() }));
        let deletions: Vec<Cookie> = deletions.chain([mark.deletion()]).collect();
        let specs = [token, data, mark].map(CookieSpec::clone);
        specs.iter().for_each(|spec| self.withdraw(spec));
        self.cookies.extend(deletions);
    }

    /// Sends the session's token, the mark of a browser session when it is not remembered, and the cached copy.
    pub(super) fn send_session_cookies(&mut self, active: &ActiveSession, remember: bool) {
        let auth = self.auth();
        let (token, mark) = (auth.cookies.session_token.clone(), auth.cookies.dont_remember.clone());
        let value = auth.cookies.sign(active.session.token());
        let token_cookie = token.cookie(value, remember.then_some(auth.config.session.expires_in));
        let mark_cookie = (!remember).then(|| mark.cookie(auth.cookies.sign("true"), None));
        self.withdraw(&token);
        self.withdraw(&mark);
        self.cookies.push(token_cookie);
        self.cookies.extend(mark_cookie);
        self.send_copy(active, remember);
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
    }

    pub(super) fn copy(&self, token: &str) -> Copy {
        let auth = self.auth();
        let Some(cache) = &auth.session_cache else { return Copy::Absent };
        match chunks::read(&self.request, &auth.cookies.session_data.name) {
            None => Copy::Absent,
            Some(copy) => cache.open(auth, &copy, token).map_or(Copy::Bad, Copy::Good),
        }
    }

    pub(super) fn delete_copy(&mut self) {
        let spec = &self.auth().cookies.session_data;
        let names = chunks::names(&self.request, &spec.name);
        let deletions: Vec<Cookie> = names.into_iter().map(|name| Cookie { name, ..spec.deletion() }).collect();
        self.cookies.extend(deletions);
    }

    /// Takes back what the answer would set: the last word on a cookie counts. What it removes stays removed.
    fn withdraw(&mut self, spec: &CookieSpec) {
        self.cookies.retain(|cookie| cookie.is_deletion() || !chunks::is_of(&cookie.name, &spec.name));
    }
}
