//! `GET` and `PUT /settings`: what operators set while the server runs. For operators.

use std::sync::Weak;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};

use crate::error::{ApiError, Code};
use crate::exchange::{Changed, Endpoint, Exchange, SettingsDesk};
use crate::http::Response;
use crate::input::Input;

/// Answers `{"version", "settings": [{"key", "title", "type", "value", "default", "inherited", "source", "locked", "min", "max",
/// "updatedAt", "updatedBy"}], "faults": [{"key", "message"}]}`. A secret's value is `"set"` or null.
pub struct ShowSettings(pub Weak<dyn SettingsDesk>);

/// Takes `{"version", "changes": {"<key>": value}}`; null removes a value, so that the one of the file counts again. Answers as
/// [`ShowSettings`].
pub struct ChangeSettings(pub Weak<dyn SettingsDesk>);

#[async_trait]
impl Endpoint for ShowSettings {
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError> {
        let desk = self.0.upgrade().ok_or_else(ApiError::busy)?;
        Ok(Response::json(&desk.show(exchange).await?))
    }
}

#[async_trait]
impl Endpoint for ChangeSettings {
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError> {
        let desk = self.0.upgrade().ok_or_else(ApiError::busy)?;
        let mut input = Input::body(exchange.request.body.as_ref());
        let (version, changes) = read(&mut input);
        input.finish()?;
        match desk.change(exchange, version, changes).await? {
            Changed::Done => Ok(Response::json(&desk.show(exchange).await?)),
            refused => answer(exchange, refused),
        }
    }
}

/// The answer to a change that was not made; a bare 200 to one that was.
pub(super) fn answer(exchange: &mut Exchange, changed: Changed) -> Result<Response, ApiError> {
    match changed {
        Changed::Done => Ok(Response::bare(200)),
        Changed::Outdated => Err(Code::SETTINGS_CHANGED_MEANWHILE.into()),
        Changed::Refused(faults) => {
            let code = Code::SETTING_REFUSED;
            exchange.trail.refused = Some(code.code.to_owned());
            let errors = faults.into_iter().map(|fault| (fault.key, Json::String(fault.text)));
            let errors: Map<String, Json> = errors.collect();
            let first = errors.iter().next();
            let message = first
                .map_or(code.message.to_owned(), |(key, text)| format!("{key}: {}", text.as_str().unwrap_or_default()));
            let mut response = Response::json(&json!({ "code": code.code, "message": message, "errors": errors }));
            response.status = code.status;
            Ok(response)
        }
    }
}

type Changes = Vec<(String, Option<Json>)>;

/// The version that whoever asks has seen, and the values; null is none.
pub(super) fn read(input: &mut Input<'_>) -> (i64, Changes) {
    let version = input.integer("version");
    let changes = input.filled_object("changes").into_iter().flatten();
    let changes = changes.map(|(key, value)| (key.clone(), (!value.is_null()).then(|| value.clone())));
    (version, changes.collect())
}
