//! Free fields that administrators give to users, and what the host says when they cannot be written.

use crate::errors::USER_EXISTS;
use doorward_sdk::VALIDATION_ERROR;
use doorward_sdk::prelude::*;

/// Its message names the field.
pub const VALUE_TAKEN: ErrorCode = ErrorCode::new(400, "VALUE_TAKEN", "");

/// Whether a ban is among the fields.
pub fn names_ban(data: &Map<String, Value>) -> bool {
    ["banned", "banReason", "banExpires"].iter().any(|field| data.contains_key(*field))
}

/// Fields of the core and of this plugin, and those that have actions of their own.
const NAMED: [&str; 12] = [
    "name",
    "email",
    "emailVerified",
    "image",
    "role",
    "banned",
    "banReason",
    "banExpires",
    "username",
    "displayUsername",
    "phoneNumber",
    "phoneNumberVerified",
];

/// Whether a field is among them that neither the core nor the operator nor this plugin gave to users. Such a field may decide
/// how the user signs in, as `twoFactorEnabled` does.
pub fn names_field_of_others(data: &Map<String, Value>) -> Result<bool> {
    let section: Map<String, Value> = config::core_options("user")?;
    let additional = section.get("additional_fields").and_then(Value::as_object);
    let is_additional = |name: &String| additional.is_some_and(|fields| fields.contains_key(name));
    Ok(data.keys().any(|name| !NAMED.contains(&name.as_str()) && !is_additional(name)))
}

/// Adds what a change of a ban leaves out: a ban without an end has none, whatever end an earlier one had, and who is not
/// banned has neither reason nor end.
pub fn complete_ban(data: &mut Map<String, Value>) {
    let missing: &[&str] = match data.get("banned").and_then(Value::as_bool) {
        Some(true) => &["banExpires"],
        Some(false) => &["banReason", "banExpires"],
        None => &[],
    };
    for field in missing {
        data.entry(*field).or_insert(Value::Null);
    }
}

/// A value that a field cannot hold, or that someone else has, is the caller's mistake.
pub fn refusal(error: Error) -> Error {
    match error {
        Error::Host(HostError::Conflict(field)) if field.contains("email") => USER_EXISTS.into(),
        Error::Host(HostError::Conflict(field)) => {
            Error::new(VALUE_TAKEN.status, VALUE_TAKEN.code(), format!("{field} is taken already"))
        }
        Error::Host(HostError::Invalid(reason)) => Error::new(400, VALIDATION_ERROR, reason),
        other => other,
    }
}
