//! Capability `accounts`: the user's accounts at providers. Passwords are out of reach.

use serde_json::{Map, Value as Json};

use super::interfaces::accounts::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use super::values;
use crate::auth::{Auth, account, provider_tokens};
use crate::plugin_host::call::state::State;
use crate::store::account::{CREDENTIAL, MODEL};
use crate::store::{Account, Database, Models, Value, account as rows, eq, ne};

/// Fields of an account that no plugin reads or writes.
const HIDDEN: &str = "password";
/// Fields that say whose account it is: set when it is made, never changed.
const FIXED: [&str; 6] = ["id", "userId", "providerId", "accountId", "createdAt", "updatedAt"];

/// The account with its tokens in clear.
fn text(auth: &Auth, account: &Account) -> String {
    let fields = account.0.model().fields.iter().zip(account.0.values());
    let shown = fields.filter(|(field, _)| field.name != HIDDEN).map(|(field, value)| {
        let clear = match value {
            Value::Text(stored) if provider_tokens::is_sealed(&field.name) => {
                provider_tokens::open(auth, stored).map_or(Json::Null, Json::from)
            }
            other => other.to_json(),
        };
        (field.name.clone(), clear)
    });
    Json::Object(shown.collect()).to_string()
}

fn fields(text: &str, auth: &Auth, db: &dyn Database, is_new: bool) -> Answer<Vec<(String, Value)>> {
    let model = db.schema().model(MODEL)?;
    let fields = values::fields(text, model, |name| {
        let is_identity = is_new && matches!(name, "providerId" | "accountId");
        if name == HIDDEN || (FIXED.contains(&name) && !is_identity) {
            return Err(HostError::Denied(format!("account.{name} is not a plugin's to write")));
        }
        Ok(())
    })?;
    Ok(provider_tokens::seal(auth, fields)?)
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
        at_its_time!(self, "accounts", "find");
        let data = self.data()?;
        let find = async {
            if provider_id == CREDENTIAL {
                return Ok(None);
            }
            Ok(rows::find_account(&data.scope, &provider_id, &account_id)
                .await?
                .map(|account| text(data.auth, &account)))
        };
        Ok(find.await)
    }

    async fn list_of_user(&mut self, user_id: String) -> wasmtime::Result<Answer<Vec<String>>> {
        at_its_time!(self, "accounts", "list-of-user");
        let data = self.data()?;
        let list = async {
            let all = rows::list_accounts(&data.scope, &user_id).await?;
            Ok(all
                .iter()
                .filter(|account| account.provider_id() != CREDENTIAL)
                .map(|account| text(data.auth, account))
                .collect())
        };
        Ok(list.await)
    }

    async fn create(&mut self, user_id: String, fields_text: String) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "accounts", "create");
        let data = self.data()?;
        let create = async {
            let (provider_id, account_id) = identity(&fields_text)?;
            let fields = fields(&fields_text, data.auth, &data.scope, true)?;
            let made = account::link(data.auth, &data.scope, (&user_id, &provider_id, &account_id), fields).await?;
            let made = made.ok_or_else(|| HostError::Conflict("accountId".to_owned()))?;
            Ok(text(data.auth, &made))
        };
        Ok(create.await)
    }

    async fn update(&mut self, id: String, fields_text: String) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "accounts", "update");
        let data = self.data()?;
        let update = async {
            let fields = fields(&fields_text, data.auth, &data.scope, false)?;
            let changed = account::update(data.auth, &data.scope, &id, fields).await?;
            let changed = changed.ok_or_else(|| HostError::Invalid("there is no such account".to_owned()))?;
            Ok(text(data.auth, &changed))
        };
        Ok(update.await)
    }

    async fn provider_of(&mut self, user_id: String, id: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "accounts", "provider-of");
        let data = self.data()?;
        let find = async {
            let found = rows::find_own(&data.scope, &user_id, &id).await?;
            Ok(found.map(|account| account.provider_id().to_owned()))
        };
        Ok(find.await)
    }

    async fn remember(&mut self, id: String) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "accounts", "remember");
        let (scope, work) = self.data_and_work()?;
        let remember = async {
            let found = scope.find_one(MODEL, &[eq("id", id), ne("providerId", CREDENTIAL)]).await?;
            let found = found.ok_or_else(|| HostError::Invalid("there is no such account".to_owned()))?;
            work.exchange.remember_account(&Account(found));
            Ok(())
        };
        Ok(remember.await)
    }

    async fn remembered(&mut self) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "accounts", "remembered");
        let (scope, work) = self.data_and_work()?;
        let find = async {
            let Some((user_id, id)) = work.exchange.remembered_account() else { return Ok(None) };
            let found = rows::find_own(&scope, &user_id, &id).await?.or_else(|| work.exchange.account_of_cookie());
            let found = found.filter(|account| account.provider_id() != CREDENTIAL);
            Ok(found.map(|account| text(work.exchange.auth(), &account)))
        };
        Ok(find.await)
    }
}
