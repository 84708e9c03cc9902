//! Accounts: the ways a user can prove who they are.

use super::Database;
use super::error::StoreError;
use super::models::Models;
use super::query::{Sort, eq};
use super::record::Record;

/// Name of the model.
pub const MODEL: &str = "account";
/// The provider id of accounts with a password.
pub const CREDENTIAL: &str = "credential";

/// A row of `account`.
#[derive(Clone, Debug, PartialEq)]
pub struct Account(pub Record);

impl Account {
    /// The row's id.
    pub fn id(&self) -> &str {
        self.0.text("id")
    }

    /// The user's id at the provider. For `CREDENTIAL`, the user's own id.
    pub fn account_id(&self) -> &str {
        self.0.text("accountId")
    }

    /// The provider's id.
    pub fn provider_id(&self) -> &str {
        self.0.text("providerId")
    }

    /// The id of the account's user.
    pub fn user_id(&self) -> &str {
        self.0.text("userId")
    }

    /// The scopes that the provider granted, separated by commas. May be empty.
    pub fn scope(&self) -> &str {
        self.0.text("scope")
    }

    /// The password's hash.
    pub fn password(&self) -> Option<&str> {
        self.0.opt_text("password")
    }
}

/// The user's account with a password, if any.
///
/// # Errors
/// As `Models`.
pub async fn find_credential_account(database: &dyn Database, user_id: &str) -> Result<Option<Account>, StoreError> {
    let filters = [eq("userId", user_id), eq("providerId", CREDENTIAL)];
    Ok(database.find_one(MODEL, &filters).await?.map(Account))
}

/// The user's accounts, oldest first, at most `DEFAULT_LIMIT`.
///
/// # Errors
/// As `Models`.
pub async fn list_accounts(database: &dyn Database, user_id: &str) -> Result<Vec<Account>, StoreError> {
    let sort = Some(Sort::ascending("createdAt"));
    let records = database.find_many(MODEL, &[eq("userId", user_id)], sort, None, None).await?;
    Ok(records.into_iter().map(Account).collect())
}

/// The account with this id at this provider, of any user. Of several, the oldest.
///
/// # Errors
/// As `Models`.
pub async fn find_account(
    database: &dyn Database,
    provider_id: &str,
    account_id: &str,
) -> Result<Option<Account>, StoreError> {
    let filters = [eq("accountId", account_id), eq("providerId", provider_id)];
    let sort = Some(Sort::ascending("createdAt"));
    Ok(database.find_many(MODEL, &filters, sort, Some(1), None).await?.pop().map(Account))
}

/// The user's account in the row with this id.
///
/// # Errors
/// As `Models`.
pub async fn find_own(database: &dyn Database, user_id: &str, id: &str) -> Result<Option<Account>, StoreError> {
    Ok(database.find_one(MODEL, &[eq("id", id), eq("userId", user_id)]).await?.map(Account))
}
