//! Which account a request for tokens is about.

use crate::errors;
use doorward_sdk::VALIDATION_ERROR;
use doorward_sdk::accounts::Account;
use doorward_sdk::prelude::*;

/// Exactly one way to say it.
pub enum Selection {
    /// The id of the account's row.
    Id(String),
    /// As older clients say it: the provider, and the account's id there when the user has several.
    At { provider_id: String, account_id: Option<String> },
    /// As older clients say it to `account-info`: the id of the account's row, or its id at the provider.
    EitherId(String),
    /// The account that the browser remembers.
    Cookie,
}

/// An account of the caller's.
pub struct Selected {
    pub account: Account,
    pub is_from_cookie: bool,
}

impl Selection {
    /// Reads a body or a query.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` for anything but one of these.
    pub fn read(place: &str, value: Option<&Value>) -> Result<Selection> {
        let wrong = || Error::new(400, VALIDATION_ERROR, format!("[{place}] Invalid input"));
        let object = value.and_then(Value::as_object).ok_or_else(wrong)?;
        let knows = |name: &String| matches!(name.as_str(), "accountId" | "useAccountCookie" | "userId" | "providerId");
        if !object.keys().all(knows) || object.get("userId").is_some_and(|id| !id.is_string()) {
            return Err(wrong());
        }
        match (object.get("providerId"), object.get("accountId"), object.get("useAccountCookie")) {
            (None, Some(Value::String(id)), None) => Ok(Selection::Id(id.clone())),
            (Some(Value::String(provider_id)), None, None) => {
                Ok(Selection::At { provider_id: provider_id.clone(), account_id: None })
            }
            (Some(Value::String(provider_id)), Some(Value::String(id)), None) => {
                Ok(Selection::At { provider_id: provider_id.clone(), account_id: Some(id.clone()) })
            }
            (None, None, Some(Value::Bool(true))) => Ok(Selection::Cookie),
            _ => Err(wrong()),
        }
    }

    /// Takes an id at the provider too.
    pub fn or_id_at_provider(self) -> Selection {
        match self {
            Selection::Id(id) => Selection::EitherId(id),
            other => other,
        }
    }

    /// The account, when it is the caller's and at a provider.
    ///
    /// # Errors
    /// 401 without a session, `ACCOUNT_NOT_FOUND`, and `elsewhere` for the account with the password.
    pub fn account(&self, elsewhere: impl FnOnce(&str) -> Error) -> Result<Selected> {
        // A session that the store has: tokens are not given to one that was ended.
        let user_id = sessions::stored()?.ok_or_else(errors::unauthorized)?.user.id();
        let own = || accounts::list_of_user(&user_id);
        let (found, is_from_cookie) = match self {
            Selection::At { provider_id, account_id } => {
                let is_meant = |account: &Account| {
                    account.provider_id() == provider_id
                        && account_id.as_ref().is_none_or(|id| account.account_id() == id || account.id() == id)
                };
                (own()?.into_iter().find(is_meant), false)
            }
            Selection::Id(id) | Selection::EitherId(id) => {
                let listed = own()?;
                let at_provider =
                    |account: &&Account| matches!(self, Selection::EitherId(_)) && account.account_id() == id;
                let own = listed.iter().find(|account| account.id() == id).or_else(|| listed.iter().find(at_provider));
                let own = own.cloned();
                if own.is_none()
                    && let Some(provider_id) = accounts::provider_of(&user_id, id)?
                {
                    return Err(elsewhere(&provider_id));
                }
                (own, false)
            }
            Selection::Cookie => (accounts::remembered()?.filter(|account| account.user_id() == user_id), true),
        };
        let account = found.ok_or(errors::ACCOUNT_NOT_FOUND)?;
        Ok(Selected { account, is_from_cookie })
    }
}
