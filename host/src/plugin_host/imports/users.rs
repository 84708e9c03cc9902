//! Capability `users`: reads what clients may see, writes the fields that the manifest declares.

use serde_json::{Map, Value as Json};

use super::super::state::{State, Work};
use super::interfaces::types::HostError;
use super::interfaces::users::Host;
use super::outcome::Answer;
use crate::auth::user_change;
use crate::email;
use crate::store::user::{self, find_user_by_email, find_user_by_id};
use crate::store::{Database, FieldKind, Model, Models, User, Value, eq};

/// The user as JSON text, in the form that clients get.
pub(super) fn user_json(user: &User) -> String {
    Json::Object(user.0.output()).to_string()
}

/// The fields in `text`, each one allowed and of its kind.
fn read_fields(text: &str, allowed: &[String], model: &Model) -> Answer<Vec<(String, Value)>> {
    let fields: Map<String, Json> =
        serde_json::from_str(text).map_err(|error| HostError::Invalid(format!("the fields are no object: {error}")))?;
    let read = |(name, value): (String, Json)| {
        if !allowed.contains(&name) {
            return Err(HostError::Denied(format!("the manifest does not declare that it writes user.{name}")));
        }
        let value = to_value(value, model.field(&name)?.kind, &name)?;
        Ok((name, value))
    };
    fields.into_iter().map(read).collect()
}

fn to_value(value: Json, kind: FieldKind, name: &str) -> Answer<Value> {
    Ok(match (value, kind) {
        (Json::Null, _) => Value::Null,
        (value, FieldKind::Json) => Value::Json(value),
        (Json::String(text), _) if name == "email" => Value::Text(email::normalize(&text)),
        (Json::String(text), _) => Value::Text(text),
        (Json::Bool(is_true), _) => Value::Boolean(is_true),
        (Json::Number(number), _) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => return Err(HostError::Invalid(format!("user.{name} is no whole number"))),
        },
        _ => return Err(HostError::Invalid(format!("user.{name} has a value of another kind"))),
    })
}

impl Host for State {
    async fn find_by_id(&mut self, id: String) -> wasmtime::Result<Answer<Option<String>>> {
        let (work, transaction) = self.parts()?;
        let found = find_user_by_id(Work::database(&work.exchange, transaction), &id).await;
        Ok(found.map(|user| user.as_ref().map(user_json)).map_err(HostError::from))
    }

    async fn find_by_email(&mut self, email: String) -> wasmtime::Result<Answer<Option<String>>> {
        let (work, transaction) = self.parts()?;
        let found = find_user_by_email(Work::database(&work.exchange, transaction), &email::normalize(&email)).await;
        Ok(found.map(|user| user.as_ref().map(user_json)).map_err(HostError::from))
    }

    async fn find_by_own_field(&mut self, field: String, value: String) -> wasmtime::Result<Answer<Option<String>>> {
        let is_own = self.shared.rights.unique_user_fields.contains(&field);
        let (work, transaction) = self.parts()?;
        if !is_own {
            return Ok(Err(HostError::Denied(format!("the manifest adds no unique field user.{field}"))));
        }
        let found = Work::database(&work.exchange, transaction).find_one(user::MODEL, &[eq(field, value)]).await;
        Ok(found.map(|user| user.map(|user| user_json(&User(user)))).map_err(HostError::from))
    }

    async fn create(&mut self, fields: String) -> wasmtime::Result<Answer<String>> {
        let shared = self.shared.clone();
        let (work, transaction) = self.parts()?;
        let auth = work.exchange.auth();
        let create = async {
            let model = auth.store.schema().model("user")?;
            let fields = read_fields(&fields, &shared.rights.creates_user_with, model)?;
            let has_address = |(name, value): &(String, Value)| {
                name == "email" && matches!(value, Value::Text(address) if email::is_email(address))
            };
            if !fields.iter().any(has_address) {
                return Err(HostError::Invalid("a user needs an email address".to_owned()));
            }
            let created = user_change::create_with(auth, Work::database(&work.exchange, transaction), fields).await?;
            Ok(user_json(&created))
        };
        Ok(create.await)
    }

    async fn update(&mut self, id: String, fields: String) -> wasmtime::Result<Answer<String>> {
        let shared = self.shared.clone();
        let (work, transaction) = self.parts()?;
        let auth = work.exchange.auth();
        let update = async {
            let model = auth.store.schema().model("user")?;
            let fields = read_fields(&fields, &shared.rights.updates_user_fields, model)?;
            let changed = user_change::update(auth, Work::database(&work.exchange, transaction), &id, fields).await?;
            changed.as_ref().map(user_json).ok_or_else(|| HostError::Invalid("there is no such user".to_owned()))
        };
        Ok(update.await)
    }
}
