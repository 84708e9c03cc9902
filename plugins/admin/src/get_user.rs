//! `GET /admin/get-user`: one user.

use crate::caller::Caller;
use crate::errors::{MAY_NOT_GET, NOT_FOUND};
use doorward_sdk::prelude::*;

pub struct GetUser {
    id: String,
}

impl Input for GetUser {
    fn read(fields: &mut Fields<'_>) -> Self {
        GetUser { id: fields.required("id") }
    }
}

pub fn get_user(_request: &Request, input: GetUser) -> Result<Response> {
    Caller::who_may("user", "get", MAY_NOT_GET)?;
    Response::json(&users::find_by_id(&input.id)?.ok_or(NOT_FOUND)?)
}
