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
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// let fields = json!({ "providerId": "github", "accountId": "1001", "accessToken": "gho_secret" });
/// let account = accounts::create(&ada.id(), &fields)?;
/// assert_eq!((account.provider_id(), account.user_id()), ("github", ada.id().as_str()));
/// assert_eq!(account.text("accessToken"), Some("gho_secret"));
/// assert_eq!(account.text("refreshToken"), None);
/// assert_eq!(format!("{account:?}"), "Account(1001 at github)");
/// # Ok::<(), Error>(())
/// ```
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
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let who = accounts::find("gitlab", "77")?.map(|account| account.user_id().to_owned());
/// assert_eq!(who, None, "nobody has linked it");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn find(provider_id: &str, account_id: &str) -> Result<Option<Account>> {
    host::accounts::find(provider_id, account_id)?.map(|text| Account::parse(&text)).transpose()
}

/// The user's accounts, oldest first.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # accounts::create(&ada.id(), &json!({ "providerId": "github", "accountId": "1001" }))?;
/// # accounts::create(&ada.id(), &json!({ "providerId": "google", "accountId": "g-5" }))?;
/// let accounts = accounts::list_of_user(&ada.id())?;
/// let providers: Vec<&str> = accounts.iter().map(|account| account.provider_id()).collect();
/// assert_eq!(providers, ["github", "google"]);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn list_of_user(user_id: &str) -> Result<Vec<Account>> {
    host::accounts::list_of_user(user_id)?.iter().map(|text| Account::parse(text)).collect()
}

/// Links an account. `fields` holds `providerId`, `accountId` and what the provider gave.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let (ada, bob) = (users::create(&json!({ "email": "a@x.org" }))?, users::create(&json!({ "email": "b@x.org" }))?);
/// let at_github = json!({ "providerId": "github", "accountId": "1001", "scope": "read:user" });
/// accounts::create(&ada.id(), &at_github)?;
/// let taken = accounts::create(&bob.id(), &at_github);
/// assert!(matches!(taken, Err(Error::Host(HostError::Conflict(_)))));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `conflict` when the account is someone's already.
pub fn create(user_id: &str, fields: &Value) -> Result<Account> {
    Account::parse(&host::accounts::create(user_id, &fields.to_string())?)
}

/// Changes tokens, scope and the like.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # let account = accounts::create(&ada.id(), &json!({ "providerId": "github", "accountId": "1001" }))?;
/// // The provider gave another token.
/// let account = accounts::update(account.id(), &json!({ "accessToken": "gho_new" }))?;
/// assert_eq!(account.text("accessToken"), Some("gho_new"));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `invalid` when there is no such account, `denied` for fields that say whose it is.
pub fn update(id: &str, fields: &Value) -> Result<Account> {
    Account::parse(&host::accounts::update(id, &fields.to_string())?)
}

/// The provider of one of the user's accounts, by the id of its row; `credential` for the password.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # let account = accounts::create(&ada.id(), &json!({ "providerId": "github", "accountId": "1001" }))?;
/// assert_eq!(accounts::provider_of(&ada.id(), account.id())?.as_deref(), Some("github"));
/// assert_eq!(accounts::provider_of("someone else", account.id())?, None);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn provider_of(user_id: &str, id: &str) -> Result<Option<String>> {
    Ok(host::accounts::provider_of(user_id, id)?)
}

/// Keeps the account in an encrypted cookie of this browser, when `account.store_account_cookie` is on.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// let account = accounts::create(&ada.id(), &json!({ "providerId": "google", "accountId": "g-5" }))?;
/// accounts::remember(&account)?;
/// assert_eq!(accounts::remembered()?.map(|own| own.id().to_owned()), Some(account.id().to_owned()));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `invalid` when there is no such account.
pub fn remember(account: &Account) -> Result<()> {
    Ok(host::accounts::remember(account.id())?)
}

/// The account that this browser remembers, as it is stored now.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let hint = match accounts::remembered()? {
///     Some(account) => format!("Go on with {}", account.provider_id()),
///     None => "Choose how to sign in".to_owned(),
/// };
/// assert_eq!(hint, "Choose how to sign in");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn remembered() -> Result<Option<Account>> {
    host::accounts::remembered()?.map(|text| Account::parse(&text)).transpose()
}
