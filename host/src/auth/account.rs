//! Accounts: the ways a user can sign in, and the rule that one must stay.

use super::user::new_row;
use super::{Auth, AuthError, Scope, lifecycle};
use crate::crypto::{hex, sha256};
use crate::store::user::lock_user;
use crate::store::{Account, Database, Models, Value, account, counter, eq, ne};

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

/// Which of a user's accounts is meant.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// The one in the row with this id.
    Row(&'a str),
    /// The oldest at this provider; with an id, the one that has it there, or in whose row it stands.
    At(&'a str, Option<&'a str>),
}

impl Which<'_> {
    async fn row_id(self, db: &dyn Database, user_id: &str) -> Result<Option<String>, AuthError> {
        let (provider_id, id) = match self {
            Self::Row(id) => return Ok(Some(id.to_owned())),
            Self::At(provider_id, id) => (provider_id, id),
        };
        let accounts = account::list_accounts(db, user_id).await?;
        let is_meant = |account: &&Account| {
            account.provider_id() == provider_id && id.is_none_or(|id| account.account_id() == id || account.id() == id)
        };
        Ok(accounts.iter().find(is_meant).map(|account| account.id().to_owned()))
    }
}

/// Removes an account of a user.
///
/// # Errors
/// When the store fails.
pub async fn unlink(auth: &Auth, scope: &Scope, user_id: &str, which: Which<'_>) -> Result<Unlink, AuthError> {
    let unit = scope.begin(auth).await?;
    // Of several requests at once that each remove another account, all but one must see what the others removed.
    lock_user(&*unit, user_id).await?;
    let may_be_last = auth.config.account.account_linking.allow_unlinking_all;
    if !may_be_last
        && unit.count(account::MODEL, &[eq("userId", user_id)]).await? <= 1
        && !has_other_way_in(&unit, user_id).await?
    {
        return Ok(Unlink::Last);
    }
    let Some(id) = which.row_id(&*unit, user_id).await? else { return Ok(Unlink::Unknown) };
    let own = [eq("id", id), eq("userId", user_id)];
    if lifecycle::delete(auth, &unit, account::MODEL, &own).await? == 0 {
        return Ok(Unlink::Unknown);
    }
    unit.commit().await?;
    Ok(Unlink::Done)
}

/// Whether a row of a plugin signs the user in, such as a passkey.
async fn has_other_way_in(scope: &Scope, user_id: &str) -> Result<bool, AuthError> {
    let models = scope.schema().models().iter();
    let owners: Vec<(&str, &str)> = models
        .flat_map(|model| model.fields.iter().map(move |field| (model, field)))
        .filter(|(_, field)| field.signs_in)
        .map(|(model, field)| (model.name.as_str(), field.name.as_str()))
        .collect();
    for (model, owner) in owners {
        if scope.count(model, &[eq(owner.to_owned(), user_id)]).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Links an account at a provider to a user. `None` when it is someone's already: of several callers at once, one gets it.
/// `of` is the user's id, the provider's and the account's at the provider.
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn link(
    auth: &Auth,
    scope: &Scope,
    of: (&str, &str, &str),
    fields: Vec<(String, Value)>,
) -> Result<Option<Account>, AuthError> {
    let unit = scope.begin(auth).await?;
    let linked = link_in(auth, &unit, of, fields).await?;
    unit.commit().await?;
    Ok(linked)
}

async fn link_in(
    auth: &Auth,
    scope: &Scope,
    (user_id, provider_id, account_id): (&str, &str, &str),
    fields: Vec<(String, Value)>,
) -> Result<Option<Account>, AuthError> {
    // No index keeps two rows of one account apart, so those who make one wait for each other at a row of their own.
    let turn = format!("doorward:account:{}", hex(&sha256(format!("{provider_id}\0{account_id}").as_bytes())));
    counter::hit(scope, &auth.random.id(), &turn, 1, auth.now()).await?;
    if account::find_account(scope, provider_id, account_id).await?.is_some() {
        return Ok(None);
    }
    let mut record = new_row(auth, account::MODEL)?;
    for (name, value) in fields {
        record.set(&name, value)?;
    }
    record.set("userId", user_id)?;
    record.set("providerId", provider_id)?;
    record.set("accountId", account_id)?;
    Ok(Some(Account(lifecycle::create(auth, scope, record).await?)))
}

/// Sets fields of an account at a provider. `None` when there is none with this id.
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn update(
    auth: &Auth,
    scope: &Scope,
    id: &str,
    fields: Vec<(String, Value)>,
) -> Result<Option<Account>, AuthError> {
    let mut values: Vec<(&str, Value)> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    values.push(("updatedAt", auth.now().into()));
    let linked = [eq("id", id), ne("providerId", account::CREDENTIAL)];
    Ok(lifecycle::update(auth, scope, account::MODEL, &linked, &values).await?.pop().map(Account))
}
