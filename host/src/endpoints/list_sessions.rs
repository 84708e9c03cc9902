//! `GET /list-sessions`: the caller's live sessions.

use serde_json::Value as Json;

use crate::auth::session;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;

/// Answers an array, oldest first. Of more than a hundred sessions, it has the newest hundred.
///
/// # Errors
/// `UNAUTHORIZED`, `SESSION_NOT_FRESH`.
pub async fn list_sessions(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let user_id = exchange.require_fresh_session().await?.user.id().to_owned();
    let sessions = session::list(exchange.auth(), &exchange.scope(), &user_id).await?;
    Ok(Response::json(&sessions.iter().map(|session| Json::from(session.0.output())).collect()))
}
