//! Accounts: the ways a user can sign in, and the rule that one must stay.

use super::{Auth, AuthError, lifecycle};
use crate::store::user::lock_user;
use crate::store::{Models, account, eq};

/// What came of removing an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlink {
    /// It is gone.
    Done,
    /// It is the only one, and `account.account_linking.allow_unlinking_all` is off.
    Last,
    /// The user has no such account.
    Unknown,
}

/// Removes an account of a user by the id of its row.
///
/// # Errors
/// When the store fails.
pub async fn unlink(auth: &Auth, user_id: &str, account_id: &str) -> Result<Unlink, AuthError> {
    let transaction = auth.store.begin().await?;
    // Of several requests at once that each remove another account, all but one must see what the others removed.
    lock_user(&transaction, user_id).await?;
    let may_be_last = auth.config.account.account_linking.allow_unlinking_all;
    if !may_be_last && transaction.count(account::MODEL, &[eq("userId", user_id)]).await? <= 1 {
        return Ok(Unlink::Last);
    }
    let own = [eq("id", account_id), eq("userId", user_id)];
    if lifecycle::delete(auth, &transaction, account::MODEL, &own).await? == 0 {
        return Ok(Unlink::Unknown);
    }
    transaction.commit().await?;
    Ok(Unlink::Done)
}
