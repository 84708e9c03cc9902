//! One row of a model: its values, in the order of the model's fields.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Serialize, Serializer};

use crate::clock::Timestamp;

use super::error::StoreError;
use super::model::{Field, Model};
use super::value::Value;

/// A row of a model. Clones share the values until one of them is changed. `Debug` shows only the model's name.
#[derive(Clone)]
pub struct Record {
    model: Arc<Model>,
    values: Arc<Values>,
}

/// The values of a row, in the order of its model's fields, and the text of what may leave the server.
struct Values {
    cells: Vec<Value>,
    /// Made when it is first wanted. A change of a cell takes it away.
    json: OnceLock<Box<str>>,
}

impl From<Vec<Value>> for Values {
    fn from(cells: Vec<Value>) -> Self {
        Self { cells, json: OnceLock::new() }
    }
}

impl Clone for Values {
    fn clone(&self) -> Self {
        self.cells.clone().into()
    }
}

impl Record {
    /// A new record with the defaults of its model.
    pub fn new(model: &Arc<Model>) -> Self {
        let values = model.fields.iter().map(|field| field.default.clone().unwrap_or(Value::Null)).collect();
        Self::of(model, values)
    }

    fn of(model: &Arc<Model>, values: Vec<Value>) -> Self {
        Self { model: Arc::clone(model), values: Arc::new(values.into()) }
    }

    /// Reads the model's columns from the front of `cells`, in order.
    pub(super) fn read(model: &Arc<Model>, cells: &mut dyn Iterator<Item = Value>) -> Result<Self, StoreError> {
        let mut values = Vec::with_capacity(model.fields.len());
        for field in &model.fields {
            let cell = cells.next().ok_or_else(|| StoreError::internal("a row is too short"))?;
            values.push(cell.into_kind(field.kind, &field.name)?);
        }
        Ok(Self::of(model, values))
    }

    /// The record's model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The values in the order of the model's fields.
    pub fn values(&self) -> &[Value] {
        &self.values.cells
    }

    /// The field's value; `Null` when there is no such field.
    pub fn get(&self, field: &str) -> &Value {
        self.model.position(field).and_then(|index| self.values.cells.get(index)).unwrap_or(&Value::Null)
    }

    /// Sets a field.
    ///
    /// # Errors
    /// `InvalidInput` when there is no such field or the value is of the wrong kind.
    pub fn set(&mut self, field: &str, value: impl Into<Value>) -> Result<(), StoreError> {
        let kind = self.model.field(field)?.kind;
        let value = value.into().fit(kind, field)?;
        let values = Arc::make_mut(&mut self.values);
        values.json.take();
        if let Some(slot) = self.model.position(field).and_then(|index| values.cells.get_mut(index)) {
            *slot = value;
        }
        Ok(())
    }

    /// Gives a new row its id, unless the database makes it.
    ///
    /// # Errors
    /// When the model has no id.
    pub fn set_new_id(&mut self, id: String) -> Result<(), StoreError> {
        if self.model.field("id")?.made_by_database { Ok(()) } else { self.set("id", id) }
    }

    /// The text of a field. Empty when it is null or no text.
    pub fn text(&self, field: &str) -> &str {
        self.opt_text(field).unwrap_or_default()
    }

    /// The text of a field, if it has one.
    pub fn opt_text(&self, field: &str) -> Option<&str> {
        match self.get(field) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number in a field, if it has one.
    pub fn integer(&self, field: &str) -> Option<i64> {
        match self.get(field) {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value of a field, if it has one.
    pub fn boolean(&self, field: &str) -> Option<bool> {
        match self.get(field) {
            Value::Boolean(is_true) => Some(*is_true),
            _ => None,
        }
    }

    /// The moment in a field, if it has one.
    pub fn timestamp(&self, field: &str) -> Option<Timestamp> {
        match self.get(field) {
            Value::Timestamp(at) => Some(*at),
            _ => None,
        }
    }

    /// The fields that may leave the server, in order, `id` last, dates as ISO text.
    pub fn output(&self) -> serde_json::Map<String, serde_json::Value> {
        self.returned().map(|(field, value)| (field.name.clone(), value.to_json())).collect()
    }

    /// Its output as text in JSON. It is written once, for all clones: a session is looked at far more often than it changes.
    pub fn json(&self) -> &str {
        self.values.json.get_or_init(|| {
            // Texts, numbers and truths always have a form in JSON.
            serde_json::to_string(self).unwrap_or_default().into()
        })
    }

    /// Reads the output of [`Record::output`] back. Fields that never leave the server become null. `None` when a
    /// required field is missing or a value is of the wrong kind.
    pub fn from_output(model: &Arc<Model>, output: &serde_json::Map<String, serde_json::Value>) -> Option<Self> {
        let read = |field: &Field| match output.get(&field.name).filter(|_| field.returned) {
            None | Some(serde_json::Value::Null) => (!field.required || !field.returned).then_some(Value::Null),
            Some(json) => Value::from_json(json, field.kind),
        };
        Some(Self::of(model, model.fields.iter().map(read).collect::<Option<_>>()?))
    }

    /// All fields, `id` last, dates as ISO text.
    pub(super) fn full_json(&self) -> serde_json::Map<String, serde_json::Value> {
        let pairs = || self.model.fields.iter().zip(&self.values.cells);
        let id_last = pairs().skip(1).chain(pairs().take(1));
        id_last.map(|(field, value)| (field.name.clone(), value.to_json())).collect()
    }

    /// Reads what [`Record::full_json`] or the reference wrote, which gives some rows no id. `None` when another required
    /// field is missing or a value is of the wrong kind.
    pub fn from_full_json(model: &Arc<Model>, json: &serde_json::Map<String, serde_json::Value>) -> Option<Self> {
        let read = |field: &Field| match json.get(&field.name) {
            None | Some(serde_json::Value::Null) if field.name == "id" => Some(Value::Text(String::new())),
            None | Some(serde_json::Value::Null) => (!field.required).then_some(Value::Null),
            Some(json) => Value::from_json(json, field.kind),
        };
        Some(Self::of(model, model.fields.iter().map(read).collect::<Option<_>>()?))
    }

    fn returned(&self) -> impl Iterator<Item = (&Field, &Value)> {
        let pairs = || self.model.fields.iter().zip(&self.values.cells);
        let id_last = pairs().skip(1).chain(pairs().take(1));
        id_last.filter(|(field, _)| field.returned)
    }
}

/// Serialises like [`Record::output`], without building the map first.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.returned().map(|(field, value)| (&field.name, value)))
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({})", self.model.name)
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.model.name == other.model.name && self.values.cells == other.values.cells
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::Schema;
    use super::*;

    #[test]
    fn output_has_returned_fields_in_order_and_the_id_last() {
        let schema = Schema::core();
        let mut user = Record::new(schema.model("user").unwrap());
        user.set("id", "u1").unwrap();
        user.set("createdAt", Timestamp(0)).unwrap();
        let text = serde_json::to_string(&user.output()).unwrap();
        assert_eq!(
            text,
            r#"{"name":null,"email":null,"emailVerified":false,"image":null,"createdAt":"1970-01-01T00:00:00.000Z","updatedAt":null,"id":"u1"}"#
        );
        let mut account = Record::new(schema.model("account").unwrap());
        account.set("password", "hash").unwrap();
        assert!(!account.output().contains_key("password"));
        for record in [&user, &account] {
            let text = serde_json::to_string(&record.output()).unwrap();
            assert_eq!((record.json(), serde_json::to_string(record).unwrap()), (&*text, text.clone()));
        }
        let before = user.clone();
        user.set("name", "Ada").unwrap();
        assert!(user.json().contains(r#""name":"Ada""#) && before.json().contains(r#""name":null"#));
        drop(before);
        user.set("name", "Countess").unwrap();
        assert!(user.json().contains(r#""name":"Countess""#));
        assert_eq!(format!("{account:?}"), "Record(account)");
    }

    #[test]
    fn output_is_read_back_but_for_what_is_hidden() {
        let schema = Schema::core();
        let mut account = Record::new(schema.model("account").unwrap());
        for field in ["id", "accountId", "providerId", "userId", "password"] {
            account.set(field, field).unwrap();
        }
        account.set("createdAt", Timestamp(1)).unwrap();
        account.set("updatedAt", Timestamp(2)).unwrap();
        let mut output = account.output();
        let read = Record::from_output(account.model(), &output).unwrap();
        account.set("password", Value::Null).unwrap();
        assert_eq!(read, account);
        output.insert("createdAt".into(), 1.into());
        assert!(Record::from_output(account.model(), &output).is_none());
        output.remove("createdAt");
        assert!(Record::from_output(account.model(), &output).is_none());
    }

    #[test]
    fn unknown_fields_read_as_null_and_cannot_be_set() {
        let schema = Schema::core();
        let mut user = Record::new(schema.model("user").unwrap());
        assert!(user.get("nonsense").is_null());
        assert!(user.set("nonsense", 1).is_err());
        assert!(user.set("email", 1).is_err());
        assert_eq!(user.text("image"), "");
    }
}
