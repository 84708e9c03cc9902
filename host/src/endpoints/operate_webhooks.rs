//! `/webhooks`: other systems that are told of events, and what became of each delivery. For operators.

use serde_json::json;

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
    let query = exchange.request.query.to_json();
    let mut input = Input::search(&query);
    let (wanted, page) = read_search(&mut input);
    input.finish()?;
    let (rows, total) = queue::list(&exchange.scope(), &wanted, page).await?;
    let rows: Vec<_> = rows.iter().map(queue::to_json).collect();
    Ok(Response::json(&json!({ "deliveries": rows, "total": total })))
}

/// Which deliveries are looked for, and which of them are shown: `limit` and `offset`.
pub(super) fn read_search(input: &mut Input<'_>) -> (Wanted, (u32, u32)) {
    let states = State::ALL.map(State::name);
    let wanted = Wanted {
        id: input.optional_text("id").map(str::to_owned),
        receiver: input.optional_text("receiver").map(str::to_owned),
        state: input.optional_choice("state", &states).map(str::to_owned),
        since: input.optional_moment("since"),
    };
    (wanted, (input.optional_limit(DEFAULT_LIMIT, MOST), input.optional_offset()))
}

/// Makes deliveries again: answers `{"replayed"}` for the body `{"id"}`, of a delivery or an event, or `{"since"}` (ISO 8601),
/// with all that failed since then; `receiver` says to whom alone.
///
/// # Errors
/// `VALIDATION_ERROR`, and `NOT_FOUND` when no delivery of this id has ended.
pub async fn replay_webhooks(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let wanted = read_replay(&mut input);
    input.finish()?;
    let auth = exchange.auth();
    let replayed = queue::replay(&exchange.scope(), &wanted, auth.now()).await?;
    if replayed == 0 && wanted.id.is_some() {
        return Err(Code::NOT_FOUND.into());
    }
    auth.mail_queued.notify_one();
    Ok(Response::json(&json!({ "replayed": replayed })))
}

/// Which deliveries are made again: those of an id, or all that failed since a moment.
pub(super) fn read_replay(input: &mut Input<'_>) -> Wanted {
    let (id, since) = (input.optional_text("id"), input.optional_moment("since"));
    input.either([("id", id.is_some()), ("since", since.is_some())]);
    Wanted {
        id: id.map(str::to_owned),
        receiver: input.optional_text("receiver").map(str::to_owned),
        state: id.is_none().then(|| State::Failed.name().to_owned()),
        since,
    }
}

/// Lets a receiver that answered 410 get events again: answers `{"enabled"}` for the body `{"receiver"}`.
///
/// # Errors
/// `VALIDATION_ERROR`, and `NOT_FOUND` when it is not disabled.
pub async fn enable_webhook(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let receiver = read_receiver(&mut input);
    input.finish()?;
    if !queue::enable(&exchange.scope(), receiver).await? {
        return Err(Code::NOT_FOUND.into());
    }
    Ok(Response::json(&json!({ "enabled": receiver })))
}

/// The receiver's name.
pub(super) fn read_receiver<'a>(input: &mut Input<'a>) -> &'a str {
    input.text("receiver")
}
