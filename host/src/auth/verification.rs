//! Verifications: a value under an identifier, for a while; redeemed once.
//!
//! Invariant: what is good for one use is redeemed by [`consume`], which removes and returns it in one statement.

use super::user::new_row;
use super::{Auth, AuthError, lifecycle};
use crate::store::verification::{self, Verification};
use crate::store::{Database, eq};

/// Stores `value` under `identifier` for `ttl_secs` seconds.
///
/// # Errors
/// When the store fails.
pub async fn create(
    auth: &Auth,
    db: &dyn Database,
    identifier: &str,
    value: &str,
    ttl_secs: i64,
) -> Result<(), AuthError> {
    let mut record = new_row(auth, verification::MODEL)?;
    record.set("identifier", identifier)?;
    record.set("value", value)?;
    record.set("expiresAt", auth.now().plus_secs(ttl_secs))?;
    lifecycle::create(auth, db, record).await?;
    Ok(())
}

/// The newest live value. For showing only.
///
/// # Errors
/// When the store fails.
pub async fn find(auth: &Auth, db: &dyn Database, identifier: &str) -> Result<Option<String>, AuthError> {
    Ok(live(auth, verification::find_verification(db, identifier).await?))
}

/// Removes the value and returns it while it lives. Of several callers, one gets it.
///
/// # Errors
/// When the store fails.
pub async fn consume(auth: &Auth, db: &dyn Database, identifier: &str) -> Result<Option<String>, AuthError> {
    let taken = lifecycle::consume(auth, db, verification::MODEL, &[eq("identifier", identifier)]).await?;
    Ok(live(auth, taken.map(Verification)))
}

/// Puts `value` in the place of `current` when that still is the newest live value; the lifetime stays. `false` when it is
/// not: of several callers that saw the same value, one replaces it.
///
/// # Errors
/// When the store fails.
pub async fn replace(
    auth: &Auth,
    db: &dyn Database,
    identifier: &str,
    (current, value): (&str, &str),
) -> Result<bool, AuthError> {
    let newest = verification::find_verification(db, identifier).await?;
    let Some(newest) = newest.filter(|row| row.expires_at() > auth.now()) else { return Ok(false) };
    let unchanged = [eq("id", newest.id()), eq("value", current)];
    let changes = [("value", value.into()), ("updatedAt", auth.now().into())];
    Ok(!lifecycle::update(auth, db, verification::MODEL, &unchanged, &changes).await?.is_empty())
}

fn live(auth: &Auth, row: Option<Verification>) -> Option<String> {
    row.filter(|row| row.expires_at() > auth.now()).map(|row| row.value().to_owned())
}
