//! Fields of a user beside the core's, as texts at a terminal and in files give them.

use crate::store::{Field, FieldType, Model, Owner, Value};

/// A field that every user has, and that `values` lack.
pub fn missing<'m>(model: &'m Model, values: &[(String, Value)]) -> Option<&'m Field> {
    model.fields.iter().find(|field| {
        let is_given = values.iter().any(|(name, _)| *name == field.name);
        field.owner != Owner::Core && field.required && field.default.is_none() && !is_given
    })
}

/// The value of a text: a text is written as it is, everything else as JSON.
pub fn read(kind: FieldType, text: &str) -> Option<Value> {
    let json = match kind {
        FieldType::String | FieldType::Date => text.into(),
        _ => serde_json::from_str(text).ok()?,
    };
    Value::from_json(&json, kind)
}
