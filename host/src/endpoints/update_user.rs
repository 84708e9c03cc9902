//! `POST /update-user`: changes the caller's name, picture and additional fields.

use serde_json::{Value as Json, json};

use crate::auth::session::ActiveSession;
use crate::auth::user_change;
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;
use crate::store::{Database, Model, Owner, Value, user};

/// The core's own fields that a user may change here.
const CHANGEABLE: [&str; 2] = ["name", "image"];

/// Answers `{"status": true}` and sends the session's cookies anew.
///
/// # Errors
/// `UNAUTHORIZED`, `EMAIL_CAN_NOT_BE_UPDATED`, `FIELD_NOT_ALLOWED`, or `400` when there is nothing to change.
pub async fn update_user(exchange: &mut Exchange) -> Result<Response, ApiError> {
    Input::record(exchange.request.body.as_ref()).finish()?;
    let active = exchange.require_session(SessionNeed::FROM_STORE).await?.clone();
    let auth = exchange.auth();
    let changes = read(exchange.request.body.as_ref(), auth.store.schema().model(user::MODEL)?)?;
    if changes.is_empty() {
        return Err(ApiError::message(400, "No fields to update"));
    }
    let changed = user_change::update(auth, &auth.store, active.user.id(), changes).await?;
    let user = changed.ok_or(Code::UNAUTHORIZED)?;
    exchange.renew_session(ActiveSession { user, ..active });
    Ok(Response::json(&json!({ "status": true })))
}

/// The fields that are given and may be changed; keys that are no fields are ignored.
fn read(body: Option<&Json>, model: &Model) -> Result<Vec<(String, Value)>, ApiError> {
    let mut input = Input::record(body);
    if input.raw("email").is_some_and(is_truthy) {
        return Err(Code::EMAIL_CAN_NOT_BE_UPDATED.into());
    }
    let mut changes = Vec::new();
    for field in &model.fields {
        let Some(given) = input.raw(&field.name) else { continue };
        match &field.owner {
            Owner::Core if !CHANGEABLE.contains(&field.name.as_str()) => {}
            Owner::Core => changes.extend(input.stored(field).map(|value| (field.name.clone(), value))),
            _ if field.input => changes.extend(input.stored(field).map(|value| (field.name.clone(), value))),
            _ if is_truthy(given) => {
                let message = format!("{} is not allowed to be set", field.name);
                return Err(ApiError::new(400, "FIELD_NOT_ALLOWED", message));
            }
            _ => {}
        }
    }
    input.finish()?;
    Ok(changes)
}

/// Whether a value counts as given, as JavaScript sees it.
fn is_truthy(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => false,
        Json::String(text) => !text.is_empty(),
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::Bool(true) | Json::Array(_) | Json::Object(_) => true,
    }
}
