//! Passwords that a user had before, as hashes: kept for the scripts that ask for it, and compared with a new one.
//!
//! They lie in a verification whose identifier nobody can guess, for no other function may redeem it.

use serde_json::Value as Json;

use crate::auth::password::PasswordCheck;
use crate::auth::verification::{OLD_PASSWORDS, RESET_PASSWORD};
use crate::auth::version::{self, Holder};
use crate::auth::{Auth, AuthError, Scope, verification};
use crate::crypto::purpose::Purpose;
use crate::crypto::{hex, hmac_sha256};
use crate::error::ApiError;
use crate::exchange::{Exchange, SessionNeed};
use crate::store::Database;
use crate::store::account::find_credential_account;

/// Ten years.
const KEPT_SECS: i64 = 315_360_000;

/// Whether `newPassword` of the request is the user's present password or a remembered one. The user is whoever is signed
/// in, or owns the token of a reset.
///
/// # Errors
/// When too many hashes wait, or the store fails.
pub async fn is_old(exchange: &mut Exchange) -> Result<bool, ApiError> {
    let field = |name: &str| exchange.request.body.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let Some(password) = field("newPassword") else { return Ok(false) };
    let token = field("token").or_else(|| exchange.request.query.get("token").map(str::to_owned));
    let Some(user_id) = user_id(exchange, token).await? else { return Ok(false) };
    let auth = exchange.auth();
    // What no endpoint takes is not worth a hash.
    if crate::auth::password::check_new(&auth.config.email_and_password, &password).is_err() {
        return Ok(false);
    }
    let scope = exchange.scope();
    let present = find_credential_account(&scope, &user_id).await?;
    let present = present.and_then(|account| account.password().map(str::to_owned));
    for hash in present.into_iter().chain(history(auth, &scope, &user_id).await?) {
        if auth.passwords.verify(Some(&hash), &password).await? != PasswordCheck::Mismatch {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn user_id(exchange: &mut Exchange, token: Option<String>) -> Result<Option<String>, ApiError> {
    if exchange.request.path == "/reset-password" {
        let Some(token) = token else { return Ok(None) };
        let auth = exchange.auth();
        let scope = exchange.scope();
        let stamp = verification::find(auth, &scope, &format!("{RESET_PASSWORD}{token}")).await?;
        let Some(stamp) = stamp else { return Ok(None) };
        return Ok(match version::holder(auth, &scope, &stamp).await? {
            Holder::Current(user) => Some(user.id().to_owned()),
            Holder::Stale | Holder::Gone => None,
        });
    }
    let active = exchange.session_with(SessionNeed::FROM_STORE).await?;
    Ok(active.map(|active| active.user.id().to_owned()))
}

/// Remembers the hash that is replaced, and of those before it as many as make `count`. `scope` is the transaction of the
/// change.
///
/// # Errors
/// When the store fails.
pub async fn keep(auth: &Auth, scope: &Scope, user_id: &str, hash: &str, count: usize) -> Result<(), AuthError> {
    let mut hashes = history(auth, scope, user_id).await?;
    hashes.insert(0, hash.to_owned());
    hashes.truncate(count);
    forget(auth, scope, user_id).await?;
    let Some(identifier) = identifiers(auth, user_id).into_iter().next() else { return Ok(()) };
    verification::create(auth, scope, &identifier, &Json::from(hashes).to_string(), KEPT_SECS).await
}

/// Forgets the passwords of a user who is removed.
///
/// # Errors
/// When the store fails.
pub async fn forget(auth: &Auth, scope: &Scope, user_id: &str) -> Result<(), AuthError> {
    for identifier in identifiers(auth, user_id) {
        verification::consume(auth, scope, &identifier).await?;
    }
    Ok(())
}

async fn history(auth: &Auth, db: &dyn Database, user_id: &str) -> Result<Vec<String>, AuthError> {
    for identifier in identifiers(auth, user_id) {
        if let Some(kept) = verification::find(auth, db, &identifier).await? {
            return Ok(serde_json::from_str(&kept).unwrap_or_default());
        }
    }
    Ok(Vec::new())
}

/// Where the passwords may lie, by each of the server's secrets, the present one first; then where earlier releases put
/// them. Whoever finds them there learns hashes alone, and no function of plugins reaches the identifier.
fn identifiers(auth: &Auth, user_id: &str) -> Vec<String> {
    let identifier = |key: &[u8], name: &str| format!("{OLD_PASSWORDS}{}", hex(&hmac_sha256(key, name.as_bytes())));
    let earlier_name = format!("doorward old passwords {user_id}");
    let secrets = || auth.config.all_secrets.iter();
    let present = secrets().map(|secret| identifier(Purpose::OldPasswords.key(secret).expose(), user_id));
    present.chain(secrets().map(|secret| identifier(secret.expose().as_bytes(), &earlier_name))).collect()
}
