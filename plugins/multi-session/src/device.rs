//! The cookies that hold this browser's sessions, one each. A session's token in such a cookie, signed, is the proof that the
//! session was opened in this browser.

use doorward_sdk::prelude::*;

/// What every name begins with; the session's token in lower case follows.
pub const PREFIX: &str = "session_token_multi-";

/// The name of the cookie for a session.
pub fn cookie_name(token: &str) -> String {
    format!("{PREFIX}{}", token.to_lowercase())
}

/// The token of this browser's session that a client calls `token`, whatever its letter case; none when the browser has no
/// such session.
pub fn token(token: &str) -> Result<Option<String>> {
    let named = cookie_name(token);
    Ok(tokens()?.into_iter().find(|own| cookie_name(own) == named))
}

/// The tokens of this browser's sessions, each once, in the order of the cookies.
///
/// Any signed value could be put under a name of ours; a token is taken only under its own.
pub fn tokens() -> Result<Vec<String>> {
    let mut tokens: Vec<String> = Vec::new();
    for (name, token) in cookies::list_signed(PREFIX)? {
        if name == cookie_name(&token) && !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    Ok(tokens)
}

/// Keeps the session that the browser has now, for as long as sessions last; one that ends with the browser, as long as the
/// browser runs.
pub fn keep(token: &str) -> Result<()> {
    let session: Map<String, Value> = config::core_options("session")?;
    let max_age_secs = match sessions::is_remembered()? {
        true => session.get("expires_in").and_then(Value::as_u64),
        false => None,
    };
    cookies::set_signed(&cookie_name(token), token, cookies::Attributes { max_age_secs, http_only: true })
}

/// Takes a session out of this browser.
pub fn forget(token: &str) -> Result<()> {
    cookies::delete(&cookie_name(token))
}
