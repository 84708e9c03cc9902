//! After an answer that sets the session cookie: keeps the session in a cookie of its own.

use crate::device;
use crate::options::Options;
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;

pub fn remember(_request: &Request, _reply: &Reply) -> Result<()> {
    let session = match sessions::opened()? {
        Some(opened) => Some(opened),
        None => sessions::current()?,
    };
    let Some(session) = session else { return Ok(()) };
    let kept = device::tokens()?;
    // Who acts as a user does not bring them into this browser.
    if is_impersonation(&session) || kept.iter().any(|token| token == session.token()) {
        return Ok(());
    }
    let live = if kept.is_empty() { Vec::new() } else { browser_sessions::find(&kept)? };
    // One account has one session in a browser.
    let (replaced, others): (Vec<_>, Vec<_>) = live.iter().partition(|own| own.user.id() == session.user.id());
    let replaced: Vec<String> = replaced.iter().map(|own| own.token().to_owned()).collect();
    browser_sessions::end(&replaced)?;
    let is_dead = |token: &&String| live.iter().all(|own| own.token() != token.as_str());
    for token in replaced.iter().chain(kept.iter().filter(is_dead)) {
        device::forget(token)?;
    }
    let options: Options = config::options()?;
    // Over the limit the sign-in works, and the session is the browser's only as long as it is the current one.
    if others.iter().filter(|own| !is_impersonation(own)).count() < options.maximum_sessions {
        device::keep(session.token())?;
    }
    Ok(())
}

/// Whether an administrator opened it as someone else.
fn is_impersonation(session: &Session) -> bool {
    session.get("impersonatedBy").is_some_and(|admin| !admin.is_null())
}
