//! Tokens of providers in the database, sealed with the server's secret: ID tokens unless `account.seal_id_tokens` is off, the
//! others when `account.encrypt_oauth_tokens` asks for it.
//!
//! Source: `storage.md` of the wire contract; the reference never seals ID tokens, so a text that is not sealed is read, too.

use super::{Auth, AuthError};
use crate::store::Value;

const ID_TOKEN: &str = "idToken";
const SEALED: [&str; 3] = ["accessToken", "refreshToken", ID_TOKEN];
/// Begins what was sealed under a secret with a version.
const ENVELOPE: &str = "$ba$";

/// Whether a field holds a token that may be sealed.
pub fn is_sealed(field: &str) -> bool {
    SEALED.contains(&field)
}

/// The fields of an account as they are stored.
///
/// # Errors
/// When the server has no secret to seal with.
pub fn seal(auth: &Auth, mut fields: Vec<(String, Value)>) -> Result<Vec<(String, Value)>, AuthError> {
    let options = &auth.config.account;
    let is_wanted = |name: &str| match name {
        ID_TOKEN => options.seal_id_tokens,
        _ => is_sealed(name) && options.encrypt_oauth_tokens,
    };
    for (name, value) in &mut fields {
        if let Value::Text(token) = value
            && is_wanted(name)
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
