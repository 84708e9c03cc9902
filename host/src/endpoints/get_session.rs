//! `GET /get-session`: the caller's session and user, or `null`.

use serde_json::{Value as Json, json};

use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, Refresh, SessionNeed};
use crate::http::Response;

/// Answers `{session, user}` or `null`; extends the session when due.
///
/// # Errors
/// `METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED` for `POST` unless `session.defer_session_refresh` is on.
pub async fn get_session(exchange: &mut Exchange) -> Result<Response, ApiError> {
    let is_post = exchange.request.method == "POST";
    let is_deferred = exchange.auth().config.session.defer_session_refresh;
    if is_post && !is_deferred {
        let error = ApiError::from(Code::METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED);
        return Err(NO_STORE.iter().fold(error, |error, (name, value)| error.header(name, (*value).to_owned())));
    }
    // Any non-empty text is true, as the reference coerces it.
    let is_on = |name: &str| exchange.request.query.get(name).is_some_and(|value| !value.is_empty());
    let refresh = match (is_on("disableRefresh"), is_post) {
        (true, _) => Refresh::Never,
        (false, true) => Refresh::Deferred,
        (false, false) => Refresh::WhenDue,
    };
    let need = SessionNeed { from_store: is_on("disableCookieCache"), refresh };
    let active = exchange.session_with(need).await?;
    let body = active
        .map_or(Json::Null, |active| json!({ "session": active.session.0.output(), "user": active.user.0.output() }));
    let mut response = Response::json(&body);
    for (name, value) in NO_STORE {
        response.headers.push(name, value);
    }
    Ok(response)
}

const NO_STORE: [(&str, &str); 2] = [("cache-control", "no-store"), ("pragma", "no-cache")];
