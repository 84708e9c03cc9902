//! What a handler answers.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! let made = Response::json(&json!({ "seat": 7 }))?.status(201).header("x-seat", "7");
//! assert_eq!(made.body(), Some(json!({ "seat": 7 })));
//! let elsewhere = Response::redirect("/welcome");
//! # Ok::<(), Error>(())
//! ```

use crate::bindings::doorward::plugin::types as raw;
use crate::error::Result;
use serde::Serialize;
use serde_json::Value;

/// An answer to the client.
#[derive(Clone, Debug)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Response {
    /// 200 with a JSON body.
    ///
    /// # Errors
    /// 500 when the value cannot be written as JSON.
    pub fn json(body: &impl Serialize) -> Result<Response> {
        Ok(Response { status: 200, headers: Vec::new(), body: Some(serde_json::to_string(body)?) })
    }

    /// 302 to `url`, with an empty body.
    pub fn redirect(url: impl Into<String>) -> Response {
        Response::empty(302).header("location", url)
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: None }
    }

    /// The same answer with another status.
    pub fn status(mut self, status: u16) -> Response {
        self.status = status;
        self
    }

    /// The same answer with one more header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Response {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The JSON body; none when it is empty.
    pub fn body(&self) -> Option<Value> {
        self.body.as_deref().and_then(|text| serde_json::from_str(text).ok())
    }

    pub(crate) fn into_raw(self) -> raw::Response {
        let headers = self.headers.into_iter().map(|(name, value)| raw::Header { name, value }).collect();
        raw::Response { status: self.status, headers, body: self.body }
    }
}
