//! `POST /passkey/update-passkey`: gives one of the caller's passkeys another name.

use crate::errors::{NO_SUCH_PASSKEY, NOT_ALLOWED};
use crate::passkey::{MODEL, Passkey};
use doorward_sdk::prelude::*;

pub struct Update {
    id: String,
    name: String,
}

impl Input for Update {
    fn read(fields: &mut Fields<'_>) -> Self {
        let id = fields.required("id");
        let name = fields.trimmed("name");
        Update { id, name }
    }
}

pub fn update_passkey(_request: &Request, input: Update) -> Result<Response> {
    let session = sessions::require()?;
    let passkey = Passkey::by_id(&input.id)?.ok_or(NO_SUCH_PASSKEY)?;
    if passkey.user_id != session.user.id() {
        return Err(NOT_ALLOWED.into());
    }
    let own = eq("id", &input.id).and(eq("userId", session.user.id()));
    let renamed: Vec<Passkey> = models::update(MODEL, own, &json!({ "name": input.name }))?;
    let renamed = renamed.into_iter().next().ok_or(NO_SUCH_PASSKEY)?;
    Response::json(&json!({ "passkey": renamed }))
}
