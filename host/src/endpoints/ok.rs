//! `GET /ok`: shows that the server answers.

use serde_json::json;

use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;

/// Answers `{"ok": true}`.
///
/// # Errors
/// None.
pub async fn ok(_exchange: &mut Exchange) -> Result<Response, ApiError> {
    Ok(Response::json(&json!({ "ok": true })))
}
