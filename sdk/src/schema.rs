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
///
/// ```
/// use doorward_sdk::prelude::*;
/// let route = Route::get("/seats/mine", |_request, ()| Response::json(&json!({ "seat": 7, "window": true })))
///     .answers(|| schema::object(&[("seat", schema::integer()), ("window", schema::boolean())]));
/// # let _ = Plugin::new("seats", "1.0.0").route(route);
/// # let answer = schema::object(&[("seat", schema::integer()), ("window", schema::boolean())]);
/// assert_eq!(answer["properties"]["seat"], json!({ "type": "integer" }));
/// ```
pub fn object(fields: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": names })
}

/// An object whose fields are not told.
///
/// ```
/// use doorward_sdk::prelude::*;
/// let settings = schema::object(&[("theme", schema::text()), ("extra", schema::any_object())]);
/// assert_eq!(settings["properties"]["extra"], json!({ "type": "object" }));
/// ```
pub fn any_object() -> Value {
    json!({ "type": "object" })
}

/// A list.
///
/// ```
/// use doorward_sdk::prelude::*;
/// let people = schema::list(schema::row("user"));
/// assert_eq!(people["items"]["$ref"], "#/components/schemas/User");
/// ```
pub fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// A row of a model, as clients see it: `user`, `session`, or a table of the plugin.
///
/// ```
/// use doorward_sdk::prelude::*;
/// assert_eq!(schema::row("inviteCode"), json!({ "$ref": "#/components/schemas/InviteCode" }));
/// ```
pub fn row(model: &str) -> Value {
    let mut letters = model.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let name: String = first.into_iter().chain(letters).collect();
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A text.
///
/// ```
/// use doorward_sdk::prelude::*;
/// assert_eq!(schema::object(&[("code", schema::text())])["properties"]["code"]["type"], "string");
/// ```
pub fn text() -> Value {
    json!({ "type": "string" })
}

/// True or false.
///
/// ```
/// use doorward_sdk::prelude::*;
/// let done = schema::object(&[("status", schema::boolean())]);
/// assert_eq!((&done["properties"]["status"]["type"], &done["required"][0]), (&json!("boolean"), &json!("status")));
/// ```
pub fn boolean() -> Value {
    json!({ "type": "boolean" })
}

/// A whole number.
///
/// ```
/// use doorward_sdk::prelude::*;
/// let page = schema::object(&[("total", schema::integer()), ("codes", schema::list(schema::row("code")))]);
/// assert_eq!(page["properties"]["total"]["type"], "integer");
/// ```
pub fn integer() -> Value {
    json!({ "type": "integer" })
}
