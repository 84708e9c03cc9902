//! `GET /jobs`, `POST /jobs/retry` and `POST /jobs/drop`: what plugins do beside requests, tried at once or dropped. For operators.

use serde_json::{Value as Json, json};

use super::drop_mail::discard;
use super::list_mail::page;
use super::retry_mail::retry;
use crate::error::{ApiError, Code};
use crate::exchange::Exchange;
use crate::http::Response;
use crate::outbox::queue::{self, Queue, Waiting};

/// Answers `{"jobs": [{"id", "plugin", "kind", "state", "writtenAt", "attempts", "nextAttemptAt", "lastError"}], "total"}`, the
/// next due first. `state` is `waits` or `failed`; what failed has no next attempt. `limit` (100, at most 1000) and `offset` stand
/// in the query. What a job is given is not shown.
///
/// # Errors
/// `VALIDATION_ERROR`.
pub async fn list_jobs(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let (waiting, total) = queue::list(&exchange.scope(), Queue::Jobs, page(exchange)?).await?;
    let jobs: Vec<Json> = waiting.iter().map(shown).collect();
    Ok(Response::json(&json!({ "jobs": jobs, "total": total })))
}

fn shown(job: &Waiting) -> Json {
    let has_failed = job.failed_at.is_some();
    json!({
        "id": job.id,
        "plugin": job.plugin(),
        "kind": job.kind,
        "state": if has_failed { "failed" } else { "waits" },
        "writtenAt": job.written_at.to_iso(),
        "attempts": job.attempts,
        "nextAttemptAt": (!has_failed).then(|| job.next_at.to_iso()),
        "lastError": job.last_error,
    })
}

/// Answers `{"retried", "dueAnyway"}` for the body `{"id"}` or `{"all": true}`. What failed is tried once more.
///
/// # Errors
/// `VALIDATION_ERROR`, `JOB_NOT_FOUND`.
pub async fn retry_jobs(exchange: &mut Exchange) -> Result<Response, ApiError> {
    retry(exchange, Queue::Jobs, Code::JOB_NOT_FOUND).await
}

/// Answers `{"dropped"}` for the body `{"id"}` or `{"all": true}`. A server writes those with a schedule again when it starts.
///
/// # Errors
/// `VALIDATION_ERROR`, `JOB_NOT_FOUND`.
pub async fn drop_jobs(exchange: &mut Exchange) -> Result<Response, ApiError> {
    discard(exchange, Queue::Jobs, Code::JOB_NOT_FOUND).await
}
