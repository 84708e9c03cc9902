//! `/webhooks`: other systems that are told of events, and what became of each delivery. For operators.

use serde_json::json;

use super::list_audit::{invalid, number};
use crate::clock::Timestamp;
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::input::Input;
use crate::outbox::events::queue::{self, Wanted};
use crate::store::event::State;

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 200;

/// Answers `{"receivers": [{"name", "form", "origin", "events", "enabled", "disabledAt", "waiting", "oldestWaitingAt",
/// "failed"}]}`, in the order of the configuration.
///
/// # Errors
/// When the store fails.
pub async fn list_webhooks(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let receivers = queue::receivers(&exchange.scope(), &exchange.auth().config).await?;
    let receivers: Vec<_> = receivers.iter().map(queue::Receiver::to_json).collect();
    Ok(Response::json(&json!({ "receivers": receivers })))
}

/// Answers `{"deliveries": [{"id", "event", "kind", "receiver", "state", "attempts", "writtenAt", "nextAttemptAt", "endedAt",
/// "lastError"}], "total"}`, newest first. The query has `receiver`, `state` (`waiting`, `delivered`, `failed`), `id`, `since`
/// (ISO 8601), `limit` (50, at most 200) and `offset`. What an event says is not shown.
///
/// # Errors
/// `VALIDATION_ERROR`.
pub async fn list_webhook_deliveries(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let query = &exchange.request.query;
    let text = |name: &str| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let since = match text("since") {
        None => None,
        Some(text) => Some(Timestamp::parse_iso(&text).ok_or_else(|| invalid("since"))?),
    };
    let state = text("state");
    if state.as_deref().is_some_and(|state| !State::ALL.iter().any(|known| known.name() == state)) {
        return Err(invalid("state"));
    }
    let wanted = Wanted { id: text("id"), receiver: text("receiver"), state, since };
    let limit = number(exchange, "limit")?.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(invalid("limit"));
    }
    let page = (limit, number(exchange, "offset")?.unwrap_or(0));
    let (rows, total) = queue::list(&exchange.scope(), &wanted, page).await?;
    let rows: Vec<_> = rows.iter().map(queue::to_json).collect();
    Ok(Response::json(&json!({ "deliveries": rows, "total": total })))
}

/// Makes deliveries again: answers `{"replayed"}` for the body `{"id"}`, of a delivery or an event, or `{"since"}` (ISO 8601),
/// with all that failed since then; `receiver` says to whom alone.
///
/// # Errors
/// `VALIDATION_ERROR`, and `NOT_FOUND` when no delivery of this id has ended.
pub async fn replay_webhooks(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let id = input.optional_text("id").map(str::to_owned);
    let since = input.optional_text("since").map(str::to_owned);
    let receiver = input.optional_text("receiver").map(str::to_owned);
    input.finish()?;
    let wrong = |text: &str| ApiError::validation(text.to_owned());
    let wanted = match (id, since) {
        (Some(id), None) => Wanted { id: Some(id), receiver, ..Wanted::default() },
        (None, Some(since)) => {
            let since = Timestamp::parse_iso(&since).ok_or_else(|| wrong("[body.since] Invalid input"))?;
            Wanted { since: Some(since), receiver, state: Some("failed".to_owned()), ..Wanted::default() }
        }
        _ => return Err(wrong("[body] Invalid input: expected `id` or `since`")),
    };
    let auth = exchange.auth();
    let replayed = queue::replay(&exchange.scope(), &wanted, auth.now()).await?;
    if replayed == 0 && wanted.id.is_some() {
        return Err(Code::NOT_FOUND.into());
    }
    auth.mail_queued.notify_one();
    Ok(Response::json(&json!({ "replayed": replayed })))
}

/// Lets a receiver that answered 410 get events again: answers `{"enabled"}` for the body `{"receiver"}`.
///
/// # Errors
/// `VALIDATION_ERROR`, and `NOT_FOUND` when it is not disabled.
pub async fn enable_webhook(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let receiver = input.text("receiver").to_owned();
    input.finish()?;
    if !queue::enable(&exchange.scope(), &receiver).await? {
        return Err(Code::NOT_FOUND.into());
    }
    Ok(Response::json(&json!({ "enabled": receiver })))
}
