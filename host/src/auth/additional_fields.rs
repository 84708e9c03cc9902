//! Reads fields that the configuration or a plugin adds to a model from what a client sent.
//!
//! Source: the reference's `parseInputData`, and `core-user/additional-fields.json` of the wire contract.

use doorward_contract::{FieldType, mismatch};
use serde_json::{Map, Value as Json};

use super::Auth;
use super::lifecycle::Action;
use crate::error::ApiError;
use crate::store::{Field, Owner, Value};

/// The fields beside the core's that `given` may set on a row of `model` (`user` or `session`), of the right kinds, in
/// the order of the schema. Other keys of `given` are not looked at.
///
/// # Errors
/// `MISSING_FIELD` when a new row needs a value; `FIELD_NOT_ALLOWED` for a field that clients may not set now, unless it has
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
            Some(value) if field.input || (is_new && field.sign_up_input) => {
                let value = to_value(field, value).ok_or_else(|| wrong_kind(field, value))?;
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

fn to_value(field: &Field, value: &Json) -> Option<Value> {
    Some(match (value, field.kind) {
        (Json::Null, _) if !field.required => Value::Null,
        (Json::Number(number), FieldType::Number | FieldType::Bigint) => Value::Integer(whole(number)?),
        (value, kind) => Value::from_json(value, kind)?,
    })
}

/// JSON knows no difference between 3 and 3.0.
fn whole(number: &serde_json::Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let from_float = || number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT);
    #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
    number.as_i64().or_else(|| from_float().map(|float| float as i64))
}

fn wrong_kind(field: &Field, value: &Json) -> ApiError {
    let expected = match field.kind {
        FieldType::String => "string",
        FieldType::Number | FieldType::Bigint => "integer",
        FieldType::Boolean => "boolean",
        FieldType::Date => "date",
        FieldType::Strings => "array of strings",
        FieldType::Numbers => "array of numbers",
        FieldType::Json => "json",
    };
    ApiError::validation(format!("[body.{}] {}", field.name, mismatch(expected, Some(value))))
}
