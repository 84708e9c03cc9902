//! `POST /revoke-other-sessions`: ends all sessions of the caller but this one.

use serde_json::json;

use crate::auth::session;
use crate::error::ApiError;
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;

/// Answers `{"status": true}`.
///
/// # Errors
/// `UNAUTHORIZED`.
pub async fn revoke_other_sessions(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let active = exchange.require_session(SessionNeed::FROM_STORE).await?.clone();
    let auth = exchange.auth();
    session::end_all(auth, &exchange.scope(), active.user.id(), Some(active.session.token())).await?;
    Ok(Response::json(&json!({ "status": true })))
}
