//! The row that a guest sees in a lifecycle event, without secrets.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use wasmtime::component::Resource;

use super::interfaces::types::{Action, HostChange, HostError};
use super::outcome::Answer;
use super::values;
use crate::auth::{Cause, lifecycle};
use crate::plugin_host::bindings::Lent;
use crate::plugin_host::call::state::{Shared, State};
use crate::plugin_host::call::watched_change::WatchedChange;
use crate::store::{Field, Owner, Record, account, session, user, verification};

impl Shared {
    /// Whether the guest may see this field of a row that changes: its own always, of the others what clients may see and
    /// what is no secret.
    fn watches(&self, row: &Record, field: &Field) -> bool {
        match row.model().name.as_str() {
            user::MODEL => self.sees(field),
            session::MODEL => field.name != "token" && (field.returned || is_own(field, &self.id)),
            account::MODEL => field.returned || is_own(field, &self.id),
            // The identifier of a verification is as good as the secret that redeems it.
            verification::MODEL if matches!(field.name.as_str(), "identifier" | "value") => {
                let identifier = row.text("identifier");
                self.rights.verification_prefixes.iter().any(|prefix| identifier.starts_with(prefix.as_str()))
            }
            _ => field.returned,
        }
    }

    /// The fields of a row that the guest may set.
    fn sets(&self, change: &WatchedChange) -> Vec<&String> {
        let rights = &self.rights;
        match (change.row.model().name.as_str(), change.action) {
            (user::MODEL, lifecycle::Action::Create) => {
                rights.creates_user_with.iter().chain(&rights.updates_user_fields).collect()
            }
            (user::MODEL, _) => rights.updates_user_fields.iter().collect(),
            (session::MODEL, _) => rights.writes_session_fields.iter().collect(),
            _ => Vec::new(),
        }
    }
}

fn is_own(field: &Field, plugin: &str) -> bool {
    matches!(&field.owner, Owner::Plugin(id) if id == plugin)
}

impl State {
    fn watched(&mut self) -> wasmtime::Result<&mut WatchedChange> {
        self.spend()?;
        self.change.as_mut().ok_or_else(|| wasmtime::Error::msg("nothing changes here"))
    }

    fn cause(&mut self) -> wasmtime::Result<Option<Arc<Cause>>> {
        self.watched()?;
        Ok(self.scope().and_then(|scope| scope.cause().cloned()))
    }
}

impl HostChange for State {
    fn model(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        Ok(self.watched()?.row.model().name.clone())
    }

    fn action(&mut self, _: Resource<Lent>) -> wasmtime::Result<Action> {
        Ok(match self.watched()?.action {
            lifecycle::Action::Create => Action::Create,
            lifecycle::Action::Update => Action::Update,
            lifecycle::Action::Delete => Action::Delete,
        })
    }

    fn data(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        let shared = self.shared.clone();
        let change = self.watched()?;
        let is_shown = |name: &String| change.shown.as_ref().is_none_or(|shown| shown.contains(name));
        let fields = change.row.model().fields.iter().zip(change.row.values());
        let fields = fields.filter(|(field, _)| is_shown(&field.name) && shared.watches(&change.row, field));
        let fields: Map<String, Json> = fields.map(|(field, value)| (field.name.clone(), value.to_json())).collect();
        Ok(Json::Object(fields).to_string())
    }

    fn actor(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        let actor = self.cause()?.and_then(|cause| cause.actor());
        Ok(actor.map(|active| active.user.0.text("id").to_owned()))
    }

    fn path(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        let names = Arc::clone(&self.shared.secret_names);
        Ok(self.cause()?.map(|cause| names.redact_path(&cause.head.path, cause.params())))
    }

    fn client_address(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        Ok(self.cause()?.and_then(|cause| cause.head.client_address.clone()))
    }

    fn set(&mut self, _: Resource<Lent>, fields: String) -> wasmtime::Result<Answer<()>> {
        let shared = self.shared.clone();
        let change = self.watched()?;
        let mut set = || {
            if change.sets.is_none() || change.action == lifecycle::Action::Delete {
                return Err(HostError::Denied("fields are set before a row is written".to_owned()));
            }
            let (allowed, model) = (shared.sets(change), change.row.model().clone());
            let may = |name: &str| match allowed.iter().any(|allowed| *allowed == name) {
                true => Ok(()),
                false => Err(HostError::Denied(format!("the manifest does not declare {}.{name}", model.name))),
            };
            let fields = values::fields(&fields, &model, may)?;
            for (name, value) in &fields {
                change.row.set(name, value.clone())?;
            }
            if let Some(shown) = &mut change.shown {
                shown.extend(fields.iter().map(|(name, _)| name.clone()));
            }
            change.sets.get_or_insert_default().extend(fields);
            Ok(())
        };
        Ok(set())
    }

    fn drop(&mut self, _: Resource<Lent>) -> wasmtime::Result<()> {
        Ok(())
    }
}
