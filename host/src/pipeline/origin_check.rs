//! Stage "origin": refuses requests from pages that are not trusted, and redirects to places that are not.
//!
//! Source: `core-origin/*.json` of the wire contract.

use serde_json::Value as Json;

use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, Route};
use crate::http::Headers;

/// Letters of an origin that the log shows.
const LONGEST_ORIGIN: usize = 200;

/// Checks `Origin`, then the redirect targets that the request names.
///
/// # Errors
/// `MISSING_OR_NULL_ORIGIN`, `INVALID_ORIGIN`, `CROSS_SITE_NAVIGATION_LOGIN_BLOCKED`, `INVALID_CALLBACK_URL` and its kin.
pub fn check(exchange: &Exchange, route: &Route) -> Result<(), ApiError> {
    let advanced = &exchange.auth().config.advanced;
    if exchange.request.method == "GET" {
        return Ok(());
    }
    if !advanced.disable_csrf_check.unwrap_or(advanced.disable_origin_check) {
        check_origin(exchange, route)?;
    }
    check_targets(exchange)
}

fn check_origin(exchange: &Exchange, route: &Route) -> Result<(), ApiError> {
    let headers = &exchange.request.headers;
    let trusts_all = exchange.auth().config.advanced.disable_origin_check;
    if exchange.request.has_cookies() && !trusts_all {
        return require_trusted(exchange);
    }
    if !route.is_sign_in {
        return Ok(());
    }
    let (site, mode) = (headers.get("sec-fetch-site"), headers.get("sec-fetch-mode"));
    if site == Some("cross-site") && mode == Some("navigate") {
        return Err(Code::CROSS_SITE_NAVIGATION_LOGIN_BLOCKED.into());
    }
    // Where a browser sends one of `Sec-Fetch-…`, it sends all of them. Node sends `Sec-Fetch-Mode` alone.
    const FROM_A_BROWSER: [&str; 3] = ["origin", "referer", "sec-fetch-site"];
    let is_browser = FROM_A_BROWSER.iter().any(|name| headers.get(name).is_some());
    if is_browser && !trusts_all { require_trusted(exchange) } else { Ok(()) }
}

fn require_trusted(exchange: &Exchange) -> Result<(), ApiError> {
    let headers = &exchange.request.headers;
    if headers.all("origin").count() > 1 {
        tell(exchange, &Code::INVALID_ORIGIN, "several Origin headers");
        return Err(Code::INVALID_ORIGIN.into());
    }
    match claimed_origin(headers) {
        // A page of this origin that hides its address (for example with `Referrer-Policy: no-referrer`).
        Some("null") if headers.get("sec-fetch-site") == Some("same-origin") => Ok(()),
        None | Some("" | "null") => Err(Code::MISSING_OR_NULL_ORIGIN.into()),
        Some(origin) if exchange.auth().origins.trusts_origin(origin) => Ok(()),
        Some(origin) => {
            tell(exchange, &Code::INVALID_ORIGIN, origin);
            Err(Code::INVALID_ORIGIN.into())
        }
    }
}

/// Names the origin in the log, for the operator who forgot it. What a client chose is quoted and cut; of a URL, the part
/// after the origin may be a secret.
fn tell(exchange: &Exchange, code: &Code, origin: &str) {
    let (request_id, path) = (&exchange.request.id, &exchange.request.path);
    let parsed = url::Url::parse(origin).ok().filter(|url| url.origin().is_tuple());
    let origin = parsed.map_or_else(|| origin.to_owned(), |url| url.origin().ascii_serialization());
    let origin: String = origin.split(['?', '#']).next().unwrap_or_default().chars().take(LONGEST_ORIGIN).collect();
    tracing::warn!(
        request_id,
        code = code.code,
        ?path,
        ?origin,
        "a request was refused; if the origin is yours, add it to trusted_origins"
    );
}

/// The origin that a request says it comes from. Apps send theirs as `Expo-Origin`; a browser's page of another site cannot,
/// since browsers put its `Origin` beside it.
fn claimed_origin(headers: &Headers) -> Option<&str> {
    let mut said = ["origin", "expo-origin"].into_iter().filter_map(|name| headers.get(name));
    said.find(|origin| !origin.is_empty()).or_else(|| headers.get("referer"))
}

/// Checks the redirect targets alone.
///
/// # Errors
/// `INVALID_CALLBACK_URL` and its kin.
pub fn check_targets(exchange: &Exchange) -> Result<(), ApiError> {
    if exchange.auth().config.advanced.disable_origin_check || exchange.request.method == "GET" {
        return Ok(());
    }
    const TARGETS: [(&str, &str, Code); 4] = [
        ("callbackURL", "callbackURL", Code::INVALID_CALLBACK_URL),
        ("redirectTo", "redirectURL", Code::INVALID_REDIRECT_URL),
        ("errorCallbackURL", "errorCallbackURL", Code::INVALID_ERROR_CALLBACK_URL),
        ("newUserCallbackURL", "newUserCallbackURL", Code::INVALID_NEW_USER_CALLBACK_URL),
    ];
    let query = exchange.request.query.to_json();
    let body = exchange.request.body.as_ref();
    for (name, label, code) in TARGETS {
        for value in [body.and_then(|body| body.get(name)), query.get(name)].into_iter().flatten() {
            match value {
                Json::Null => {}
                Json::String(target) if target.is_empty() || exchange.auth().origins.trusts_target(target) => {}
                Json::String(target) => {
                    tell(exchange, &code, target);
                    return Err(code.into());
                }
                _ => return Err(ApiError::message(400, format!("Invalid {label}: expected a string"))),
            }
        }
    }
    Ok(())
}
