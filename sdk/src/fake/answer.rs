//! Looks at an answer in a test.

use crate::Response;
use serde_json::Value;

/// The HTTP status of an answer.
pub fn status(response: &Response) -> u16 {
    response.clone().into_raw().status
}

/// The JSON body of an answer; null when it has none.
///
/// ```
/// use doorward_sdk::{Response, fake};
/// let answer = Response::json(&serde_json::json!({ "name": "Ada" })).unwrap();
/// assert_eq!(fake::body(&answer)["name"], "Ada");
/// ```
pub fn body(response: &Response) -> Value {
    let body = response.clone().into_raw().body;
    body.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))).unwrap_or_default()
}

/// A header of an answer; letter case does not matter.
pub fn header(response: &Response, name: &str) -> Option<String> {
    let headers = response.clone().into_raw().headers;
    headers.into_iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}
