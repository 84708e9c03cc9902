//! Holds every refusal that a test gets of an endpoint of the core beside what the description of the API says of it.
//!
//! Called by: `fixture`, after each request.

use doorward::error::Code;
use doorward::http::RequestHead;
use doorward::pipeline::Extensions;
use serde_json::Value as Json;

use crate::fixture::Answer;

/// What stands before and around endpoints refuses with these, whatever the endpoint.
const OF_STAGES: [Code; 14] = [
    Code::BODY_TOO_COMPLEX,
    Code::CROSS_SITE_NAVIGATION_LOGIN_BLOCKED,
    Code::FACTOR_REQUIRED,
    Code::INVALID_CALLBACK_URL,
    Code::INVALID_ERROR_CALLBACK_URL,
    Code::INVALID_NEW_USER_CALLBACK_URL,
    Code::INVALID_ORIGIN,
    Code::INVALID_REDIRECT_URL,
    Code::MISSING_OR_NULL_ORIGIN,
    Code::NOT_ALLOWED_WHILE_IMPERSONATING,
    Code::NOT_FOUND,
    Code::PAYLOAD_TOO_LARGE,
    Code::PERMISSION_REQUIRED,
    Code::SERVER_BUSY,
];

/// Fails for a code of the core that its endpoint is not described with. Plugins and policies may refuse with any.
pub fn hold(extensions: &Extensions, head: &RequestHead, answer: &Answer) {
    let config = &extensions.auth.config;
    if answer.status < 400 || config.plugins.iter().any(|plugin| plugin.enabled) || !config.hooks.is_empty() {
        return;
    }
    let route = extensions.router.find(head).filter(|route| route.plugin.is_none());
    let Some(note) = route.and_then(|route| route.note.clone()) else { return };
    let body: Json = serde_json::from_str(&answer.text).unwrap_or_default();
    let Some(code) = body["code"].as_str() else { return };
    let is_any = |known: &[Code]| known.iter().any(|one| one.code == code);
    let is_told = note.refusals.iter().any(|told| (told.status, told.code.as_str()) == (answer.status, code));
    assert!(
        !is_any(Code::OF_CORE) || is_any(&OF_STAGES) || is_told,
        "{} {} answers {} {code}, which endpoints/notes.rs does not say",
        head.method,
        head.path,
        answer.status
    );
}
