//! Writes a person: the user, the password, the accounts at providers; all of it or nothing.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::person::Person;
use crate::auth::user::{self, NewUser};
use crate::auth::{Auth, AuthError, Scope, account, lifecycle, password};
use crate::commands::user_fields;
use crate::config::GenerateId;
use crate::email;
use crate::store::user::{MODEL, find_user_by_email};
use crate::store::{FieldType, Model, Owner, StoreError, Value};

/// Longest id that is kept.
const LONGEST_ID: usize = 128;

/// What became of a person.
pub enum Outcome {
    Imported,
    /// A user has the address.
    Present,
    Refused(String),
}

/// Writes persons.
pub struct Writer<'a> {
    auth: &'a Auth,
    scope: &'a Scope,
    model: &'a Model,
    keeps_ids: bool,
    is_dry: bool,
    /// Names of members that nobody asked for, each told once.
    unknown: RefCell<BTreeSet<String>>,
}

impl<'a> Writer<'a> {
    /// # Errors
    /// When ids are to be kept and the database makes them.
    pub fn new(auth: &'a Auth, scope: &'a Scope, keeps_ids: bool, is_dry: bool) -> Result<Self, String> {
        let ids = auth.config.advanced.database.generate_id;
        if keeps_ids && !matches!(ids, GenerateId::Random | GenerateId::Uuid) {
            return Err("--keep-ids: the database makes the ids (advanced.database.generate_id)".to_owned());
        }
        let model = auth.schema().model(MODEL).map_err(|error| error.to_string())?;
        Ok(Self { auth, scope, model, keeps_ids, is_dry, unknown: RefCell::default() })
    }

    /// # Errors
    /// When the database fails, so that the next would fail too.
    pub async fn write(&self, person: Person) -> Result<Outcome, AuthError> {
        let address = email::normalize(&person.email);
        if !email::is_email(&address) {
            return Ok(Outcome::Refused(format!("{:?} is no address of mail", person.email)));
        }
        let additional = match self.additional(&person) {
            Ok(additional) => additional,
            Err(reason) => return Ok(Outcome::Refused(reason)),
        };
        if find_user_by_email(self.scope, &address).await?.is_some() {
            return Ok(Outcome::Present);
        }
        if self.is_dry {
            return Ok(Outcome::Imported);
        }
        match self.store(&person, &address, &additional).await {
            Ok(()) => Ok(Outcome::Imported),
            Err(AuthError::Store(StoreError::UniqueViolation { constraint })) => Ok(Outcome::Refused(format!(
                "somebody else has its {}",
                constraint.rsplit('.').next().unwrap_or_default()
            ))),
            Err(AuthError::Store(StoreError::InvalidInput { .. } | StoreError::RowRefused { .. })) => {
                Ok(Outcome::Refused("a value does not fit its column".to_owned()))
            }
            Err(AuthError::Store(error)) => Err(error.into()),
            Err(refused) => Ok(Outcome::Refused(refused.to_string())),
        }
    }

    async fn store(&self, person: &Person, address: &str, additional: &[(String, Value)]) -> Result<(), AuthError> {
        let name = person.name.as_deref().unwrap_or_else(|| address.split('@').next().unwrap_or_default());
        let new = NewUser {
            name,
            email: address,
            email_verified: person.email_verified,
            image: person.image.as_deref(),
            additional,
        };
        let mut record = user::new_record(self.auth, new)?;
        if let Some(id) = person.id.as_ref().filter(|_| self.keeps_ids) {
            record.set("id", id.as_str())?;
        }
        if let Some(at) = person.created_at {
            record.set("createdAt", at)?;
        }
        let unit = self.scope.begin(self.auth).await?;
        let user = lifecycle::create(self.auth, &unit, record).await?;
        if let Some(hash) = &person.password_hash {
            user::create_credential(self.auth, &unit, user.text("id"), hash).await?;
        }
        for (provider, id) in &person.accounts {
            let owner = (user.text("id"), provider.as_str(), id.as_str());
            if account::link(self.auth, &unit, owner, Vec::new()).await?.is_none() {
                let taken = format!("the account of {provider}");
                return Err(StoreError::UniqueViolation { constraint: taken }.into());
            }
        }
        Ok(unit.commit().await?)
    }

    /// The fields beside the core's.
    fn additional(&self, person: &Person) -> Result<Vec<(String, Value)>, String> {
        let has = |name: &str| self.model.fields.iter().any(|field| field.name == name);
        let mut values = Vec::new();
        if let Some(hash) = person.password_hash.as_ref().filter(|hash| !password::is_known(hash)) {
            let beginning: String =
                hash.chars().take_while(|one| one.is_ascii_alphanumeric() || *one == '$').take(12).collect();
            return Err(format!(
                "its password's hash ({beginning}…) is of no known kind, or costs too much to compute"
            ));
        }
        if let Some(id) = person.id.as_ref().filter(|_| self.keeps_ids) {
            let is_plain =
                id.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'<' | b'>'));
            if id.len() > LONGEST_ID || !is_plain {
                return Err("its id is too long, or has characters that ids have not".to_owned());
            }
        }
        if person.is_disabled {
            if !has("banned") {
                return Err(
                    "it is disabled there, and users cannot be kept out here without the plugin admin".to_owned()
                );
            }
            values.push(("banned".to_owned(), Value::Boolean(true)));
        }
        if let Some(name) = person.username.as_ref().filter(|_| has("username")) {
            values.push(("username".to_owned(), name.to_lowercase().into()));
            values.push(("displayUsername".to_owned(), name.as_str().into()));
        }
        for (name, json) in person.fields.iter().filter(|(_, json)| !json.is_null()) {
            let field = self.model.fields.iter().find(|field| field.name == *name && field.owner != Owner::Core);
            let Some(field) = field else {
                self.tell_once(name);
                continue;
            };
            let value = value(json, field.kind).ok_or_else(|| format!("its `{name}` is no {}", field.kind.name()))?;
            values.push((name.clone(), value));
        }
        match user_fields::missing(self.model, &values) {
            Some(field) => Err(format!("every user has a `{}`, and it has none", field.name)),
            None => Ok(values),
        }
    }

    fn tell_once(&self, name: &str) {
        if self.unknown.borrow_mut().insert(name.to_owned()) {
            remark!("`{name}` is left out: users have no such field. Declare it in user.additional_fields to keep it");
        }
    }
}

/// A cell of a table is a text, whatever the field is.
fn value(json: &Json, kind: FieldType) -> Option<Value> {
    match (json, kind) {
        (Json::String(text), _) => user_fields::read(kind, text),
        (json, FieldType::String) => Value::from_json(&json.to_string().into(), kind),
        _ => Value::from_json(json, kind),
    }
}
