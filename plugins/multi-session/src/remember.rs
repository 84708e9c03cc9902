//! After an answer that sets the session cookie: keeps the session in a cookie of its own.

use crate::device;
use crate::options::Options;
use doorward_sdk::prelude::*;
use doorward_sdk::users::User;

pub fn remember(_request: &Request, _reply: &Reply) -> Result<()> {
    let session = match sessions::opened()? {
        Some(opened) => Some(opened),
        None => sessions::current()?,
    };
    let Some(session) = session else { return Ok(()) };
    let kept = device::tokens()?;
    if kept.iter().any(|token| token == session.token()) {
        return Ok(());
    }
    let replaced = sessions_of(&kept, &session.user)?;
    browser_sessions::end(&replaced)?;
    for token in &replaced {
        device::forget(token)?;
    }
    let options: Options = config::options()?;
    // Over the limit the sign-in works, and the session is the browser's only as long as it is the current one.
    if kept.len() - replaced.len() < options.maximum_sessions {
        device::keep(session.token())?;
    }
    Ok(())
}

/// Those of the browser's sessions that are the user's: one account has one session in a browser.
fn sessions_of(tokens: &[String], user: &User) -> Result<Vec<String>> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let found = browser_sessions::find(tokens)?.into_iter().filter(|session| session.user.id() == user.id());
    Ok(found.map(|session| session.token().to_owned()).collect())
}
