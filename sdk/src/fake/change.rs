//! Changes of rows as a test makes them.

use crate::bindings::doorward::plugin::types::{Action, HostError};
use doorward_contract::EventMoment;
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};

use super::duty;

/// A change of a test.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{self, RawChange};
/// # fake::reset();
/// let plugin = Plugin::new("notes-on-changes", "1.0.0").event(Event::after("user", Action::Update, |change| {
///     let (actor, address) = (change.actor(), change.client_address());
///     log::info(&format!("{} from {}", actor.unwrap_or_default(), address.unwrap_or_default()));
///     Ok(())
/// }));
/// let change = RawChange::new("user", Action::Update, &json!({ "id": "user-1", "name": "Ada" }));
/// change.by("admin-1").from_address(Some("192.0.2.7")).run_after(&plugin)?;
/// assert!(fake::with(|world| world.log[0].ends_with("admin-1 from 192.0.2.7")));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct RawChange {
    model: &'static str,
    action: Action,
    data: RefCell<Map<String, Value>>,
    path: Option<&'static str>,
    actor: Option<String>,
    client_address: Option<String>,
    moment: Cell<Option<EventMoment>>,
}

impl RawChange {
    /// A change of a row of `model` with these fields.
    pub fn new(model: &'static str, action: Action, data: &Value) -> RawChange {
        let data = RefCell::new(data.as_object().cloned().unwrap_or_default());
        let client_address = Some("127.0.0.1".to_owned());
        RawChange { model, action, data, path: None, actor: None, client_address, moment: Cell::new(None) }
    }

    /// The same change, caused by a request of this path.
    pub fn at(mut self, path: &'static str) -> RawChange {
        self.path = Some(path);
        self
    }

    /// The same change, made by this user, who is signed in.
    pub fn by(mut self, user_id: &str) -> RawChange {
        self.actor = Some(user_id.to_owned());
        self
    }

    /// The same change, from a client with this address; none is the server's own work.
    pub fn from_address(mut self, address: Option<&str>) -> RawChange {
        self.client_address = address.map(str::to_owned);
        self
    }

    /// The functions of this moment run now.
    pub(super) fn begin(&self, moment: EventMoment) {
        self.moment.set(Some(moment));
    }

    /// The fields as the functions that ran left them.
    pub(super) fn fields(&self) -> Map<String, Value> {
        self.data.borrow().clone()
    }

    /// Whether `field` is true of the user whose row it is.
    pub(super) fn is_of_user_with(&self, field: &str) -> bool {
        let data = self.data.borrow();
        let user_id = data.get("userId").and_then(Value::as_str).unwrap_or_default();
        super::with(|world| world.users.get(user_id).and_then(|user| user.get(field)) == Some(&Value::Bool(true)))
    }

    pub(crate) fn model(&self) -> String {
        self.model.to_owned()
    }

    pub(crate) fn action(&self) -> Action {
        self.action
    }

    pub(crate) fn data(&self) -> String {
        Value::Object(self.data.borrow().clone()).to_string()
    }

    pub(crate) fn actor(&self) -> Option<String> {
        self.actor.clone()
    }

    pub(crate) fn path(&self) -> Option<String> {
        self.path.map(str::to_owned)
    }

    pub(crate) fn client_address(&self) -> Option<String> {
        self.client_address.clone()
    }

    pub(crate) fn set(&self, fields: &str) -> Result<(), HostError> {
        let is_late = self.moment.get() == Some(EventMoment::After) || self.action == Action::Delete;
        if is_late {
            return Err(HostError::Denied("fields are set before a row is written".to_owned()));
        }
        let mut fields: Map<String, Value> =
            serde_json::from_str(fields).map_err(|error| HostError::Invalid(error.to_string()))?;
        duty::change_fields(self.model, self.action == Action::Create, &mut fields)?;
        self.data.borrow_mut().extend(fields);
        Ok(())
    }
}
