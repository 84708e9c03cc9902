//! `GET /audit/export`: events of the audit log as JSON lines, newest first. For operators.

use std::fmt::Write;

use super::list_audit::Wanted;
use crate::auth::audit;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;
use crate::input::Input;

/// Events of one answer; `x-next-before` says where the next one goes on.
const MOST: u32 = 10_000;
/// Events that are read at once.
const BATCH: u32 = 500;

/// Answers one event a line, at most ten thousand. The query is that of `GET /audit`, without `limit`. The header
/// `x-next-before` is there when there are more: the `before` of the next export.
///
/// # Errors
/// `VALIDATION_ERROR`.
pub async fn export_audit(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let given = exchange.request.query.to_json();
    let mut input = Input::search(&given);
    let wanted = Wanted::read(&mut input);
    input.finish()?;
    let mut query = wanted.query(exchange.auth());
    let scope = exchange.scope().lagging(exchange.auth());
    let (mut text, mut left) = (String::new(), MOST);
    let next = loop {
        let page = audit::list(&scope, &query, BATCH.min(left)).await?;
        for row in &page.rows {
            _ = writeln!(text, "{}", audit::to_json(row));
        }
        left -= BATCH.min(left);
        query.before = page.next;
        if page.next.is_none() || left == 0 {
            break page.next;
        }
    };
    let mut response = Response::with_type(200, "application/x-ndjson; charset=utf-8", text);
    response.headers.push("content-disposition", "attachment; filename=\"audit.jsonl\"");
    if let Some(next) = next {
        response.headers.push("x-next-before", next.to_string());
    }
    Ok(response)
}
