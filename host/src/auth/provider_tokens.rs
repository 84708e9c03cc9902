//! Tokens of providers in the database: sealed with the server's secret when `account.encrypt_oauth_tokens` asks for it.
//!
//! Source: `storage.md` of the wire contract: ID tokens are never sealed.

use super::{Auth, AuthError};
use crate::store::Value;

const SEALED: [&str; 2] = ["accessToken", "refreshToken"];
/// Begins what was sealed under a secret with a version.
const ENVELOPE: &str = "$ba$";

/// Whether a field holds a token that is sealed.
pub fn is_sealed(field: &str) -> bool {
    SEALED.contains(&field)
}

/// The fields of an account as they are stored.
///
/// # Errors
/// When the server has no secret to seal with.
pub fn seal(auth: &Auth, mut fields: Vec<(String, Value)>) -> Result<Vec<(String, Value)>, AuthError> {
    if !auth.config.account.encrypt_oauth_tokens {
        return Ok(fields);
    }
    for (name, value) in &mut fields {
        if let Value::Text(token) = value
            && is_sealed(name)
            && !token.is_empty()
        {
            let sealed = auth.config.all_secrets.seal(auth.random.as_ref(), token);
            let sealed = sealed.ok_or_else(|| AuthError::Internal("there is no secret to seal a token with".into()))?;
            *token = sealed;
        }
    }
    Ok(fields)
}

/// The token in clear. What was stored before tokens were sealed stays as it is; what was sealed under a secret that is
/// gone is lost.
pub fn open(auth: &Auth, stored: &str) -> Option<String> {
    let opened = auth.config.all_secrets.open(stored);
    opened.or_else(|| (!stored.starts_with(ENVELOPE)).then(|| stored.to_owned()))
}
