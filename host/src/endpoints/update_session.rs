//! `POST /update-session`: sets the fields of the caller's session that clients may set.

use serde_json::json;

use crate::auth::session::{self, ActiveSession};
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Response;
use crate::input::Input;
use crate::store::{Database, Field, Owner, Value};

/// Answers `{session}` and sends the cookies anew. Core fields and unknown keys are ignored.
///
/// # Errors
/// `UNAUTHORIZED`, `FIELD_NOT_ALLOWED`, `VALIDATION_ERROR`, "No fields to update", `FAILED_TO_GET_SESSION`.
pub async fn update_session(exchange: &mut Exchange) -> Result<Response, ApiError> {
    Input::record(exchange.request.body.as_ref()).finish()?;
    let active = exchange.require_session(SessionNeed::FROM_STORE).await?.clone();
    let changes = read_changes(exchange)?;
    if changes.is_empty() {
        return Err(ApiError::message(400, "No fields to update"));
    }
    let Some(changed) = session::update(exchange.auth(), active.session.id(), changes).await? else {
        exchange.delete_session_cookies();
        return Err(Code::FAILED_TO_GET_SESSION.into());
    };
    let body = json!({ "session": changed.0.output() });
    exchange.renew_session(ActiveSession { session: changed, ..active });
    Ok(Response::json(&body))
}

fn read_changes(exchange: &Exchange) -> Result<Vec<(String, Value)>, ApiError> {
    let Some(body) = exchange.request.body.as_ref().and_then(|body| body.as_object()) else { return Ok(Vec::new()) };
    let model = exchange.auth().store.schema().model("session")?;
    let mut changes = Vec::new();
    for field in model.fields.iter().filter(|field| field.owner != Owner::Core) {
        let Some(given) = body.get(&field.name) else { continue };
        if field.input {
            changes.push((field.name.clone(), value(field, given)?));
        } else if is_truthy(given) {
            let message = format!("{} is not allowed to be set", field.name);
            return Err(ApiError::new(400, "FIELD_NOT_ALLOWED", message));
        }
    }
    Ok(changes)
}

fn value(field: &Field, given: &serde_json::Value) -> Result<Value, ApiError> {
    let value = if given.is_null() { Some(Value::Null) } else { Value::from_json(given, field.kind) };
    value.filter(|value| !(value.is_null() && field.required)).ok_or_else(|| {
        ApiError::validation(format!("[body.{}] Invalid input: the value is not of the field's type", field.name))
    })
}

/// As JavaScript sees it.
fn is_truthy(value: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match value {
        Json::Null | Json::Bool(false) => false,
        Json::String(text) => !text.is_empty(),
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::Bool(true) | Json::Array(_) | Json::Object(_) => true,
    }
}
