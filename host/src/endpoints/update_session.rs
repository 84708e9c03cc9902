//! `POST /update-session`: sets those fields of the caller's session that clients may set.

use serde_json::{Value as Json, json};

use crate::auth::additional_fields;
use crate::auth::lifecycle::Action;
use crate::auth::session::{self, ActiveSession};
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;

/// Answers `{session}` and sends the cookies again. Core fields and unknown keys are ignored.
///
/// # Errors
/// `UNAUTHORIZED`, `FIELD_NOT_ALLOWED`, `VALIDATION_ERROR`, "No fields to update", `FAILED_TO_GET_SESSION`.
pub async fn update_session(exchange: &mut Exchange) -> Result<Response, ApiError> {
    Input::record(exchange.request.body.as_ref()).finish()?;
    let active = exchange.require_session(SessionNeed::FROM_STORE).await?.clone();
    let body = exchange.request.body.as_ref().and_then(Json::as_object).cloned().unwrap_or_default();
    let changes = additional_fields::read(exchange.auth(), "session", &body, Action::Update)?;
    if changes.is_empty() {
        return Err(ApiError::message(400, "No fields to update"));
    }
    let changed = session::update(exchange.auth(), &exchange.scope(), &active.session, changes).await?;
    let Some(changed) = changed else {
        exchange.delete_session_cookies();
        return Err(Code::FAILED_TO_GET_SESSION.into());
    };
    let body = json!({ "session": changed.0.output() });
    exchange.renew_session(ActiveSession { session: changed, ..active });
    Ok(Response::json(&body))
}
