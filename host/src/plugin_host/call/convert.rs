//! Checks what a guest answered and turns it into the server's own values.

use crate::error::ApiError;
use bytes::Bytes;

use crate::http::{Headers, Response, header_text, is_token};
use crate::plugin_host::bindings::doorward::plugin::types as wit;
use crate::plugin_host::bindings::exports::doorward::plugin::answers;
use crate::plugin_host::imports::{answer_header, page_header};

const MOST_HEADERS: usize = 64;
/// What is sent with a 503 that names no time of its own.
const RETRY_AFTER_SECS: &str = "1";

/// What an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plugin_host) enum Place {
    /// An endpoint.
    Route,
    /// A page.
    Page,
}

const HTML: &str = "text/html";

/// The guest's answer of any type.
///
/// # Errors
/// What is wrong with it, for the log.
pub(in crate::plugin_host) fn answer(plugin: &str, answer: answers::Answer, place: Place) -> Result<Response, String> {
    refuse_impossible(answer.status, answer.headers.len())?;
    let mut headers = Headers::default();
    if let Some(content_type) = &answer.content_type {
        let essence = essence(content_type)?;
        if runs(&essence) && (place, essence.as_str()) != (Place::Page, HTML) {
            return Err(format!("it is {essence}, and only a page may be HTML"));
        }
        headers.push("content-type", content_type.as_str());
    } else if !answer.body.is_empty() {
        return Err("it has a body without a type".to_owned());
    }
    for wit::Header { name, value } in answer.headers {
        let own = if place == Place::Page { page_header(&name) } else { answer_header(&name) };
        let own = own.filter(|name| name != "content-type");
        let name = own.ok_or_else(|| format!("the header `{name:.64}` is not a plugin's to set"))?;
        headers.set(&name, header_text(&value));
    }
    finished(plugin, answer.status, headers, answer.body)
}

/// A media type without its parameters, in lower case; browsers read one that is no type in ways of their own.
fn essence(content_type: &str) -> Result<String, String> {
    let (essence, rest) = content_type.split_once(';').unwrap_or((content_type, ""));
    let essence = essence.trim().to_ascii_lowercase();
    let is_type = essence.split_once('/').is_some_and(|(kind, name)| is_token(kind) && is_token(name));
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b',';
    if is_type && rest.bytes().all(is_plain) { Ok(essence) } else { Err("its content type is none".to_owned()) }
}

/// Whether a browser runs what has this type, or shows it as a document that can run something.
fn runs(essence: &str) -> bool {
    let (kind, name) = essence.split_once('/').unwrap_or((essence, ""));
    let is_script =
        name.contains("javascript") || name.contains("ecmascript") || name == "jscript" || name == "livescript";
    let is_document = matches!(name, "html" | "xml" | "css" | "xsl" | "xslt") || name.ends_with("+xml");
    is_script || is_document || matches!(kind, "multipart" | "message")
}

fn refuse_impossible(status: u16, headers: usize) -> Result<(), String> {
    if !(200..600).contains(&status) {
        return Err(format!("the status {status} is none of an answer"));
    }
    if headers > MOST_HEADERS {
        return Err(format!("it has more than {MOST_HEADERS} headers"));
    }
    Ok(())
}

fn finished(plugin: &str, status: u16, mut headers: Headers, body: impl Into<Bytes>) -> Result<Response, String> {
    let body = body.into();
    let is_json = headers.get("content-type") == Some("application/json");
    if is_json && !body.is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() {
        return Err("its body is no JSON".to_owned());
    }
    tell_of_fault(plugin, status, None);
    if status == 503 && headers.get("retry-after").is_none() {
        headers.push("retry-after", RETRY_AFTER_SECS);
    }
    Ok(Response { status, headers, body, rest: None })
}

/// The guest's answer.
///
/// # Errors
/// What is wrong with it, for the log.
pub(in crate::plugin_host) fn response(plugin: &str, answer: wit::Response) -> Result<Response, String> {
    refuse_impossible(answer.status, answer.headers.len())?;
    let mut headers = Headers::default();
    headers.push("content-type", "application/json");
    for wit::Header { name, value } in answer.headers {
        let name = answer_header(&name).ok_or_else(|| format!("the header `{name:.64}` is not a plugin's to set"))?;
        headers.set(&name, header_text(&value));
    }
    let essence = headers.get("content-type").map_or_else(|| Ok(String::new()), essence)?;
    if runs(&essence) {
        return Err(format!("it is {essence}, and only a page may be HTML"));
    }
    finished(plugin, answer.status, headers, answer.body.unwrap_or_default())
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
    fn only_a_page_is_html() {
        let of = |content_type: Option<&str>, place| {
            let content_type = content_type.map(str::to_owned);
            let made = answers::Answer { status: 200, headers: Vec::new(), content_type, body: b"7".to_vec() };
            super::answer("p", made, place)
        };
        for content_type in ["application/json", "text/csv; charset=utf-8", "image/png", "application/octet-stream"] {
            assert!(of(Some(content_type), Place::Route).is_ok() && of(Some(content_type), Place::Page).is_ok());
            assert!(answer(200, &[("content-type", content_type)], Some("7")).is_ok());
        }
        for content_type in ["text/html", "Text/HTML ; charset=utf-8"] {
            assert!(of(Some(content_type), Place::Page).is_ok(), "{content_type}");
            assert!(of(Some(content_type), Place::Route).is_err(), "{content_type}");
            assert!(answer(200, &[("content-type", content_type)], Some("7")).is_err(), "{content_type}");
        }
        for content_type in [
            "application/xhtml+xml",
            "image/svg+xml",
            "text/xml",
            "text/javascript",
            "application/x-javascript",
            "text/css",
            "multipart/x-mixed-replace; boundary=a",
            "text/plain, text/html",
            "text/plain; a=b, text/html",
            "text",
            "",
            "text/ html",
            "text/plain\r\nset-cookie: a=b",
        ] {
            assert!(of(Some(content_type), Place::Route).is_err(), "{content_type}");
            assert!(of(Some(content_type), Place::Page).is_err(), "{content_type}");
            assert!(answer(200, &[("content-type", content_type)], Some("7")).is_err(), "{content_type}");
        }
        assert!(of(None, Place::Route).is_err(), "a body without a type");
        let empty = answers::Answer { status: 204, headers: Vec::new(), content_type: None, body: Vec::new() };
        assert_eq!(super::answer("p", empty, Place::Route).unwrap().headers.get("content-type"), None);
    }

    #[test]
    fn the_hosts_headers_are_not_a_pages_to_set() {
        let of = |name: &str, place| {
            let headers = vec![wit::Header { name: name.to_owned(), value: "x".to_owned() }];
            let made = answers::Answer { status: 200, headers, content_type: Some(HTML.to_owned()), body: Vec::new() };
            let made = answers::Answer { content_type: made.content_type.filter(|_| place == Place::Page), ..made };
            super::answer("p", made, place)
        };
        for name in [
            "content-security-policy",
            "Content-Security-Policy-Report-Only",
            "x-frame-options",
            "referrer-policy",
            "cross-origin-opener-policy",
            "access-control-allow-origin",
            "cache-control",
            "service-worker-allowed",
            "link",
            "refresh",
            "clear-site-data",
        ] {
            assert!(of(name, Place::Page).is_err(), "{name}");
        }
        for name in ["set-cookie", "content-type", "content-length"] {
            assert!(of(name, Place::Page).is_err() && of(name, Place::Route).is_err(), "{name}");
        }
        for name in ["location", "content-language", "content-disposition", "x-own"] {
            assert!(of(name, Place::Page).is_ok() && of(name, Place::Route).is_ok(), "{name}");
        }
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
