//! `POST /revoke-session`: ends one of the caller's sessions.

use serde_json::json;

use crate::auth::{session, session_token};
use crate::error::ApiError;
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;

/// Answers `{"status": true}`, even if the token belongs to no session of the caller.
///
/// # Errors
/// `UNAUTHORIZED`.
pub async fn revoke_session(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let token = read(&mut input);
    input.finish()?;
    let active = exchange.require_session(SessionNeed::FROM_STORE).await?.clone();
    session::end_of_user(exchange.auth(), &exchange.scope(), active.user.id(), &token).await?;
    if session_token::is_same(exchange.auth(), &token, active.session.token()) {
        exchange.forget_session();
        exchange.delete_session_cookies();
    }
    Ok(Response::json(&json!({ "status": true })))
}

/// The session's token.
pub(super) fn read(input: &mut Input<'_>) -> String {
    input.text("token").to_owned()
}
