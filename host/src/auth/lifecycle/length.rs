//! How long values of users and sessions may be, so that no row makes a list, a cookie or a token too large.

use crate::auth::AuthError;
use crate::error::ApiError;
use crate::store::{Field, Model, Record, Value};

/// Refuses a new row with a value that is too long.
///
/// # Errors
/// `VALIDATION_ERROR`
pub(super) fn check_row(row: &Record) -> Result<(), AuthError> {
    row.model().fields.iter().zip(row.values()).try_for_each(|(field, value)| check(field, value))
}

/// Refuses to set a value that is too long.
///
/// # Errors
/// `VALIDATION_ERROR`
pub(super) fn check_values(model: &Model, values: &[(&str, Value)]) -> Result<(), AuthError> {
    values.iter().try_for_each(|(name, value)| check(model.field(name)?, value))
}

fn check(field: &Field, value: &Value) -> Result<(), AuthError> {
    let Some(most) = field.max_length else { return Ok(()) };
    let units = |text: &str| text.encode_utf16().count();
    let is_long = match value {
        Value::Text(text) => text.len() > most && units(text) > most,
        Value::Json(json) => units(&json.to_string()) > most,
        _ => false,
    };
    if is_long {
        let problem = format!("[body.{}] Too big: expected string to have <={most} characters", field.name);
        return Err(AuthError::Refused(ApiError::validation(problem)));
    }
    Ok(())
}
