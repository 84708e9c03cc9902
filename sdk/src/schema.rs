//! Schemas of answers, for the description of the API.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! let schema = schema::object(&[("seats", schema::list(schema::text())), ("owner", schema::row("user"))]);
//! assert_eq!(schema["properties"]["owner"], json!({ "$ref": "#/components/schemas/User" }));
//! assert_eq!(schema["required"], json!(["seats", "owner"]));
//! ```

use serde_json::{Map, Value, json};

/// An object with these fields; it may have others.
pub fn object(fields: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": names })
}

/// An object whose fields are not told.
pub fn any_object() -> Value {
    json!({ "type": "object" })
}

/// A list.
pub fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// A row of a model, as clients see it: `user`, `session`, or a table of the plugin.
pub fn row(model: &str) -> Value {
    let mut letters = model.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let name: String = first.into_iter().chain(letters).collect();
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A text.
pub fn text() -> Value {
    json!({ "type": "string" })
}

/// True or false.
pub fn boolean() -> Value {
    json!({ "type": "boolean" })
}

/// A whole number.
pub fn integer() -> Value {
    json!({ "type": "integer" })
}
