//! The mark of a device on which a user signed in by password: its own name, whose it is, and the version of the credentials.

use super::{Auth, AuthError, version};
use crate::crypto::random::ALPHANUMERIC;
use crate::store::{Database, User};

const NAME_LENGTH: usize = 16;

/// The text of a new mark.
///
/// # Errors
/// When the store fails.
pub async fn new_mark(auth: &Auth, db: &dyn Database, user: &User) -> Result<String, AuthError> {
    let device = auth.random.string(ALPHANUMERIC, NAME_LENGTH);
    Ok(format!("{device}~{}", version::stamp(auth, db, user).await?))
}

/// Whether a mark can be of this user, before anything is read.
pub fn may_be_of(mark: &str, user_id: &str) -> bool {
    parts(mark, user_id).is_some()
}

/// The device's name, when the mark is this user's and nothing about the credentials has changed since. Marks of older
/// releases name no version and are nobody's.
///
/// # Errors
/// When the store fails.
pub async fn name<'a>(
    auth: &Auth,
    db: &dyn Database,
    mark: &'a str,
    user: &User,
) -> Result<Option<&'a str>, AuthError> {
    let Some((device, version)) = parts(mark, user.id()) else { return Ok(None) };
    Ok(version::is_current(auth, db, user, version).await?.then_some(device))
}

fn parts<'a>(mark: &'a str, user_id: &str) -> Option<(&'a str, &'a str)> {
    let (device, stamp) = mark.split_once('~')?;
    Some((device, stamp.strip_prefix(user_id)?.strip_prefix('~')?))
}
