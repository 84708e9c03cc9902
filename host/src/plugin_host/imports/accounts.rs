//! Capability `accounts`: the user's accounts at providers. Passwords are out of reach.

use serde_json::{Map, Value as Json};

use super::super::state::State;
use super::interfaces::accounts::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use super::values;
use crate::auth::account;
use crate::store::account::{CREDENTIAL, MODEL};
use crate::store::{Account, Database, Value, account as rows};

/// Fields of an account that no plugin reads or writes.
const HIDDEN: &str = "password";
/// Fields that say whose account it is: set when it is made, never changed.
const FIXED: [&str; 6] = ["id", "userId", "providerId", "accountId", "createdAt", "updatedAt"];

fn text(account: &Account) -> String {
    values::row(&account.0, |field| field.name != HIDDEN)
}

fn fields(text: &str, db: &dyn Database, is_new: bool) -> Answer<Vec<(String, Value)>> {
    let model = db.schema().model(MODEL)?;
    values::fields(text, model, |name| {
        let is_identity = is_new && matches!(name, "providerId" | "accountId");
        if name == HIDDEN || (FIXED.contains(&name) && !is_identity) {
            return Err(HostError::Denied(format!("account.{name} is not a plugin's to write")));
        }
        Ok(())
    })
}

/// Provider and id of a new account.
fn identity(text: &str) -> Answer<(String, String)> {
    let object: Map<String, Json> = values::object(text)?;
    let part = |name: &str| {
        let part = object.get(name).and_then(Json::as_str).filter(|part| !part.is_empty());
        part.map(str::to_owned).ok_or_else(|| HostError::Invalid(format!("an account needs `{name}`")))
    };
    let (provider, account) = (part("providerId")?, part("accountId")?);
    if provider == CREDENTIAL {
        return Err(HostError::Denied("passwords are the core's".to_owned()));
    }
    Ok((provider, account))
}

impl Host for State {
    async fn find(&mut self, provider_id: String, account_id: String) -> wasmtime::Result<Answer<Option<String>>> {
        let data = self.data()?;
        let find = async {
            if provider_id == CREDENTIAL {
                return Ok(None);
            }
            Ok(rows::find_account(data.db, &provider_id, &account_id).await?.as_ref().map(text))
        };
        Ok(find.await)
    }

    async fn list_of_user(&mut self, user_id: String) -> wasmtime::Result<Answer<Vec<String>>> {
        let data = self.data()?;
        let list = async {
            let all = rows::list_accounts(data.db, &user_id).await?;
            Ok(all.iter().filter(|account| account.provider_id() != CREDENTIAL).map(text).collect())
        };
        Ok(list.await)
    }

    async fn create(&mut self, user_id: String, fields_text: String) -> wasmtime::Result<Answer<String>> {
        let data = self.data()?;
        let create = async {
            let (provider_id, account_id) = identity(&fields_text)?;
            let fields = fields(&fields_text, data.db, true)?;
            let made = account::link(data.auth, data.db, (&user_id, &provider_id, &account_id), fields).await?;
            let made = made.ok_or_else(|| HostError::Conflict("accountId".to_owned()))?;
            Ok(text(&made))
        };
        Ok(create.await)
    }

    async fn update(&mut self, id: String, fields_text: String) -> wasmtime::Result<Answer<String>> {
        let data = self.data()?;
        let update = async {
            let fields = fields(&fields_text, data.db, false)?;
            let changed = account::update(data.auth, data.db, &id, fields).await?;
            let changed = changed.ok_or_else(|| HostError::Invalid("there is no such account".to_owned()))?;
            Ok(text(&changed))
        };
        Ok(update.await)
    }
}
