//! The request that a handler or a hook looks at.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! use doorward_sdk::fake::{self, RawRequest};
//!
//! fn seat(request: &Request, (): ()) -> Result<Response> {
//!     let number = request.param("number").unwrap_or_default();
//!     Response::json(&json!({ "seat": number, "agent": request.user_agent() }))
//! }
//!
//! let plugin = Plugin::new("seats", "1.0.0").route(Route::get("/seats/:number", seat));
//! let answer = RawRequest::get("/seats/7", &[]).with_header("user-agent", "test").send(&plugin)?;
//! assert_eq!(fake::body(&answer), json!({ "seat": "7", "agent": "test" }));
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host::RawRequest;
use crate::input::{Input, read_input};
use crate::multipart::{self, Part};
use serde_json::Value;

/// The request being answered. Each getter asks the host, so ask once and keep the value.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{self, RawRequest};
/// # fake::reset();
/// fn about(request: &Request, (): ()) -> Result<Response> {
///     let who = request.session()?.map_or(Value::Null, |session| session["user"]["email"].clone());
///     let country = request.proxy_header("x-country");
///     Response::json(&json!({
///         "asked": format!("{} {}", request.method(), request.path()),
///         "from": request.client_address(), "country": country, "page": request.query("page"), "who": who,
///     }))
/// }
/// let plugin = Plugin::new("about", "1.0.0").route(Route::get("/about-me", about));
/// let request = RawRequest::get("/about-me", &[("page", "2")]).from_address("192.0.2.7");
/// let request = request.with_header("x-country", "DE").through_proxy();
/// let expected = json!({ "asked": "GET /about-me", "from": "192.0.2.7", "country": "DE", "page": "2", "who": null });
/// assert_eq!(fake::body(&request.send(&plugin)?), expected);
/// # Ok::<(), Error>(())
/// ```
pub struct Request<'a> {
    raw: &'a RawRequest,
}

impl<'a> Request<'a> {
    /// Wraps what the host lends for one call.
    #[doc(hidden)]
    pub fn new(raw: &'a RawRequest) -> Request<'a> {
        Request { raw }
    }

    /// `GET`, `POST`, … in capitals.
    pub fn method(&self) -> String {
        self.raw.method()
    }

    /// Below the base path, without a query: `/sign-in/email`.
    pub fn path(&self) -> String {
        self.raw.path()
    }

    /// The value of `:name` in the route's pattern, percent-decoded.
    pub fn param(&self, name: &str) -> Option<String> {
        self.raw.param(name)
    }

    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        self.raw.query(name)
    }

    /// The whole query: texts, and arrays of texts where a parameter is repeated.
    pub fn query_values(&self) -> Value {
        serde_json::from_str(&self.raw.query_json()).unwrap_or_default()
    }

    /// The whole query, validated.
    ///
    /// # Errors
    /// 400 `VALIDATION_ERROR` with every issue.
    pub fn query_input<I: Input>(&self) -> Result<I> {
        let value = serde_json::from_str(&self.raw.query_json()).ok();
        read_input("query", value.as_ref())
    }

    /// The body, validated.
    ///
    /// # Errors
    /// 400 `VALIDATION_ERROR` with every issue.
    pub fn body_input<I: Input>(&self) -> Result<I> {
        read_input("body", self.body().as_ref())
    }

    /// The parsed body; none when the request has none.
    pub fn body(&self) -> Option<Value> {
        self.raw.body().and_then(|text| serde_json::from_str(&text).ok())
    }

    /// The body as it came, of whatever type the route [accepts](crate::Route::accepts); none when there is none. Only in a
    /// route.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        self.raw.raw_body()
    }

    /// The parts of a `multipart/form-data` body, for a route that [accepts](crate::Route::accepts) it.
    ///
    /// # Errors
    /// 400 for a body that is malformed or of another type.
    pub fn parts(&self) -> Result<Vec<Part>> {
        let content_type = self.header("content-type").unwrap_or_default();
        multipart::parts(&content_type, &self.bytes().unwrap_or_default())
    }

    /// As [`Request::header`], of a request that a trusted proxy sent; none of any other, whose headers anybody may have
    /// written.
    pub fn proxy_header(&self, name: &str) -> Option<String> {
        self.raw.proxy_header(name)
    }

    /// Replaces the body that later hooks and the endpoint see. Only in a `before` hook.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// use doorward_sdk::fake::RawRequest;
    /// let on = On::path("/sign-up/email").reads_request().changes_request();
    /// let plugin = Plugin::new("tidy-names", "1.0.0").before(on, |request| {
    ///     let mut body = request.body().unwrap_or_default();
    ///     body["name"] = json!(body["name"].as_str().unwrap_or_default().trim());
    ///     request.set_body(&body)?;
    ///     Ok(Flow::Proceed)
    /// });
    /// let request = RawRequest::post("/sign-up/email", &json!({ "name": " Ada " }));
    /// request.run_before(&plugin)?;
    /// assert_eq!(Request::new(&request).body(), Some(json!({ "name": "Ada" })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Anywhere else.
    pub fn set_body(&self, body: &Value) -> Result<()> {
        Ok(self.raw.set_body(&body.to_string())?)
    }

    /// One header, by its name in lower case. `cookie` and `authorization` are never shown.
    pub fn header(&self, name: &str) -> Option<String> {
        self.raw.header(name)
    }

    /// The client's address as the server resolved it.
    pub fn client_address(&self) -> Option<String> {
        self.raw.client_address()
    }

    /// The `User-Agent` header.
    pub fn user_agent(&self) -> Option<String> {
        self.raw.user_agent()
    }

    /// Who is signed in: `{"session": …, "user": …}` without the session's token.
    ///
    /// # Errors
    /// When the session cannot be read.
    pub fn session(&self) -> Result<Option<Value>> {
        self.raw.session()?.map(|text| Ok(serde_json::from_str(&text)?)).transpose()
    }
}
