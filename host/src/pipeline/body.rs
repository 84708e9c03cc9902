//! Stage "body": media type, then JSON or form, into one JSON value.

use serde_json::Value as Json;

use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, Route};
use crate::http::{Query, Request};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// Values in a body, at every level: far more than any endpoint needs, and few enough to look at each.
const MOST_VALUES: usize = 10_000;
/// Levels of a body, one inside the other.
const DEEPEST: usize = 32;

/// Reads the body. A body without a content type counts as none; so does the body of a `GET`.
///
/// # Errors
/// `415 UNSUPPORTED_MEDIA_TYPE`, `400 BAD_REQUEST` for malformed JSON, `413 PAYLOAD_TOO_LARGE` for more bytes than the
/// endpoint takes, `413 BODY_TOO_COMPLEX` for too many or too deep values, `400 VALIDATION_ERROR` for null characters.
pub fn read(exchange: &mut Exchange, route: &Route) -> Result<(), ApiError> {
    if route.reads_chunks {
        return hand_over(&exchange.request, route);
    }
    let request = &exchange.request;
    if route.max_body_bytes.is_some_and(|most| request.raw_body.len() > most) {
        return Err(Code::PAYLOAD_TOO_LARGE.into());
    }
    let content_type = request.headers.get("content-type");
    let body = match content_type {
        Some(content_type) if !request.raw_body.is_empty() && request.method != "GET" => {
            let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            match media_type.as_str() {
                JSON => Some(serde_json::from_slice(&request.raw_body).map_err(|_| malformed())?),
                FORM if route.accepts_form => Some(form(&request.raw_body)?),
                other if route.takes_bytes_of(other) => None,
                _ => return Err(unsupported(content_type, route)),
            }
        }
        _ => None,
    };
    if body.as_ref().is_some_and(|body| left(body, DEEPEST, MOST_VALUES).is_none()) {
        return Err(Code::BODY_TOO_COMPLEX.into());
    }
    exchange.request.body = body;
    refuse_null_characters(&exchange.request)
}

/// Leaves the body to an endpoint that reads it chunk by chunk, unless the request's head is against it.
fn hand_over(request: &Request, route: &Route) -> Result<(), ApiError> {
    let length = request.headers.get("content-length").and_then(|length| length.parse().ok());
    let length = request.raw_body.len().max(length.unwrap_or(0));
    if route.max_body_bytes.is_some_and(|most| length > most) {
        return Err(Code::PAYLOAD_TOO_LARGE.into());
    }
    let content_type = request.headers.get("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !route.takes_bytes_of(&media_type) {
        return Err(unsupported(content_type, route));
    }
    refuse_null_characters(request)
}

/// Refuses null characters in body and query.
///
/// # Errors
/// `400 VALIDATION_ERROR`.
pub fn refuse_null_characters(request: &Request) -> Result<(), ApiError> {
    if request.body.as_ref().is_some_and(has_null_character) || has_null_character(&request.query.to_json()) {
        return Err(ApiError::validation("Null characters are not allowed".into()));
    }
    Ok(())
}

fn form(raw: &[u8]) -> Result<Json, ApiError> {
    let text = std::str::from_utf8(raw).map_err(|_| malformed())?;
    Ok(Query::parse(text).to_json())
}

fn malformed() -> ApiError {
    ApiError::new(400, "BAD_REQUEST", "Invalid JSON in request body")
}

fn unsupported(content_type: &str, route: &Route) -> ApiError {
    let form = route.accepts_form.then_some(FORM);
    let json = (!route.reads_chunks).then_some(JSON);
    let allowed = form.into_iter().chain(json).chain(route.accepts.iter().map(String::as_str));
    let allowed = allowed.collect::<Vec<_>>().join(", ");
    let message = format!("Content-Type \"{content_type}\" is not allowed. Allowed types: {allowed}");
    ApiError::new(415, "UNSUPPORTED_MEDIA_TYPE", message)
}

/// How many more values there may be beside this one, which may have so many levels; none when it is too large.
fn left(value: &Json, levels: usize, most: usize) -> Option<usize> {
    let most = most.checked_sub(1)?;
    let mut values: Box<dyn Iterator<Item = &Json>> = match value {
        Json::Array(values) => Box::new(values.iter()),
        Json::Object(fields) => Box::new(fields.values()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return Some(most),
    };
    let levels = levels.checked_sub(1)?;
    values.try_fold(most, |most, value| left(value, levels, most))
}

/// No backend stores them alike, and no name, address or token has one.
fn has_null_character(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains('\0'),
        Json::Array(values) => values.iter().any(has_null_character),
        Json::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || has_null_character(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(body: &Json) -> bool {
        left(body, DEEPEST, MOST_VALUES).is_some()
    }

    #[test]
    fn values_count_at_every_level() {
        assert!(fits(&json!(vec![0; MOST_VALUES - 1])));
        assert!(!fits(&json!(vec![0; MOST_VALUES])));
        let halves = |of_each: usize| json!({ "a": vec![json!({}); of_each], "b": vec![json!([]); of_each] });
        assert!(fits(&halves(MOST_VALUES / 2 - 2)));
        assert!(!fits(&halves(MOST_VALUES / 2)));
    }

    #[test]
    fn levels_are_few() {
        let nested = |levels: usize| (1..levels).fold(json!([]), |inner, _| json!([inner]));
        assert!(fits(&nested(DEEPEST)));
        assert!(!fits(&nested(DEEPEST + 1)));
        assert!(!fits(&json!({ "a": nested(DEEPEST) })));
    }
}
