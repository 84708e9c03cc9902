//! Passwords of users: compared, replaced and reset.

use super::password::{PasswordCheck, PasswordHasher};
use super::user::{create_credential, replace_password};
use super::{Auth, AuthError, Scope, lifecycle};
use crate::store::user::find_user_by_id;
use crate::store::{Account, Database, Models, account, eq, one_of, verification};

/// How many accounts are looked at when the server starts.
const LEARNT_ROWS: u32 = 200;

/// What a comparison with the user's password found.
#[derive(Debug)]
pub enum Check {
    /// It is right; the account holds it.
    Right(Box<Account>),
    /// It is wrong.
    Wrong,
    /// The user has none.
    Absent,
}

/// Looks at some stored hashes, so that from the first request on a wrong password takes as long with one form as with another.
/// What it misses is learnt at a comparison.
pub async fn learn_forms(passwords: &PasswordHasher, db: &dyn Database) {
    let of_passwords = [eq("providerId", account::CREDENTIAL)];
    match db.find_many(account::MODEL, &of_passwords, None, Some(LEARNT_ROWS), None).await {
        Ok(accounts) => accounts.into_iter().map(Account).for_each(|account| {
            account.password().into_iter().for_each(|hash| passwords.learn(hash));
        }),
        Err(error) => tracing::warn!(%error, "the forms of stored passwords cannot be looked at"),
    }
}

/// Compares `password` with the one of the user. Takes as long when there is none.
///
/// # Errors
/// [`AuthError::Busy`] when too many hashes wait, or when the store fails.
pub async fn check(auth: &Auth, db: &dyn Database, user_id: &str, password: &str) -> Result<Check, AuthError> {
    let credential = account::find_credential_account(db, user_id).await?;
    let verdict = auth.passwords.verify(credential.as_ref().and_then(Account::password), password).await?;
    Ok(match (credential.filter(|account| account.password().is_some()), verdict) {
        (None, _) => Check::Absent,
        (Some(_), PasswordCheck::Mismatch) => Check::Wrong,
        (Some(account), PasswordCheck::Match | PasswordCheck::MatchOutdated) => Check::Right(Box::new(account)),
    })
}

/// The account whose password is `password`, for a sign-in: a hash that is out of date is made anew. Takes as long when there
/// is no password or no user.
///
/// # Errors
/// As [`check`].
pub async fn prove(auth: &Auth, scope: &Scope, user_id: &str, password: &str) -> Result<Option<Account>, AuthError> {
    let credential = account::find_credential_account(scope, user_id).await?;
    let verdict = auth.passwords.verify(credential.as_ref().and_then(Account::password), password).await?;
    let Some(mut credential) = credential else { return Ok(None) };
    match verdict {
        PasswordCheck::Mismatch => Ok(None),
        PasswordCheck::Match => Ok(Some(credential)),
        PasswordCheck::MatchOutdated => {
            let hash = auth.passwords.hash(password).await?;
            if replace_password(auth, &scope.clone().renewing(), &credential, &hash).await? {
                credential.0.set("password", hash)?;
                return Ok(Some(credential));
            }
            // Somebody was faster: another sign-in, which made the same hash anew, or a change of the password.
            let replaced = account::find_credential_account(scope, user_id).await?;
            let verdict = auth.passwords.verify(replaced.as_ref().and_then(Account::password), password).await?;
            Ok(replaced.filter(|_| verdict != PasswordCheck::Mismatch))
        }
    }
}

/// Whether the account still has the password that was proven. It keeps it until the end of the transaction `unit`.
///
/// # Errors
/// When the store fails.
pub async fn holds(unit: &dyn Database, proven: &Account) -> Result<bool, AuthError> {
    let as_proven = [eq("id", proven.id()), eq("password", proven.0.get("password").clone())];
    Ok(!unit.find_for_update(account::MODEL, &as_proven).await?.is_empty())
}

/// Replaces the password by another one. Sign-ins that proved the old one and wait for a second factor end. `false` when it
/// was changed meanwhile.
///
/// # Errors
/// When the store fails.
pub async fn replace(auth: &Auth, scope: &Scope, account: &Account, hash: &str) -> Result<bool, AuthError> {
    let user_id = account.user_id();
    // As plugins and the reference store them: the user's id, or that of a challenge with too many answers.
    let waiting = [one_of("value", vec![user_id.into(), format!("~{user_id}").into()])];
    let unit = scope.begin(auth).await?;
    let is_replaced = replace_password(auth, &unit, account, hash).await?;
    lifecycle::delete(auth, &unit, verification::MODEL, &waiting).await?;
    unit.commit().await?;
    Ok(is_replaced)
}

/// Gives the user the password with this hash, whether or not there was one. `false` when there is no such user.
/// `scope` is the transaction that redeemed the right to do so.
///
/// # Errors
/// When the store fails.
pub async fn reset(auth: &Auth, scope: &Scope, user_id: &str, hash: &str) -> Result<bool, AuthError> {
    let Some(user) = find_user_by_id(scope, user_id).await? else { return Ok(false) };
    match account::find_credential_account(scope, user.id()).await? {
        Some(account) => replace(auth, scope, &account, hash).await,
        None => create_credential(auth, scope, user.id(), hash).await.map(|_| true),
    }
}
