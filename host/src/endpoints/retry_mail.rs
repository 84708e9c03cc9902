//! Function `retry-mail`: lets mails and events be tried at once. For an application's own backend, not for browsers.

use serde_json::json;

use super::drop_mail::which;
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::outbox::queue::{self, Queue};

/// Answers `{"retried", "dueAnyway"}` for the body `{"id"}` or `{"all": true}`.
///
/// # Errors
/// `VALIDATION_ERROR`, `MAIL_NOT_FOUND`.
pub async fn retry_mail(exchange: &mut Exchange) -> Result<Response, ApiError> {
    retry(exchange, Queue::Mail, Code::MAIL_NOT_FOUND).await
}

/// Lets rows of a queue be tried at once, and answers how many.
///
/// # Errors
/// `VALIDATION_ERROR`, or `absent` when there is none of the body's id.
pub(super) async fn retry(exchange: &Exchange, of: Queue, absent: Code) -> Result<Response, ApiError> {
    let which = which(exchange)?;
    let auth = exchange.auth();
    let retried = queue::retry(&exchange.scope(), of, &which, auth.now()).await?.ok_or(absent)?;
    auth.mail_queued.notify_one();
    Ok(Response::json(&json!({ "retried": retried.now, "dueAnyway": retried.anyway })))
}
