//! Sessions of other people: list them, end one, end all.

use crate::caller::Caller;
use crate::errors::{MAY_NOT_LIST_SESSIONS, MAY_NOT_REVOKE};
use crate::fields::User;
use crate::impersonator;
use doorward_sdk::prelude::*;

/// `POST /admin/list-user-sessions`.
pub fn list_user_sessions(_request: &Request, input: User) -> Result<Response> {
    Caller::who_may("session", "list", MAY_NOT_LIST_SESSIONS)?;
    Response::json(&json!({ "sessions": session_administration::list_of_user(&input.id)? }))
}

pub struct Token {
    token: String,
}

impl Input for Token {
    fn read(fields: &mut Fields<'_>) -> Self {
        Token { token: fields.required("sessionToken") }
    }
}

/// `POST /admin/revoke-user-session`. The answer does not tell whether there was one.
pub fn revoke_user_session(_request: &Request, input: Token) -> Result<Response> {
    Caller::who_may("session", "revoke", MAY_NOT_REVOKE)?;
    session_administration::end(&input.token)?;
    Response::json(&json!({ "success": true }))
}

/// `POST /admin/revoke-user-sessions`.
pub fn revoke_user_sessions(_request: &Request, input: User) -> Result<Response> {
    Caller::who_may("session", "revoke", MAY_NOT_REVOKE)?;
    transactions::run(|| {
        session_administration::end_all(&input.id)?;
        impersonator::end_all_by(&input.id)
    })?;
    Response::json(&json!({ "success": true }))
}
