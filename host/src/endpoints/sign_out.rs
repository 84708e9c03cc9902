//! `POST /sign-out`: ends the caller's session and removes its cookies.

use serde_json::json;

use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;

/// Answers `{"success": true}`, with or without a session. Nobody who sees the change has a say in it.
///
/// # Errors
/// When the store fails.
pub async fn sign_out(exchange: &mut Exchange) -> Result<Response, ApiError> {
    if let Some(token) = exchange.session_token() {
        let scope = exchange.scope().certain();
        exchange.end_session(&scope, &token).await?;
    }
    exchange.delete_session_cookies();
    Ok(Response::json(&json!({ "success": true })))
}
