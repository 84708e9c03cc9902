//! `GET /audit/counts`: sign-ins and failures by the hour. For operators.

use serde_json::json;

use crate::auth::audit;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;

const HOURS: u32 = 24;

/// Answers `{"hours": [{"from", "signIns", "failures"}]}`: the present hour and the 23 before it, the oldest first, in UTC.
///
/// # Errors
/// When the store fails.
pub async fn count_audit(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let counts = audit::counts(&exchange.scope().lagging(exchange.auth()), exchange.auth().now(), HOURS).await?;
    let hours: Vec<_> = counts.into_iter().map(audit::HourCount::to_json).collect();
    Ok(Response::json(&json!({ "hours": hours })))
}
