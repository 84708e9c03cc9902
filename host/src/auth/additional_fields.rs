//! Reads fields that the configuration or a plugin adds to a model from what a client sent.
//!
//! Source: the reference's `parseInputData`, and `core-user/additional-fields.json` of the wire contract.

use serde_json::{Map, Value as Json};

use super::Auth;
use super::lifecycle::Action;
use crate::clock::Timestamp;
use crate::config::AdditionalFieldType;
use crate::error::ApiError;
use crate::store::{Field, FieldKind, Owner, Value};

/// The fields beside the core's that `given` may set on a row of `model` (`user` or `session`), of the right kinds, in
/// the order of the schema. Other keys of `given` are not looked at.
///
/// # Errors
/// `MISSING_FIELD` when a new row needs a value; `FIELD_NOT_ALLOWED` for a field that clients may not set, unless it has
/// a default and the row is new: then that counts; `VALIDATION_ERROR` for a value of another kind.
pub fn read(
    auth: &Auth,
    model: &str,
    given: &Map<String, Json>,
    action: Action,
) -> Result<Vec<(String, Value)>, ApiError> {
    let schema_model = auth.schema().model(model)?;
    let mut fields = Vec::new();
    for field in schema_model.fields.iter().filter(|field| field.owner != Owner::Core) {
        let is_new = action == Action::Create;
        match given.get(&field.name) {
            Some(value) if field.input => {
                let value = to_value(auth, model, field, value).ok_or_else(|| wrong_kind(auth, model, field, value))?;
                fields.push((field.name.clone(), value));
            }
            Some(value) if is_truthy(value) && !(is_new && field.default.is_some()) => {
                let message = format!("{} is not allowed to be set", field.name);
                return Err(ApiError::new(400, "FIELD_NOT_ALLOWED", message));
            }
            None if is_new && field.required && field.default.is_none() => {
                return Err(ApiError::new(400, "MISSING_FIELD", format!("{} is required", field.name)));
            }
            Some(_) | None => {}
        }
    }
    Ok(fields)
}

/// What JavaScript takes for true: the reference lets an empty value of a forbidden field pass unheeded.
pub fn is_truthy(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(is_true) => *is_true,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(_) | Json::Object(_) => true,
    }
}

fn to_value(auth: &Auth, model: &str, field: &Field, value: &Json) -> Option<Value> {
    Some(match (value, field.kind) {
        (Json::Null, _) if !field.required => Value::Null,
        (Json::String(text), FieldKind::Text) => Value::Text(text.clone()),
        (Json::Number(number), FieldKind::Integer) => Value::Integer(whole(number)?),
        (Json::Bool(is_true), FieldKind::Boolean) => Value::Boolean(*is_true),
        (Json::String(text), FieldKind::Timestamp) => Value::Timestamp(Timestamp::parse_iso(text)?),
        (value, FieldKind::Json) if has_shape(configured_type(auth, model, field), value) => Value::Json(value.clone()),
        _ => return None,
    })
}

/// JSON knows no difference between 3 and 3.0.
fn whole(number: &serde_json::Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let from_float = || number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT);
    #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
    number.as_i64().or_else(|| from_float().map(|float| float as i64))
}

fn has_shape(kind: Option<AdditionalFieldType>, value: &Json) -> bool {
    let all = |is_right: fn(&Json) -> bool| value.as_array().is_some_and(|items| items.iter().all(is_right));
    match kind {
        Some(AdditionalFieldType::Strings) => all(Json::is_string),
        Some(AdditionalFieldType::Numbers) => all(Json::is_number),
        _ => true,
    }
}

/// The type that the operator gave the field; a plugin's field has none.
fn configured_type(auth: &Auth, model: &str, field: &Field) -> Option<AdditionalFieldType> {
    let config = &auth.config;
    let fields = if model == "user" { &config.user.additional_fields } else { &config.session.additional_fields };
    fields.get(&field.name).map(|options| options.kind)
}

fn wrong_kind(auth: &Auth, model: &str, field: &Field, value: &Json) -> ApiError {
    let expected = match (configured_type(auth, model, field), field.kind) {
        (Some(AdditionalFieldType::Strings), _) => "array of strings",
        (Some(AdditionalFieldType::Numbers), _) => "array of numbers",
        (_, FieldKind::Text) => "string",
        (_, FieldKind::Integer) => "integer",
        (_, FieldKind::Boolean) => "boolean",
        (_, FieldKind::Timestamp) => "date",
        (_, FieldKind::Json) => "json",
    };
    let received = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    ApiError::validation(format!("[body.{}] Invalid input: expected {expected}, received {received}", field.name))
}
