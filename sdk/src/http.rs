//! Requests to other servers: those that [`Plugin::http_host`](crate::Plugin::http_host) names or the operator allows.
//!
//! ```
//! use doorward_sdk::{fake, http};
//! # fake::reset();
//! fake::answer_http("https://api.example.com/me", 200, r#"{"name":"Ada"}"#);
//! let answer = http::Request::get("https://api.example.com/me").bearer("token").send()?;
//! let me: serde_json::Value = answer.json()?;
//! assert_eq!(me["name"], "Ada");
//! # Ok::<(), doorward_sdk::Error>(())
//! ```

use crate::bindings::doorward::plugin::types::Header;
use crate::error::{Error, Result};
use crate::host;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why another server did not answer.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// let sent = http::Request::get("https://status.example.com/").timeout_ms(500).send();
/// let state = match &sent {
///     Ok(answer) if answer.is_success() => "up",
///     Ok(_) | Err(http::Failure::TimedOut | http::Failure::Unreachable) => "down",
///     Err(fault) => return Err(Error::new(500, "NOT_ALLOWED", format!("{fault:?}"))),
/// };
/// assert_eq!(state, "down");
/// # Ok::<(), Error>(())
/// ```
pub use crate::bindings::doorward::plugin::http::Failure;
use crate::bindings::doorward::plugin::http::{Incoming, Outgoing};

/// A request: build it and [`send`](Request::send) it.
///
/// ```
/// use doorward_sdk::{fake, http};
/// # fake::reset();
/// fake::answer_http("https://lists.example.com/subscribers", 201, "");
/// let answer = http::Request::post("https://lists.example.com/subscribers")
///     .header("idempotency-key", "user-1")
///     .form(&[("email", "ada@example.com"), ("list", "monthly news")])
///     .send()?;
/// assert_eq!(answer.status(), 201);
/// let body = fake::with(|world| world.http_sent[0].body.clone().unwrap());
/// assert_eq!(body, b"email=ada%40example.com&list=monthly+news");
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request(Outgoing);

/// The answer, whatever its status.
///
/// ```
/// use doorward_sdk::{fake, http};
/// # fake::reset();
/// fake::answer_http("https://api.example.com/plans", 503, "too busy");
/// let answer = http::Request::get("https://api.example.com/plans").send()?;
/// assert!(!answer.is_success() && answer.header("retry-after").is_none());
/// assert_eq!(answer.text(), Some("too busy"));
/// // Where JSON was expected, the client gets 502 and the log the reason.
/// assert!(answer.json::<serde_json::Value>().is_err());
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Response(Incoming);

impl Request {
    /// A request with this method.
    pub fn new(method: &str, url: &str) -> Request {
        Request(Outgoing {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
        })
    }

    /// `GET`.
    pub fn get(url: &str) -> Request {
        Request::new("GET", url)
    }

    /// `POST`.
    pub fn post(url: &str) -> Request {
        Request::new("POST", url)
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.0.headers.push(Header { name: name.to_owned(), value: value.to_owned() });
        self
    }

    /// Adds `Authorization: Bearer …`.
    pub fn bearer(self, token: &str) -> Request {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The body, as it is.
    pub fn body(mut self, bytes: Vec<u8>) -> Request {
        self.0.body = Some(bytes);
        self
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When `value` is none.
    pub fn json(self, value: &impl Serialize) -> Result<Request> {
        Ok(self.header("content-type", "application/json").body(serde_json::to_vec(value)?))
    }

    /// The body as a form.
    pub fn form(self, fields: &[(&str, &str)]) -> Request {
        let body = crate::links::query(fields);
        self.header("content-type", "application/x-www-form-urlencoded").body(body.into_bytes())
    }

    /// At most 5000, which is the default.
    pub fn timeout_ms(mut self, millis: u32) -> Request {
        self.0.timeout_ms = Some(millis);
        self
    }

    /// Sends it and waits for the answer.
    ///
    /// # Errors
    /// Why there is no answer; with `?` in a handler, the log gets it and the client 502.
    pub fn send(self) -> Result<Response, Failure> {
        host::http::send(&self.0).map(Response)
    }

    /// Sends it later: once the transaction that is open has committed, and again until an answer with a status from 200 to 299
    /// comes; after ten attempts it is kept as failed, and `doorward jobs list` shows it. An event can do it too. It is sealed
    /// in the database, with at most 65,536 bytes.
    ///
    /// ```
    /// use doorward_sdk::{fake, http};
    /// # fake::reset();
    /// http::Request::post("https://api.example.com/hooks").json(&serde_json::json!({ "user": "user-1" }))?.enqueue()?;
    /// assert_eq!(fake::with(|world| world.http_queued.len()), 1);
    /// # Ok::<(), doorward_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    /// `denied` for a host that was not granted, `invalid` for a malformed request.
    pub fn enqueue(self) -> Result<(), Failure> {
        host::http::enqueue(&self.0)
    }
}

impl Response {
    /// The status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.0.status)
    }

    /// The first header with this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.0.body
    }

    /// The body as text; none when it is not UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0.body).ok()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// 502 when it is none; the log gets the reason.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.0.body).map_err(|error| failed(&format!("another server's answer: {error}")))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        failed(&format!("another server was not reached: {failure:?}"))
    }
}

fn failed(reason: &str) -> Error {
    crate::log::error(reason);
    Error::new(502, "BAD_GATEWAY", "Another server did not answer")
}
