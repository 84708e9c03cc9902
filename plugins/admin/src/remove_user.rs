//! `POST /admin/remove-user`: removes a user with everything that is theirs.

use crate::caller::Caller;
use crate::errors::{MAY_NOT_DELETE, NOT_FOUND, NOT_REMOVE_YOURSELF};
use crate::fields::User;
use doorward_sdk::prelude::*;

pub fn remove_user(_request: &Request, input: User) -> Result<Response> {
    let caller = Caller::who_may("user", "delete", MAY_NOT_DELETE)?;
    if input.id == caller.id() {
        return Err(NOT_REMOVE_YOURSELF.into());
    }
    caller.target(&input.id)?;
    if !user_administration::delete(&input.id)? {
        return Err(NOT_FOUND.into());
    }
    Response::json(&json!({ "success": true }))
}
