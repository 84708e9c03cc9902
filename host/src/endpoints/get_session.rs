//! `GET /get-session`: the caller's session and user, or `null`.

use serde_json::Value as Json;

use crate::auth::session;
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
    let body = match exchange.session_with(need).await? {
        None => Json::Null,
        Some(active) => {
            let active = active.clone();
            let mut body = active.output();
            // The client asks again by `POST` when told so; what would not be extended anyway is not asked about.
            let may_be_due = !active.is_cached && refresh == Refresh::WhenDue && !exchange.ends_with_browser();
            if is_deferred && may_be_due {
                let is_due = session::is_refresh_due(exchange.auth(), &active.session);
                body.insert("needsRefresh".into(), is_due.into());
            }
            body.into()
        }
    };
    let mut response = Response::json(&body);
    for (name, value) in NO_STORE {
        response.headers.push(name, value);
    }
    Ok(response)
}

const NO_STORE: [(&str, &str); 2] = [("cache-control", "no-store"), ("pragma", "no-cache")];
