//! `POST /revoke-sessions`: ends all sessions of the caller, this one included.

use serde_json::json;

use crate::auth::session;
use crate::error::ApiError;
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;

/// Answers `{"status": true}` and removes the cookies.
///
/// # Errors
/// `UNAUTHORIZED`.
pub async fn revoke_sessions(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let user_id = exchange.require_session(SessionNeed::FROM_STORE).await?.user.id().to_owned();
    session::end_all(exchange.auth(), &exchange.scope(), &user_id, None).await?;
    exchange.forget_session();
    exchange.delete_session_cookies();
    Ok(Response::json(&json!({ "status": true })))
}
