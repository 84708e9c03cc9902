//! The way back from an impersonation: a cookie that names the administrator's own session, good for one return.
//!
//! Invariant: a way back is a verification under the id of the administrator's session. Whoever takes it, takes it once.

use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;
use serde::Deserialize;

/// The cookie that remembers the administrator's own session.
pub const COOKIE: &str = "admin_session";
/// Verifications that belong to this plugin.
pub const PREFIX: &str = "impersonation-";

#[derive(Deserialize)]
struct SessionOptions {
    expires_in: u64,
}

/// What the cookie holds.
pub struct WayBack {
    token: String,
    /// Whether the administrator's session outlives the browser.
    is_remembered: bool,
}

/// Keeps the id of the administrator's session beside a new impersonation, and the way back beside that session.
pub fn keep(impersonation: &Session, own: &Session) -> Result<()> {
    let life_secs = life_secs()?;
    verifications::create(&behind(impersonation.id()), own.id(), life_secs)?;
    verifications::create(&back_to(own.id()), impersonation.id(), life_secs)
}

/// The administrator's session behind an impersonation, while it lives.
pub fn own_session(impersonation_id: &str) -> Result<Option<Session>> {
    match verifications::find(&behind(impersonation_id))? {
        Some(own_id) => session_administration::find(&own_id),
        None => Ok(None),
    }
}

impl WayBack {
    /// The one that the browser has.
    pub fn in_browser() -> Result<Option<WayBack>> {
        let Some(cookie) = cookies::get_signed(COOKIE)? else { return Ok(None) };
        let (token, brief) = cookie.split_once(':').unwrap_or((&cookie, ""));
        Ok(Some(WayBack { token: token.to_owned(), is_remembered: brief.is_empty() }))
    }

    /// Gives the browser a way back to its session.
    pub fn give(own: &Session) -> Result<()> {
        let brief = if sessions::is_remembered()? { "" } else { "true" };
        let attributes = cookies::Attributes { max_age_secs: Some(life_secs()?), http_only: true };
        cookies::set_signed(COOKIE, &format!("{}:{brief}", own.token()), attributes)
    }

    /// The administrator's session, while it lives; the way stays open.
    pub fn leads_to(&self) -> Result<Option<Session>> {
        Ok(browser_sessions::find(std::slice::from_ref(&self.token))?.pop())
    }

    /// Goes back to `own`. None when someone did before, or when it is the way from another impersonation than this one.
    pub fn take(self, own: &Session, impersonation: Option<&Session>) -> Result<Option<Session>> {
        let Some(left) = redeem(own)? else { return Ok(None) };
        if impersonation.is_some_and(|session| session.id() != left) {
            return Ok(None);
        }
        let resumed = browser_sessions::resume(&self.token, Some(self.is_remembered))?;
        cookies::delete(COOKIE)?;
        Ok(resumed)
    }

    /// Closes it: nothing of the administrator stays in the browser, and with `ends_session` their session ends too.
    pub fn close(self, ends_session: bool) -> Result<()> {
        cookies::delete(COOKIE)?;
        let Some(own) = self.leads_to()? else { return Ok(()) };
        if redeem(&own)?.is_some() && ends_session {
            session_administration::end(own.token())?;
        }
        Ok(())
    }
}

/// Takes the one return to the administrator's session: the id of the impersonation that it was for. None when someone did
/// before.
fn redeem(own: &Session) -> Result<Option<String>> {
    let left = verifications::consume(&back_to(own.id()))?;
    if let Some(left) = &left {
        verifications::consume(&behind(left))?;
    }
    Ok(left)
}

/// The verification that names the administrator's session behind an impersonation.
fn behind(impersonation_id: &str) -> String {
    format!("{PREFIX}of-{impersonation_id}")
}

/// The verification that stands for one return to the administrator's session.
fn back_to(own_id: &str) -> String {
    format!("{PREFIX}by-{own_id}")
}

/// As long as the administrator's session may last.
fn life_secs() -> Result<u64> {
    let options: SessionOptions = config::core_options("session")?;
    Ok(options.expires_in.max(1))
}
