//! Schemas of models and fields.

use doorward_contract::FieldType;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

use crate::store::{Field, Model, Owner, Value};

/// The models whose rows clients see, and those of plugins, each with a capital letter.
pub(super) fn all(models: &[Arc<Model>]) -> Json {
    const CORE: [&str; 4] = ["user", "session", "account", "verification"];
    let shown = models.iter().filter(|model| CORE.contains(&&*model.name) || model.owner != Owner::Core);
    let schemas: Map<String, Json> = shown.map(|model| (super::tag(&model.name), of_model(model))).collect();
    schemas.into()
}

/// The fields that the configuration and plugins add to a model.
pub(super) fn additional(model: &Model) -> impl Iterator<Item = &Field> {
    model.fields.iter().filter(|field| field.owner != Owner::Core)
}

/// Adds the fields of a model that clients may set to what is read of a body. `is_new` is a body that makes a row.
pub(super) fn add_fields(body: &mut Map<String, Json>, model: &Model, is_new: bool) {
    let fields: Vec<&Field> = additional(model).filter(|field| field.input).collect();
    let Json::Object(properties) = body.entry("properties").or_insert_with(|| json!({})) else { return };
    for field in &fields {
        properties.entry(&field.name).or_insert_with(|| field_schema(field));
    }
    let needed = fields.iter().filter(|field| is_new && field.required && field.default.is_none());
    let needed: Vec<Json> = needed.map(|field| field.name.clone().into()).collect();
    if needed.is_empty() {
        return;
    }
    if let Json::Array(required) = body.entry("required").or_insert_with(|| json!([])) {
        required.extend(needed);
    }
}

fn of_model(model: &Model) -> Json {
    let shown = || model.fields.iter().filter(|field| field.returned);
    let properties: Map<String, Json> = shown().map(|field| (field.name.clone(), field_schema(field))).collect();
    let required: Vec<&str> = shown().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// The values that a field has in JSON.
pub fn field_schema(field: &Field) -> Json {
    let (kind, mut schema) = match field.kind {
        FieldType::String => ("string", json!({})),
        FieldType::Number | FieldType::Bigint => ("integer", json!({})),
        FieldType::Boolean => ("boolean", json!({})),
        FieldType::Date => ("string", json!({ "format": "date-time" })),
        FieldType::Strings => ("array", json!({ "items": { "type": "string" } })),
        FieldType::Numbers => ("array", json!({ "items": { "type": "number" } })),
        FieldType::Json => return json!({}),
    };
    if let Json::Object(schema) = &mut schema {
        schema.insert("type".to_owned(), if field.required { json!(kind) } else { json!([kind, "null"]) });
        if let (FieldType::String, Some(length)) = (field.kind, field.max_length) {
            schema.insert("maxLength".to_owned(), length.into());
        }
        if let Some(default) = field.default.as_ref().and_then(plain) {
            schema.insert("default".to_owned(), default);
        }
        if !field.input {
            schema.insert("readOnly".to_owned(), true.into());
        }
    }
    schema
}

/// A default as JSON says it; a moment is none.
fn plain(value: &Value) -> Option<Json> {
    match value {
        Value::Text(text) => Some(text.clone().into()),
        Value::Integer(number) => Some((*number).into()),
        Value::Boolean(is_true) => Some((*is_true).into()),
        Value::Json(json) => Some(json.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, kind: FieldType) -> Field {
        Field { owner: Owner::Config, ..Field::new(name, kind) }
    }

    #[test]
    fn a_field_is_what_it_holds() {
        assert_eq!(field_schema(&field("a", FieldType::String)), json!({ "type": ["string", "null"] }));
        let plan = Field {
            required: true,
            input: false,
            max_length: Some(9),
            default: Some(Value::Text("free".into())),
            ..field("plan", FieldType::String)
        };
        let expected = json!({ "type": "string", "maxLength": 9, "default": "free", "readOnly": true });
        assert_eq!(field_schema(&plan), expected);
        assert_eq!(field_schema(&field("any", FieldType::Json)), json!({}));
        let tags = json!({ "items": { "type": "string" }, "type": ["array", "null"] });
        assert_eq!(field_schema(&field("tags", FieldType::Strings)), tags);
    }

    #[test]
    fn hidden_fields_are_not_shown_and_needed_ones_are_asked_for() {
        let company = Field { required: true, ..field("company", FieldType::String) };
        let hidden = Field { returned: false, input: false, ..field("secret", FieldType::String) };
        let model = Model {
            name: "user".into(),
            table: "user".into(),
            fields: vec![company, hidden, Field::new("name", FieldType::String)],
            owner: Owner::Core,
            unique: Vec::new(),
            expires_at: None,
        };
        assert_eq!(of_model(&model)["properties"].get("secret"), None);
        assert_eq!(of_model(&model)["required"], json!(["company"]));
        for (is_new, required) in [(true, Some(json!(["company"]))), (false, None)] {
            let mut body = Map::new();
            add_fields(&mut body, &model, is_new);
            assert_eq!(body["properties"], json!({ "company": { "type": "string" } }));
            assert_eq!(body.get("required").cloned(), required);
        }
    }
}
