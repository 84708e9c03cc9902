//! A request as JSON, for a row that holds it until it is sent.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{LONGEST, Request};
use crate::crypto::{base64_url, from_base64_url};

impl Request {
    /// What a row holds.
    pub fn to_row(&self) -> Json {
        let millis = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        let body = self.body.as_deref().map(base64_url);
        json!({ "method": self.method, "url": self.url, "headers": self.headers, "body": body, "timeoutMs": millis })
    }

    /// Reads it back; `None` when it is none.
    pub fn from_row(row: &Json) -> Option<Self> {
        let text = |name: &str| row.get(name).and_then(Json::as_str);
        let body = text("body").map(from_base64_url);
        Some(Self {
            method: text("method")?.to_owned(),
            url: text("url")?.to_owned(),
            headers: serde_json::from_value(row.get("headers")?.clone()).ok()?,
            body: match body {
                Some(bytes) => Some(bytes?),
                None => None,
            },
            timeout: row.get("timeoutMs").and_then(Json::as_u64).map_or(LONGEST, Duration::from_millis),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back_from_its_row() {
        for body in [None, Some(vec![0, 255])] {
            let headers = vec![("x-a".to_owned(), "b".to_owned())];
            let (method, url) = ("POST".to_owned(), "https://example.com/?a=1".to_owned());
            let request = Request { method, url, headers, body, timeout: Duration::from_millis(700) };
            let back = Request::from_row(&request.to_row()).unwrap();
            assert_eq!(format!("{request:?}"), format!("{back:?}"));
        }
        assert!(Request::from_row(&json!({ "method": "GET" })).is_none());
    }
}
