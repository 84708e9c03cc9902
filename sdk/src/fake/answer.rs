//! Looks at an answer in a test.

use crate::Response;
use serde_json::Value;

/// The HTTP status of an answer.
///
/// ```
/// use doorward_sdk::{Response, fake};
/// assert_eq!(fake::status(&Response::redirect("/welcome")), 302);
/// ```
pub fn status(response: &Response) -> u16 {
    response.status
}

/// The body of an answer as text: HTML of a page.
///
/// ```
/// use doorward_sdk::{Response, fake};
/// let page = Response::html("<!doctype html><title>Seats</title><p>Seat 7 is yours");
/// assert!(fake::text(&page).contains("Seat 7 is yours"));
/// ```
pub fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

/// The JSON body of an answer; null when it has none.
///
/// ```
/// use doorward_sdk::{Response, fake};
/// let answer = Response::json(&serde_json::json!({ "name": "Ada" })).unwrap();
/// assert_eq!(fake::body(&answer)["name"], "Ada");
/// ```
pub fn body(response: &Response) -> Value {
    match response.body() {
        Some(body) => body,
        None if response.body.is_empty() => Value::Null,
        None => Value::String(text(response)),
    }
}

/// A header of an answer; letter case does not matter.
///
/// ```
/// use doorward_sdk::{Response, fake};
/// let calendar = Response::bytes("text/calendar", "BEGIN:VCALENDAR").header("Cache-Control", "no-store");
/// assert_eq!(fake::header(&calendar, "cache-control").as_deref(), Some("no-store"));
/// assert_eq!(fake::header(&calendar, "Content-Type").as_deref(), Some("text/calendar"));
/// ```
pub fn header(response: &Response, name: &str) -> Option<String> {
    if name.eq_ignore_ascii_case("content-type") {
        return response.content_type.clone();
    }
    let found = response.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.clone())
}
