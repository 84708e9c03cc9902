//! Verifications: a value under an identifier, for a while; redeemed once.
//!
//! Invariant: what is good for one use is redeemed by [`consume`], which removes and returns it in one statement.

use std::borrow::Cow;

use super::user::new_row;
use super::{Auth, AuthError, Scope, lifecycle};
use crate::config::{Home, IdentifierForm};
use crate::crypto::{base64_url, sha256};
use crate::store::verification::{self, Verification};
use crate::store::{Database, eq};

/// The core's verifications, by what their identifiers begin with: no plugin may claim one.
macro_rules! prefixes {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $prefix;)*
        /// All of them.
        pub const OF_CORE: &[&str] = &[$($name),*];
    };
}

prefixes! {
    /// A reset of a password; the link's token follows.
    RESET_PASSWORD = "reset-password:";
    /// The removal of a user; the link's token follows.
    DELETE_ACCOUNT = "delete-account-";
    /// Hashes of old passwords.
    OLD_PASSWORDS = "old-passwords:";
}

/// Stores `value` under `identifier` for `ttl_secs` seconds.
///
/// # Errors
/// When the store fails.
pub async fn create(auth: &Auth, scope: &Scope, identifier: &str, value: &str, ttl_secs: i64) -> Result<(), AuthError> {
    let mut record = new_row(auth, verification::MODEL)?;
    record.set("identifier", stored(auth, identifier).into_owned())?;
    record.set("value", value)?;
    record.set("expiresAt", auth.now().plus_secs(ttl_secs))?;
    lifecycle::create(auth, scope, record).await?;
    Ok(())
}

/// The newest live value. For showing only.
///
/// # Errors
/// When the store fails.
pub async fn find(auth: &Auth, db: &dyn Database, identifier: &str) -> Result<Option<String>, AuthError> {
    Ok(live(auth, newest(auth, db, identifier).await?))
}

/// Removes the value and returns it while it lives. Of several callers, one gets it.
///
/// # Errors
/// When the store fails.
pub async fn consume(auth: &Auth, scope: &Scope, identifier: &str) -> Result<Option<String>, AuthError> {
    let take = async |identifier: &str| {
        lifecycle::consume(auth, scope, verification::MODEL, &[eq("identifier", identifier)]).await
    };
    let stored = stored(auth, identifier);
    let mut taken = take(&stored).await?;
    if taken.is_none() && stored != identifier {
        taken = take(identifier).await?;
    }
    Ok(live(auth, taken.map(Verification)))
}

/// Puts `value` in the place of `current` when that still is the newest live value; the lifetime stays. `false` when it is
/// not: of several callers that saw the same value, one replaces it.
///
/// # Errors
/// When the store fails.
pub async fn replace(
    auth: &Auth,
    scope: &Scope,
    identifier: &str,
    (current, value): (&str, &str),
) -> Result<bool, AuthError> {
    let newest = newest(auth, scope, identifier).await?;
    let Some(newest) = newest.filter(|row| row.expires_at() > auth.now()) else { return Ok(false) };
    let unchanged = [eq("identifier", newest.identifier()), eq("id", newest.id()), eq("value", current)];
    let changes = [("value", value.into()), ("updatedAt", auth.now().into())];
    Ok(!lifecycle::update(auth, scope, verification::MODEL, &unchanged, &changes).await?.is_empty())
}

/// The newest row, in the configured form or, from before that was configured, in the plain one.
async fn newest(auth: &Auth, db: &dyn Database, identifier: &str) -> Result<Option<Verification>, AuthError> {
    let stored = stored(auth, identifier);
    match newest_as(auth, db, &stored).await? {
        None if stored != identifier => newest_as(auth, db, identifier).await,
        found => Ok(found),
    }
}

async fn newest_as(auth: &Auth, db: &dyn Database, stored: &str) -> Result<Option<Verification>, AuthError> {
    match (&auth.secondary, auth.config.verification_home()) {
        (Some(storage), Home::Secondary { .. }) => {
            let own = [eq("identifier", stored)];
            let found = Box::pin(storage.find(auth.schema(), verification::MODEL, &own)).await?;
            Ok(found.into_iter().next().map(Verification))
        }
        _ => Ok(verification::find_verification(db, stored).await?),
    }
}

/// The identifier as it stands in the table.
fn stored<'a>(auth: &Auth, identifier: &'a str) -> Cow<'a, str> {
    match auth.config.verification.store_identifier.form_of(identifier) {
        IdentifierForm::Plain => identifier.into(),
        IdentifierForm::Hashed => base64_url(&sha256(identifier.as_bytes())).into(),
    }
}

fn live(auth: &Auth, row: Option<Verification>) -> Option<String> {
    row.filter(|row| row.expires_at() > auth.now()).map(|row| row.value().to_owned())
}
