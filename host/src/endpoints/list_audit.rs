//! `GET /audit`: events of the audit log, newest first. For operators.

use std::str::FromStr;

use serde_json::json;

use crate::auth::Tag;
use crate::auth::audit::{self, AuditQuery};
use crate::clock::Timestamp;
use crate::email;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 200;

/// Answers `{"events": [{"seq", "at", "event", "outcome", "actorKind", "actor", …}], "next"}`; `next` is the `before` of the
/// next page. The query has `user` (who did it, or to whom it was done), `email`, `event`, `outcome` (`done`, `refused`),
/// `from`, `until` (ISO 8601), `before` and `limit` (50, at most 200).
///
/// # Errors
/// `VALIDATION_ERROR`.
pub async fn list_audit(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let query = wanted(exchange)?;
    let limit = number(exchange, "limit")?.map_or(DEFAULT_LIMIT, |limit: i64| u32::try_from(limit).unwrap_or(0));
    if !(1..=MOST).contains(&limit) {
        return Err(invalid("limit"));
    }
    let page = audit::list(&exchange.scope().lagging(exchange.auth()), &query, limit).await?;
    let events: Vec<_> = page.rows.iter().map(audit::to_json).collect();
    Ok(Response::json(&json!({ "events": events, "next": page.next })))
}

/// The conditions in the query.
///
/// # Errors
/// `VALIDATION_ERROR`.
pub(super) fn wanted(exchange: &Exchange) -> Result<AuditQuery, ApiError> {
    let query = &exchange.request.query;
    let text = |name: &str| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let date = |name: &'static str| match text(name) {
        None => Ok(None),
        Some(text) => Timestamp::parse_iso(&text).map(Some).ok_or_else(|| invalid(name)),
    };
    let outcome = text("outcome");
    if outcome.as_deref().is_some_and(|outcome| !matches!(outcome, "done" | "refused")) {
        return Err(invalid("outcome"));
    }
    let account = text("email").map(|address| exchange.auth().tag(Tag::Account, &email::normalize(&address)));
    Ok(AuditQuery {
        user: text("user"),
        account,
        event: text("event"),
        outcome,
        from: date("from")?,
        until: date("until")?,
        before: number(exchange, "before")?,
    })
}

/// A number in the query; `None` when it is not there.
///
/// # Errors
/// `VALIDATION_ERROR`.
pub(super) fn number<T: FromStr>(exchange: &Exchange, name: &str) -> Result<Option<T>, ApiError> {
    match exchange.request.query.get(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| invalid(name)),
    }
}

pub(super) fn invalid(name: &str) -> ApiError {
    ApiError::validation(format!("[query.{name}] Invalid input"))
}
