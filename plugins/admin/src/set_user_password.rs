//! `POST /admin/set-user-password`: gives a user another password, or their first.

use crate::caller::Caller;
use crate::errors::{MAY_NOT_SET_PASSWORD, MORE_PERMISSIONS, NOT_FOUND};
use crate::fields::{Any, UserId};
use doorward_sdk::prelude::*;

pub const REFUSALS: &[ErrorCode] =
    &[MAY_NOT_SET_PASSWORD, MORE_PERMISSIONS, NOT_FOUND, ErrorCode::PASSWORD_TOO_SHORT, ErrorCode::PASSWORD_TOO_LONG];

pub struct SetUserPassword {
    user_id: String,
    new_password: String,
}

impl Input for SetUserPassword {
    fn read(fields: &mut Fields<'_>) -> Self {
        let new_password: String = fields.required("newPassword");
        refuse_empty(fields, "newPassword", &new_password);
        let UserId(user_id) = fields.required("userId");
        refuse_empty(fields, "userId", &user_id);
        SetUserPassword { user_id, new_password }
    }
}

/// A field that is missing, or of another type, was refused already.
fn refuse_empty(fields: &mut Fields<'_>, name: &str, value: &str) {
    let given = fields.optional(name).map(|Any(given)| given);
    let is_text = |given: &Value| !given.is_number() && !given.is_boolean() && !given.is_null();
    if value.is_empty() && given.as_ref().is_some_and(|given| given.is_string() || (name == "userId" && is_text(given)))
    {
        fields.issue(name, &format!("{name} cannot be empty"));
    }
}

pub fn set_user_password(_request: &Request, input: SetUserPassword) -> Result<Response> {
    let caller = Caller::who_may("user", "set-password", MAY_NOT_SET_PASSWORD)?;
    caller.require_over_any(&input.user_id)?;
    let ends_sessions = caller.options.revoke_sessions_on_set_password;
    user_administration::set_password(&input.user_id, &input.new_password, ends_sessions).map_err(
        |error| match error {
            Error::Host(HostError::Invalid(_)) => NOT_FOUND.into(),
            other => other,
        },
    )?;
    Response::json(&json!({ "status": true }))
}
