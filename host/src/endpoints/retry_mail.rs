//! Function `retry-mail`: lets mails and events be tried at once. For an application's own backend, not for browsers.

use serde_json::json;

use super::drop_mail::which;
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::outbox::queue;

/// Answers `{"retried", "dueAnyway"}` for the body `{"id"}` or `{"all": true}`.
///
/// # Errors
/// `VALIDATION_ERROR`, `MAIL_NOT_FOUND`.
pub async fn retry_mail(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let which = which(exchange)?;
    let auth = exchange.auth();
    let retried = queue::retry(&exchange.scope(), queue::Queue::Mail, &which, auth.now()).await?;
    let retried = retried.ok_or(Code::MAIL_NOT_FOUND)?;
    auth.mail_queued.notify_one();
    Ok(Response::json(&json!({ "retried": retried.now, "dueAnyway": retried.anyway })))
}
