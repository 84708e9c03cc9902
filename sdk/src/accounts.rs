//! Accounts of users at providers: ways in beside the password.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # let user = users::create(&json!({ "email": "ada@example.com" }))?;
//! let user = match accounts::find("github", "1001")? {
//!     Some(account) => account.user_id().to_owned(),
//!     None => {
//!         accounts::create(&user.id(), &json!({ "providerId": "github", "accountId": "1001" }))?;
//!         user.id()
//!     }
//! };
//! assert_eq!(accounts::list_of_user(&user)?[0].account_id(), "1001");
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An account, with the fields' names on the wire (`providerId`). It has the tokens of the provider, in clear.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Account(Map<String, Value>);

impl Account {
    /// The id of the row.
    pub fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// Whose account it is.
    pub fn user_id(&self) -> &str {
        self.text("userId").unwrap_or_default()
    }

    /// The provider: `github`.
    pub fn provider_id(&self) -> &str {
        self.text("providerId").unwrap_or_default()
    }

    /// The provider's name for the user.
    pub fn account_id(&self) -> &str {
        self.text("accountId").unwrap_or_default()
    }

    /// Any field, by its name on the wire.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// The text of a field; none when it has no value.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.get(field)?.as_str()
    }

    fn parse(text: &str) -> Result<Account> {
        Ok(serde_json::from_str(text)?)
    }
}

/// Shows no tokens.
impl core::fmt::Debug for Account {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Account({} at {})", self.account_id(), self.provider_id())
    }
}

/// The account with this id at this provider, whoever it belongs to.
///
/// # Errors
/// When the store is away.
pub fn find(provider_id: &str, account_id: &str) -> Result<Option<Account>> {
    host::accounts::find(provider_id, account_id)?.map(|text| Account::parse(&text)).transpose()
}

/// The user's accounts, oldest first.
///
/// # Errors
/// When the store is away.
pub fn list_of_user(user_id: &str) -> Result<Vec<Account>> {
    host::accounts::list_of_user(user_id)?.iter().map(|text| Account::parse(text)).collect()
}

/// Links an account. `fields` holds `providerId`, `accountId` and what the provider gave.
///
/// # Errors
/// `conflict` when the account is someone's already.
pub fn create(user_id: &str, fields: &Value) -> Result<Account> {
    Account::parse(&host::accounts::create(user_id, &fields.to_string())?)
}

/// Changes tokens, scope and the like.
///
/// # Errors
/// `invalid` when there is no such account, `denied` for fields that say whose it is.
pub fn update(id: &str, fields: &Value) -> Result<Account> {
    Account::parse(&host::accounts::update(id, &fields.to_string())?)
}

/// The provider of one of the user's accounts, by the id of its row; `credential` for the password.
///
/// # Errors
/// When the store is away.
pub fn provider_of(user_id: &str, id: &str) -> Result<Option<String>> {
    Ok(host::accounts::provider_of(user_id, id)?)
}

/// Keeps the account in an encrypted cookie of this browser, when `account.store_account_cookie` is on.
///
/// # Errors
/// `invalid` when there is no such account.
pub fn remember(account: &Account) -> Result<()> {
    Ok(host::accounts::remember(account.id())?)
}

/// The account that this browser remembers, as it is stored now.
///
/// # Errors
/// When the store is away.
pub fn remembered() -> Result<Option<Account>> {
    host::accounts::remembered()?.map(|text| Account::parse(&text)).transpose()
}
