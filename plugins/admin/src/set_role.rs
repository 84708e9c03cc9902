//! `POST /admin/set-role`: gives a user other roles.

use crate::caller::Caller;
use crate::errors::MAY_NOT_CHANGE_ROLE;
use crate::fields::{UserId, role};
use crate::{impersonation, role_names};
use doorward_sdk::prelude::*;

pub struct SetRole {
    user_id: String,
    role: Value,
}

impl Input for SetRole {
    fn read(fields: &mut Fields<'_>) -> Self {
        let UserId(user_id) = fields.required("userId");
        let role = role(fields);
        if role.is_none() {
            fields.issue("role", "Invalid input");
        }
        SetRole { user_id, role: role.unwrap_or_default() }
    }
}

pub fn set_role(_request: &Request, input: SetRole) -> Result<Response> {
    let caller = Caller::who_may("user", "set-role", MAY_NOT_CHANGE_ROLE)?;
    let role = role_names::to_stored(&input.role, &caller.options)?;
    caller.target(&input.user_id)?;
    caller.require_to_give(&role)?;
    let user = transactions::run(|| {
        let user = users::update(&input.user_id, &json!({ "role": role }))?;
        impersonation::end_without_right(&caller.options, &user)?;
        Ok(user)
    })?;
    caller.renew_copy_of(&user)?;
    Response::json(&json!({ "user": user }))
}
