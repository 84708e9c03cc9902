//! `GET /get-session`: the caller's session and user, or `null`.

use serde_json::{Map, Value as Json};

use crate::auth::session::{self, ActiveSession};
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, Refresh, SessionNeed};
use crate::http::Response;
use crate::store::Record;
use crate::store::session::json_with_user;

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
    // Any non-empty text counts as true, as in the reference.
    let is_on = |name: &str| exchange.request.query.get(name).is_some_and(|value| !value.is_empty());
    let refresh = match (is_on("disableRefresh"), is_post) {
        (true, _) => Refresh::Never,
        (false, true) => Refresh::Deferred,
        (false, false) => Refresh::WhenDue,
    };
    let ignores_copy = is_on("disableCookieCache");
    let need = SessionNeed { from_store: ignores_copy, ignores_copy, refresh };
    let body = match exchange.session_with(need).await? {
        None => Ok("null".to_owned()),
        Some(active) if !is_deferred && !active.is_cached => Ok(json_with_user(&active.session, &active.user)),
        Some(active) => {
            let active = active.clone();
            let mut body = output(&active);
            // This tells the client to ask again by `POST`. Ask only when the session would be extended.
            let may_be_due = !active.is_cached && refresh == Refresh::WhenDue && !exchange.ends_with_browser();
            if is_deferred && may_be_due {
                let is_due = session::is_refresh_due(exchange.auth(), &active.session);
                body.insert("needsRefresh".into(), is_due.into());
            }
            serde_json::to_string(&body)
        }
    };
    let mut response = Response::with_type(200, "application/json", body.map_err(ApiError::internal)?);
    for (name, value) in NO_STORE {
        response.headers.push(name, value);
    }
    Ok(response)
}

const NO_STORE: [(&str, &str); 2] = [("cache-control", "no-store"), ("pragma", "no-cache")];

/// `{session, user}` as the client sees it; of a copy, in the order in which the reference reads copies.
fn output(active: &ActiveSession) -> Map<String, Json> {
    const SESSION: [&str; 8] =
        ["id", "createdAt", "updatedAt", "userId", "expiresAt", "token", "ipAddress", "userAgent"];
    const USER: [&str; 7] = ["id", "createdAt", "updatedAt", "email", "emailVerified", "name", "image"];
    let ordered = |record: &Record, names: &[&str]| {
        let output = record.output();
        if active.is_cached { with_first(output, names) } else { output }
    };
    let session = ordered(&active.session.0, &SESSION);
    let user = ordered(&active.user.0, &USER);
    Map::from_iter([("session".to_owned(), session.into()), ("user".to_owned(), user.into())])
}

fn with_first(mut fields: Map<String, Json>, names: &[&str]) -> Map<String, Json> {
    let first = names.iter().filter_map(|name| fields.shift_remove_entry(*name));
    let mut ordered: Map<String, Json> = first.collect();
    ordered.extend(fields);
    ordered
}
