//! Function `list-mail`: mails and events that wait to be delivered. For an application's own backend, not for browsers.

use serde_json::json;

use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;
use crate::input::Input;
use crate::outbox::queue;

const DEFAULT_LIMIT: u32 = 100;
const MOST: u32 = 1000;

/// Answers `{"mails": [{"id", "kind", "to", "writtenAt", "attempts", "nextAttemptAt", "lastError"}], "total"}`, the next due first.
/// `limit` (100, at most 1000) and `offset` stand in the query. What the mails say is not shown.
///
/// # Errors
/// `VALIDATION_ERROR`.
pub async fn list_mail(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let (waiting, total) = queue::list(&exchange.scope(), queue::Queue::Mail, page(exchange)?).await?;
    let mails: Vec<_> = waiting.iter().map(queue::Waiting::to_json).collect();
    Ok(Response::json(&json!({ "mails": mails, "total": total })))
}

/// Which rows of a queue the query asks for: `limit` and `offset`.
///
/// # Errors
/// `VALIDATION_ERROR`.
pub(super) fn page(exchange: &Exchange) -> Result<(u32, u32), ApiError> {
    let query = exchange.request.query.to_json();
    let mut input = Input::search(&query);
    let page = read(&mut input);
    input.finish()?;
    Ok(page)
}

/// How many rows, and after how many.
pub(super) fn read(input: &mut Input<'_>) -> (u32, u32) {
    input.optional_page(DEFAULT_LIMIT, MOST)
}
