//! Capability `users`: reads the fields that a plugin may see, writes those that its manifest declares.

use serde_json::Value as Json;

use super::interfaces::types::HostError;
use super::interfaces::users::Host;
use super::outcome::Answer;
use super::values;
use crate::auth::{user_change, version};
use crate::email;
use crate::outbox::notice::{self, Notice};
use crate::plugin_host::call::budget::Cost;
use crate::plugin_host::call::state::{Shared, State};
use crate::store::user::{self, find_user_by_email, find_user_by_id, lock_user};
use crate::store::{Field, Model, Models, Owner, Record, User, Value, eq};

/// Stands for every field that the plugin sees, in what its manifest declares to write.
const EVERY: &str = "*";

impl Shared {
    /// Whether the plugin may see this field of users: it is shown to clients, is its own, or is one that its manifest
    /// names.
    pub(super) fn sees(&self, field: &Field) -> bool {
        let is_own = matches!(&field.owner, Owner::Plugin(id) if *id == self.id);
        field.returned || is_own || self.rights.reads_user_fields.contains(&field.name)
    }

    /// The user as JSON text, with the fields that the plugin may see, the id last as for clients.
    pub(in super::super) fn user_json(&self, user: &Record) -> String {
        let fields = || user.model().fields.iter().zip(user.values());
        let shown = fields().skip(1).chain(fields().take(1)).filter(|(field, _)| self.sees(field));
        Json::Object(shown.map(|(field, value)| (field.name.clone(), value.to_json())).collect()).to_string()
    }

    /// The fields in `text`, each one of `allowed` and of its kind.
    fn user_fields(&self, text: &str, allowed: &[String], model: &Model) -> Answer<Vec<(String, Value)>> {
        let may_all = allowed.iter().any(|allowed| allowed == EVERY);
        let may = |name: &str| match may_all || allowed.iter().any(|allowed| allowed == name) {
            true => Ok(()),
            false => Err(HostError::Denied(format!("the manifest does not declare that it writes user.{name}"))),
        };
        let mut object = values::object(text)?;
        if may_all {
            let is_fixed = |name: &str| matches!(name, "id" | "updatedAt");
            object.retain(|name, _| !is_fixed(name) && model.field(name).is_ok_and(|field| self.sees(field)));
        }
        let mut fields = values::fields_of(object, model, may)?;
        for (name, value) in &mut fields {
            if let ("email", Value::Text(address)) = (name.as_str(), &mut *value) {
                if !email::is_email(address) {
                    return Err(HostError::Invalid("user.email is no email address".to_owned()));
                }
                *address = email::normalize(address);
            }
        }
        Ok(fields)
    }

    /// The fields of a new user in `text`, an address among them.
    pub(super) fn new_user_fields(&self, text: &str, model: &Model) -> Answer<Vec<(String, Value)>> {
        let fields = self.user_fields(text, &self.rights.creates_user_with, model)?;
        if !fields.iter().any(|(name, value)| name == "email" && !value.is_null()) {
            return Err(HostError::Invalid("a user needs an email address".to_owned()));
        }
        Ok(fields)
    }
}

impl Host for State {
    async fn find_by_id(&mut self, id: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "users", "find-by-id");
        let shared = self.shared.clone();
        let found = find_user_by_id(&self.data()?.scope, &id).await;
        Ok(found.map(|user| user.map(|user| shared.user_json(&user.0))).map_err(HostError::from))
    }

    async fn find_by_email(&mut self, email: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "users", "find-by-email");
        let shared = self.shared.clone();
        let found = find_user_by_email(&self.data()?.scope, &email::normalize(&email)).await;
        Ok(found.map(|user| user.map(|user| shared.user_json(&user.0))).map_err(HostError::from))
    }

    async fn find_by_own_field(&mut self, field: String, value: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "users", "find-by-own-field");
        let shared = self.shared.clone();
        let data = self.data()?;
        if !shared.rights.unique_user_fields.contains(&field) {
            return Ok(Err(HostError::Denied(format!("the manifest adds no unique field user.{field}"))));
        }
        let found = data.scope.find_one(user::MODEL, &[eq(field, value)]).await;
        Ok(found.map(|user| user.map(|user| shared.user_json(&user))).map_err(HostError::from))
    }

    async fn create(&mut self, fields: String) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "users", "create");
        let shared = self.shared.clone();
        let data = self.data()?;
        let create = async {
            let fields = shared.new_user_fields(&fields, data.auth.schema().model(user::MODEL)?)?;
            let User(created) = user_change::create_with(data.auth, &data.scope, fields).await?;
            Ok(shared.user_json(&created))
        };
        Ok(create.await)
    }

    async fn update(&mut self, id: String, fields: String) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "users", "update");
        let shared = self.shared.clone();
        let data = self.data()?;
        let update = async {
            let model = data.auth.schema().model(user::MODEL)?;
            let fields = shared.user_fields(&fields, &shared.rights.updates_user_fields, model)?;
            let changed = user_change::update(data.auth, &data.scope, &id, fields).await?;
            let changed = changed.ok_or_else(|| HostError::Invalid("there is no such user".to_owned()))?;
            Ok(shared.user_json(&changed.0))
        };
        Ok(update.await)
    }

    async fn lock(&mut self, id: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "users", "lock");
        let shared = self.shared.clone();
        let locked = lock_user(&self.data()?.scope, &id).await;
        Ok(locked.map(|user| user.map(|user| shared.user_json(&user.0))).map_err(HostError::from))
    }

    async fn credentials_version(&mut self, id: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "users", "credentials-version");
        let is_in_transaction = self.is_in_transaction();
        let data = self.data()?;
        let version = async {
            if is_in_transaction {
                return Ok(version::of_locked(data.auth, &data.scope, &id).await?);
            }
            match find_user_by_id(&data.scope, &id).await? {
                Some(user) => Ok(Some(version::of(data.auth, &data.scope, &user).await?)),
                None => Ok(None),
            }
        };
        Ok(version.await)
    }

    async fn tell_of_change(&mut self, id: String, change: String) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "users", "tell-of-change");
        self.spend_on(Cost::Mail)?;
        let data = self.data()?;
        let tell = async {
            let unknown = || HostError::Invalid(format!("`{change}` is no change that users are told of"));
            let notice = Notice::of_plugin(&change).ok_or_else(unknown)?;
            if let Some(user) = find_user_by_id(&data.scope, &id).await? {
                notice::tell(data.auth, &data.scope, &user, notice).await?;
            }
            Ok(())
        };
        Ok(tell.await)
    }
}
