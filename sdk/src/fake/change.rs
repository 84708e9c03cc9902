//! Changes of rows as a test makes them.

use crate::bindings::doorward::plugin::types::{Action, HostError};
use serde_json::{Map, Value};
use std::cell::RefCell;

/// A change of a test.
#[derive(Debug)]
pub struct RawChange {
    model: &'static str,
    action: Action,
    data: RefCell<Map<String, Value>>,
    path: Option<&'static str>,
}

impl RawChange {
    /// A change of a row of `model` with these fields.
    pub fn new(model: &'static str, action: Action, data: &Value) -> RawChange {
        let data = RefCell::new(data.as_object().cloned().unwrap_or_default());
        RawChange { model, action, data, path: None }
    }

    /// The same change, caused by a request of this path.
    pub fn at(mut self, path: &'static str) -> RawChange {
        self.path = Some(path);
        self
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
        None
    }

    pub(crate) fn path(&self) -> Option<String> {
        self.path.map(str::to_owned)
    }

    pub(crate) fn client_address(&self) -> Option<String> {
        Some("127.0.0.1".to_owned())
    }

    pub(crate) fn set(&self, fields: &str) -> Result<(), HostError> {
        let fields: Map<String, Value> =
            serde_json::from_str(fields).map_err(|error| HostError::Invalid(error.to_string()))?;
        self.data.borrow_mut().extend(fields);
        Ok(())
    }
}
