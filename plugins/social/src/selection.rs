//! Which account a request for tokens is about.

use crate::errors;
use doorward_sdk::VALIDATION_ERROR;
use doorward_sdk::accounts::Account;
use doorward_sdk::prelude::*;

/// Exactly one way to say it.
pub enum Selection {
    /// The id of the account's row.
    Id(String),
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
    /// `VALIDATION_ERROR` for anything but one of the two.
    pub fn read(place: &str, value: Option<&Value>) -> Result<Selection> {
        let wrong = || Error::new(400, VALIDATION_ERROR, format!("[{place}] Invalid input"));
        let object = value.and_then(Value::as_object).ok_or_else(wrong)?;
        let knows = |name: &String| matches!(name.as_str(), "accountId" | "useAccountCookie" | "userId");
        if !object.keys().all(knows) || object.get("userId").is_some_and(|id| !id.is_string()) {
            return Err(wrong());
        }
        match (object.get("accountId"), object.get("useAccountCookie")) {
            (Some(Value::String(id)), None) => Ok(Selection::Id(id.clone())),
            (None, Some(Value::Bool(true))) => Ok(Selection::Cookie),
            _ => Err(wrong()),
        }
    }

    /// The account, when it is the caller's and at a provider.
    ///
    /// # Errors
    /// 401 without a session, `ACCOUNT_NOT_FOUND`, and `elsewhere` for the account with the password.
    pub fn account(&self, elsewhere: impl FnOnce(&str) -> Error) -> Result<Selected> {
        // A session that the store has: tokens are not given to one that was ended.
        let user_id = sessions::stored()?.ok_or_else(errors::unauthorized)?.user.id();
        let (found, is_from_cookie) = match self {
            Selection::Id(id) => {
                let own = accounts::list_of_user(&user_id)?.into_iter().find(|account| account.id() == id);
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
