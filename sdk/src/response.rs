//! What a handler answers.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! let made = Response::json(&json!({ "seat": 7 }))?.status(201).header("x-seat", "7");
//! assert_eq!(made.body(), Some(json!({ "seat": 7 })));
//! let elsewhere = Response::redirect("/welcome");
//! let table = Response::bytes("text/csv; charset=utf-8", "seat,name\n7,Ada\n");
//! # Ok::<(), Error>(())
//! ```

use crate::bindings::doorward::plugin::types as raw;
use crate::bindings::exports::doorward::plugin::{answers, chunks};
use crate::error::Result;
use serde::Serialize;
use serde_json::Value;

const JSON: &str = "application/json";
const TYPE: &str = "content-type";

/// An answer to the client.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// fn calendar(is_new: bool) -> Response {
///     match is_new {
///         true => Response::bytes("text/calendar; charset=utf-8", "BEGIN:VCALENDAR").header("etag", "\"v2\""),
///         false => Response::empty(304),
///     }
/// }
/// let whole = calendar(true);
/// assert_eq!(fake::header(&whole, "content-type").as_deref(), Some("text/calendar; charset=utf-8"));
/// assert_eq!((fake::text(&whole).as_str(), fake::status(&calendar(false))), ("BEGIN:VCALENDAR", 304));
/// # assert_eq!(fake::text(&Response::text("7")), "7");
/// ```
#[derive(Clone, Debug)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// None for an answer without a type.
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
    /// What the first chunk of a longer body is made from, as JSON text.
    pub(crate) cursor: Option<String>,
}

impl Response {
    /// 200 with a JSON body.
    ///
    /// # Errors
    /// 500 when the value cannot be written as JSON.
    pub fn json(body: &impl Serialize) -> Result<Response> {
        Ok(Response::bytes(JSON, serde_json::to_vec(body)?))
    }

    /// 200 with HTML; pages alone may answer it.
    pub fn html(body: impl Into<String>) -> Response {
        Response::bytes("text/html; charset=utf-8", body.into())
    }

    /// 200 with plain text.
    pub fn text(body: impl Into<String>) -> Response {
        Response::bytes("text/plain; charset=utf-8", body.into())
    }

    /// 200 with a body of any type that no browser runs: `text/csv; charset=utf-8`. A hook's answer is text.
    pub fn bytes(content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        Response { content_type: Some(content_type.to_owned()), body: body.into(), ..Response::empty(200) }
    }

    /// 200 with a body that is made chunk by chunk, the first one from `cursor`; for a route with
    /// [`in_chunks`](crate::Route::in_chunks). See [`chunks`](crate::chunks).
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// fn export(_request: &Request, (): ()) -> Result<Response> {
    ///     Response::chunked("text/csv; charset=utf-8", &json!({ "after": "" }))
    /// }
    /// # _ = Route::get("/export", export);
    /// ```
    ///
    /// # Errors
    /// 500 when the cursor cannot be written as JSON.
    pub fn chunked(content_type: &str, cursor: &impl Serialize) -> Result<Response> {
        let cursor = Some(serde_json::to_string(cursor)?);
        Ok(Response { cursor, ..Response::bytes(content_type, Vec::new()) })
    }

    /// 302 to `url`, with an empty body.
    pub fn redirect(url: impl Into<String>) -> Response {
        Response::empty(302).header("location", url)
    }

    /// A status without a body; of 204 and 304, without a content type.
    pub fn empty(status: u16) -> Response {
        let content_type = (!matches!(status, 204 | 304)).then(|| JSON.to_owned());
        Response { status, headers: Vec::new(), content_type, body: Vec::new(), cursor: None }
    }

    /// The same answer with another status.
    pub fn status(mut self, status: u16) -> Response {
        self.status = status;
        self
    }

    /// The same answer with one more header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Response {
        if name.eq_ignore_ascii_case(TYPE) {
            self.content_type = Some(value.into());
        } else {
            self.headers.push((name.to_owned(), value.into()));
        }
        self
    }

    /// The JSON body; none when it is empty.
    pub fn body(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// As hooks, gates and functions give it.
    pub(crate) fn into_raw(self) -> raw::Response {
        let of_type = self.content_type.filter(|content_type| content_type != JSON);
        let of_type = of_type.map(|value| (TYPE.to_owned(), value));
        let headers = self.headers.into_iter().chain(of_type).map(|(name, value)| raw::Header { name, value });
        let body =
            String::from_utf8(self.body).unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into());
        raw::Response {
            status: self.status,
            headers: headers.collect(),
            body: Some(body).filter(|text| !text.is_empty()),
        }
    }

    /// As routes and pages give it.
    pub(crate) fn into_answer(self) -> answers::Answer {
        let headers = self.headers.into_iter().map(|(name, value)| raw::Header { name, value }).collect();
        answers::Answer { status: self.status, headers, content_type: self.content_type, body: self.body }
    }

    /// As a route gives it that may answer in chunks.
    pub(crate) fn into_opening(self) -> chunks::Opening {
        match self.cursor.clone() {
            None => chunks::Opening::Whole(self.into_answer()),
            Some(cursor) => {
                let answers::Answer { status, headers, content_type, .. } = self.into_answer();
                let content_type = content_type.unwrap_or_default();
                chunks::Opening::Chunked(chunks::Start { status, headers, content_type, cursor })
            }
        }
    }
}

/// What a session gate of the host wants the client to get.
impl From<raw::Response> for Response {
    fn from(answer: raw::Response) -> Response {
        let empty = Response { body: answer.body.unwrap_or_default().into_bytes(), ..Response::empty(answer.status) };
        answer.headers.into_iter().fold(empty, |response, header| response.header(&header.name, header.value))
    }
}
