//! `POST /passkey/delete-passkey`: removes one of the caller's passkeys.

use crate::errors::NO_SUCH_PASSKEY;
use crate::passkey::{MODEL, Passkey};
use doorward_sdk::prelude::*;

pub struct Delete {
    id: String,
}

impl Input for Delete {
    fn read(fields: &mut Fields<'_>) -> Self {
        Delete { id: fields.required("id") }
    }
}

pub fn delete_passkey(_request: &Request, input: Delete) -> Result<Response> {
    let session = sessions::require()?;
    let passkey = Passkey::by_id(&input.id)?.ok_or(NO_SUCH_PASSKEY)?;
    if passkey.user_id != session.user.id() {
        return Ok(Response::empty(401));
    }
    models::delete(MODEL, eq("id", &input.id).and(eq("userId", session.user.id())))?;
    Response::json(&json!({ "status": true }))
}
