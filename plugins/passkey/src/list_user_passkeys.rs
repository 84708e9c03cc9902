//! `GET /passkey/list-user-passkeys`: the caller's own, oldest first.

use crate::passkey::Passkey;
use doorward_sdk::prelude::*;

pub fn list_user_passkeys(_request: &Request, (): ()) -> Result<Response> {
    let session = sessions::require()?;
    Response::json(&Passkey::of_user(&session.user.id())?)
}
