//! A session's token as it stands in the table: as it is, or, with `session.token_storage = "hashed"`, as a hash.
//!
//! Invariant: a stored hash is nobody's token. Its form is one that no token has, and no session is looked up by it.

use std::borrow::Cow;

use super::{Auth, AuthError, secondary_sessions};
use crate::config::TokenStorage;
use crate::crypto::{base64_url, sha256};
use crate::store::session::find_session_with_user;
use crate::store::{Database, Filter, Session, StoreError, User, eq, none_of, one_of};

/// Begins a hash. No token has a colon.
const HASH: &str = "sha256:";

/// The token as a new row has it.
pub fn stored(auth: &Auth, token: &str) -> String {
    match auth.config.session.token_storage {
        TokenStorage::Plain => token.to_owned(),
        TokenStorage::Hashed => hash(token),
    }
}

/// The session of a token that somebody presents, with the token itself, and its user.
///
/// # Errors
/// When the store fails.
pub async fn find(auth: &Auth, db: &dyn Database, token: &str) -> Result<Option<(Session, User)>, AuthError> {
    if token.starts_with(HASH) {
        return Ok(None);
    }
    // Sessions from before the option was set are found in the other form.
    let is_hashed = auth.config.session.token_storage == TokenStorage::Hashed;
    for is_hash in [is_hashed, !is_hashed] {
        let form = if is_hash { Cow::Owned(hash(token)) } else { Cow::Borrowed(token) };
        let found = match secondary_sessions::of(auth) {
            Some(storage) => {
                let own = [eq("token", &*form)];
                Box::pin(secondary_sessions::find(auth, (storage, db), &own)).await?
            }
            None => find_session_with_user(db, &form).await?,
        };
        if let Some((session, user)) = found {
            return Ok(Some((with_token(session, token)?, user)));
        }
    }
    Ok(None)
}

/// The session with this token, which is known, in place of what its row has.
///
/// # Errors
/// When the model has no token, which is a defect.
pub fn with_token(mut session: Session, token: &str) -> Result<Session, StoreError> {
    if session.token() != token {
        session.0.set("token", token)?;
    }
    Ok(session)
}

/// Rows with this token, given as it is or as a list shows it. For ending sessions, never for finding whose they are.
pub fn is(token: &str) -> Filter {
    one_of("token", vec![token.into(), hash(token).into()])
}

/// Rows with another token.
pub fn is_not(token: &str) -> Filter {
    none_of("token", vec![token.into(), hash(token).into()])
}

/// Whether `given`, a token or what a list shows, is of the session whose token is `token`.
pub fn is_same(auth: &Auth, given: &str, token: &str) -> bool {
    given == token || given == stored(auth, token)
}

fn hash(token: &str) -> String {
    format!("{HASH}{}", base64_url(&sha256(token.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_a_form_that_no_token_has() {
        let hash = hash("abcdefghijklmnopqrstuvwxyzabcdef");
        assert_eq!(hash, "sha256:IHDfI-DZV1kLxnoD16JEFzBZ3Soq1KjVoBo-bu0BP-w");
        assert!(!hash.chars().all(|letter| letter.is_ascii_alphanumeric()));
    }
}
