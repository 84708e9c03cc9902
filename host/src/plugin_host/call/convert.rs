//! Checks what a guest answered and turns it into the server's own values.

use crate::error::ApiError;
use crate::http::{Headers, Response, header_text};
use crate::plugin_host::bindings::doorward::plugin::types as wit;
use crate::plugin_host::imports::answer_header;

const MOST_HEADERS: usize = 64;
/// What is sent with a 503 that names no time of its own.
const RETRY_AFTER_SECS: &str = "1";

/// The guest's answer.
///
/// # Errors
/// What is wrong with it, for the log.
pub(in crate::plugin_host) fn response(plugin: &str, answer: wit::Response) -> Result<Response, String> {
    if !(200..600).contains(&answer.status) {
        return Err(format!("the status {} is none of an answer", answer.status));
    }
    if answer.headers.len() > MOST_HEADERS {
        return Err(format!("it has more than {MOST_HEADERS} headers"));
    }
    let body = answer.body.unwrap_or_default();
    let mut headers = Headers::default();
    headers.push("content-type", "application/json");
    for wit::Header { name, value } in answer.headers {
        let name = answer_header(&name).ok_or_else(|| format!("the header `{name:.64}` is not a plugin's to set"))?;
        headers.set(&name, header_text(&value));
    }
    let is_json = headers.get("content-type") == Some("application/json");
    if is_json && !body.is_empty() && serde_json::from_str::<serde::de::IgnoredAny>(&body).is_err() {
        return Err("its body is no JSON".to_owned());
    }
    tell_of_fault(plugin, answer.status, None);
    if answer.status == 503 && headers.get("retry-after").is_none() {
        headers.push("retry-after", RETRY_AFTER_SECS);
    }
    Ok(Response { status: answer.status, headers, body: body.into() })
}

/// The guest's refusal. Whoever gets 503 is told when to come again.
pub(in crate::plugin_host) fn refusal(plugin: &str, error: wit::ApiError) -> ApiError {
    let status = if (400..600).contains(&error.status) { error.status } else { 500 };
    tell_of_fault(plugin, status, error.code.as_deref());
    let refusal = match (error.code, error.message) {
        (Some(code), message) => ApiError::new(status, code, message.unwrap_or_default()),
        (None, Some(message)) => ApiError::message(status, message),
        (None, None) => ApiError::empty(status),
    };
    if status == 503 { refusal.header("retry-after", RETRY_AFTER_SECS.to_owned()) } else { refusal }
}

/// A fault of the server leaves a line in the log, whoever found it.
fn tell_of_fault(plugin: &str, status: u16, code: Option<&str>) {
    if status >= 500 {
        tracing::warn!(plugin, status, code, "a plugin answered with a fault of the server");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: Option<&str>) -> Result<Response, String> {
        let headers = headers.iter().map(|(name, value)| wit::Header { name: (*name).into(), value: (*value).into() });
        response("p", wit::Response { status, headers: headers.collect(), body: body.map(str::to_owned) })
    }

    #[test]
    fn impossible_answers_are_refused() {
        for status in [0, 99, 100, 199, 600, 1000, u16::MAX] {
            assert!(answer(status, &[], None).is_err(), "{status}");
        }
        for name in ["set-cookie", "Set-Cookie", "content-length", "transfer-encoding", "a b", "", "a\r\nb", "é"] {
            assert!(answer(200, &[(name, "x")], None).is_err(), "{name}");
        }
        assert!(answer(200, &[("x-a", "b"); 65], None).is_err());
        assert!(answer(200, &[], Some("{")).is_err());
    }

    #[test]
    fn header_values_cannot_break_out() {
        let split = answer(302, &[("location", "/a\r\nset-cookie: x=1\0")], None).unwrap();
        assert_eq!(split.headers.get("location"), Some("/aset-cookie: x=1"));
        assert_eq!(split.headers.get("content-type"), Some("application/json"));
    }

    #[test]
    fn a_refusal_is_one() {
        let error = |status| refusal("p", wit::ApiError { status, code: Some("A".into()), message: Some("b".into()) });
        assert_eq!((error(200).status, error(302).status, error(404).status), (500, 500, 404));
        assert_eq!(
            refusal("p", wit::ApiError { status: 401, code: None, message: None }).body,
            crate::error::ErrorBody::Empty
        );
    }

    #[test]
    fn who_is_to_come_again_learns_when() {
        let refused = |status| refusal("p", wit::ApiError { status, code: None, message: None }).headers;
        assert_eq!(refused(503), [("retry-after", "1".to_owned())]);
        assert!(refused(500).is_empty() && refused(429).is_empty());
        let retry_after = |status, headers: &[(&str, &str)]| {
            answer(status, headers, None).unwrap().headers.get("retry-after").map(str::to_owned)
        };
        assert_eq!(retry_after(503, &[]).as_deref(), Some("1"));
        assert_eq!(retry_after(503, &[("retry-after", "30")]).as_deref(), Some("30"));
        assert_eq!(retry_after(500, &[]), None);
    }
}
