//! `POST /update-user`: changes the caller's name, picture and additional fields.

use serde_json::{Value as Json, json};

use crate::auth::lifecycle::Action;
use crate::auth::session::ActiveSession;
use crate::auth::{additional_fields, user_change};
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;
use crate::store::{Value, user};

/// The core's own fields that a user may change here.
const CHANGEABLE: [&str; 2] = ["name", "image"];

/// Answers `{"status": true}` and sends the session's cookies again.
///
/// # Errors
/// `UNAUTHORIZED`, `EMAIL_CAN_NOT_BE_UPDATED`, `FIELD_NOT_ALLOWED`, or `400` when there is nothing to change.
pub async fn update_user(exchange: &mut Exchange) -> Result<Response, ApiError> {
    Input::record(exchange.request.body.as_ref()).finish()?;
    let active = exchange.require_session(SessionNeed::FROM_STORE).await?.clone();
    let changes = read(exchange)?;
    let auth = exchange.auth();
    if changes.is_empty() {
        return Err(ApiError::message(400, "No fields to update"));
    }
    let changed = user_change::update(auth, &exchange.scope(), active.user.id(), changes).await?;
    let user = changed.ok_or(Code::UNAUTHORIZED)?;
    exchange.renew_session(ActiveSession { user, ..active });
    Ok(Response::json(&json!({ "status": true })))
}

/// The given fields that may be changed. Keys that are no fields are ignored.
fn read(exchange: &Exchange) -> Result<Vec<(String, Value)>, ApiError> {
    let auth = exchange.auth();
    let mut input = Input::record(exchange.request.body.as_ref());
    if input.raw("email").is_some_and(additional_fields::is_truthy) {
        return Err(Code::EMAIL_CAN_NOT_BE_UPDATED.into());
    }
    let mut changes = Vec::new();
    for name in CHANGEABLE {
        if input.raw(name).is_none() {
            continue;
        }
        let field = auth.schema().model(user::MODEL)?.field(name)?;
        changes.extend(input.stored(field).map(|value| (name.to_owned(), value)));
    }
    input.finish()?;
    if let Some(body) = exchange.request.body.as_ref().and_then(Json::as_object) {
        changes.extend(additional_fields::read(auth, user::MODEL, body, Action::Update)?);
    }
    Ok(changes)
}
