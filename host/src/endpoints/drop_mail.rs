//! Function `drop-mail`: removes mails and events that wait. For an application's own backend, not for browsers.

use serde_json::json;

use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::input::Input;
use crate::outbox::queue::{self, Queue, Which};

/// Answers `{"dropped"}` for the body `{"id"}` or `{"all": true}`.
///
/// # Errors
/// `VALIDATION_ERROR`, `MAIL_NOT_FOUND`.
pub async fn drop_mail(exchange: &mut Exchange) -> Result<Response, ApiError> {
    discard(exchange, Queue::Mail, Code::MAIL_NOT_FOUND).await
}

/// Removes rows of a queue, and answers how many.
///
/// # Errors
/// `VALIDATION_ERROR`, or `absent` when there is none of the body's id.
pub(super) async fn discard(exchange: &Exchange, of: Queue, absent: Code) -> Result<Response, ApiError> {
    let which = which(exchange)?;
    let dropped = queue::discard(&exchange.scope(), of, &which).await?;
    if dropped == 0 && matches!(which, Which::One(_)) {
        return Err(absent.into());
    }
    Ok(Response::json(&json!({ "dropped": dropped })))
}

/// The deliveries that a body names: one by its id, or all.
///
/// # Errors
/// `VALIDATION_ERROR` for a body that names none or both.
pub(super) fn which(exchange: &Exchange) -> Result<Which, ApiError> {
    let mut input = Input::body(exchange.request.body.as_ref());
    let which = read(&mut input);
    input.finish()?;
    Ok(which)
}

/// One by its id, or all.
pub(super) fn read(input: &mut Input<'_>) -> Which {
    let (id, all) = (input.optional_text("id"), input.optional_boolean("all"));
    input.either([("id", id.is_some()), ("all", all == Some(true))]);
    id.map_or(Which::All, |id| Which::One(id.to_owned()))
}
