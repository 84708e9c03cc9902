//! Answers what scripts ask in the middle of a call, in the transaction of what they are asked about.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::language::asking::{Answer, Owner, Question};
use super::language::facts::{Facts, Lazy};
use super::script::Script;
use crate::auth::password::PasswordCheck;
use crate::auth::{Auth, AuthError, Scope};
use crate::store::account::find_credential_account;
use crate::store::script_value::{self, Shelf};
use crate::store::{Database, Field, Filter, Model, Models, Owner as Brought, StoreError, Value, counter, eq};

/// Most values of one script that are nobody's.
const MAX_VALUES: u64 = 1_000;
/// Most values of one script about one user.
const MAX_VALUES_OF_USER: u64 = 50;
/// Most rows of one answer.
const MAX_ROWS: u32 = 100;

/// Where the questions of a call are answered.
pub struct Desk<'a> {
    /// The parts of the server.
    pub auth: &'a Auth,
    /// The transaction of what the call is about, or the store.
    pub scope: &'a Scope,
}

impl Desk<'_> {
    /// The answer to a question of this script, called with these facts.
    ///
    /// # Errors
    /// When the store fails, or too many hashes wait.
    pub async fn answer(&self, script: &Script, facts: &Facts, question: Question) -> Result<Answer, AuthError> {
        let name = own_name(script);
        let user_id = match &facts.user {
            Lazy::Read(user) => user.get("id").and_then(Json::as_str),
            Lazy::Unread => None,
        };
        match question {
            Question::Value(owner, key) => {
                let Some(shelf) = shelf(&name, owner, user_id) else { return Ok(Ok(Json::Null)) };
                let kept = script_value::find(self.scope, shelf, &key).await?;
                Ok(Ok(kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default()))
            }
            Question::SetValue(owner, key, value) => self.set(shelf(&name, owner, user_id), &key, &value).await,
            Question::DeleteValue(owner, key) => {
                if let Some(shelf) = shelf(&name, owner, user_id) {
                    script_value::remove(self.scope, shelf, &key).await?;
                }
                Ok(Ok(Json::Null))
            }
            Question::Count(key, window) => {
                let (key, now) = (count_key(&name, &key), self.auth.now());
                let count = match window {
                    Some(secs) => counter::hit(self.scope, &self.auth.random.id(), &key, secs, now).await?,
                    None => counter::peek(self.scope, &key, now).await?,
                };
                Ok(Ok(count.into()))
            }
            Question::ResetCount(key) => {
                counter::reset(self.scope, &count_key(&name, &key)).await?;
                Ok(Ok(Json::Null))
            }
            Question::Rows(table, filter) => self.rows((script, facts), &table, filter).await,
            Question::IsPassword(password) => {
                let account = match user_id {
                    Some(id) => find_credential_account(self.scope, id).await?,
                    None => None,
                };
                // Without a hash it takes as long, and is as wrong.
                let hash = account.as_ref().and_then(|account| account.password());
                let check = self.auth.passwords.verify(hash, password.expose()).await?;
                Ok(Ok((check != PasswordCheck::Mismatch).into()))
            }
        }
    }

    async fn set(&self, shelf: Option<Shelf<'_>>, key: &str, value: &Json) -> Result<Answer, AuthError> {
        let Some(shelf) = shelf else { return Ok(Err("set_user_value: there is no user at this moment".into())) };
        let most = if shelf.user_id.is_some() { MAX_VALUES_OF_USER } else { MAX_VALUES };
        match script_value::put(self.scope, shelf, (key, &value.to_string()), most, self.auth.now()).await {
            Ok(true) => Ok(Ok(Json::Null)),
            Ok(false) => Ok(Err(format!("a script keeps at most {most} values here: delete_value forgets one"))),
            Err(StoreError::ForeignKeyViolation { .. }) => {
                Ok(Err("set_user_value: the user is not stored at this moment; after(\"user.create\", …) comes later"
                    .into()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Rows of a plugin's table that the operator lets this script read, without what never leaves the server.
    async fn rows(
        &self,
        (script, facts): (&Script, &Facts),
        table: &str,
        filter: Map<String, Json>,
    ) -> Result<Answer, AuthError> {
        if !script.reads_table(table) {
            return Ok(Err(format!("rows: the script's section has no `reads = [\"{table}\"]`")));
        }
        let (plugin, name) = table.split_once('.').unwrap_or_default();
        let is_it = |model: &&Arc<Model>| model.name == name && model.owner == Brought::Plugin(plugin.to_owned());
        let Some(model) = self.scope.schema().models().iter().find(is_it) else {
            return Ok(Err(format!("rows: the plugin `{plugin}` has no table `{name}`")));
        };
        let is_secret = |field: &Field| facts.secret_names.as_ref().is_some_and(|names| names.holds(&field.name));
        let is_shown = |field: &Field| field.returned && !field.is_credential && !field.is_factor && !is_secret(field);
        let mut filters: Vec<Filter> = Vec::new();
        for (field, value) in filter {
            let found = model.field(&field).ok().filter(|field| is_shown(field));
            let value =
                found.and_then(
                    |field| if value.is_null() { Some(Value::Null) } else { Value::from_json(&value, field.kind) },
                );
            let Some(value) = value else {
                return Ok(Err(format!("rows: `{name}` has no field `{field}` with such a value")));
            };
            filters.push(eq(field, value));
        }
        let rows = self.scope.find_many(&model.name, &filters, None, Some(MAX_ROWS), None).await?;
        let shown = rows.iter().map(|row| {
            let fields = model.fields.iter().zip(row.values()).filter(|(field, _)| is_shown(field));
            Json::Object(fields.map(|(field, value)| (field.name.clone(), value.to_json())).collect())
        });
        Ok(Ok(shown.collect()))
    }
}

/// What the script's values and counts are known by: the name of its file.
fn own_name(script: &Script) -> String {
    Path::new(&script.file).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn shelf<'a>(script: &'a str, owner: Owner, user_id: Option<&'a str>) -> Option<Shelf<'a>> {
    match (owner, user_id) {
        (Owner::Script, _) => Some(Shelf { script, user_id: None }),
        (Owner::User, Some(_)) => Some(Shelf { script, user_id }),
        (Owner::User, None) => None,
    }
}

/// No plugin's id has a slash, so that no plugin counts here.
fn count_key(script: &str, key: &str) -> String {
    format!("hooks/{script}:{key}")
}
