//! One endpoint of a plugin: method, path, handler and what the host checks before calling it.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! use doorward_sdk::fake::{self, RawRequest};
//!
//! struct Take {
//!     seat: f64,
//! }
//!
//! impl Input for Take {
//!     fn read(fields: &mut Fields<'_>) -> Self {
//!         Take { seat: fields.required("seat") }
//!     }
//! }
//!
//! fn take(_request: &Request, input: Take) -> Result<Response> {
//!     Response::json(&json!({ "taken": input.seat }))
//! }
//!
//! let plugin = Plugin::new("seats", "1.0.0")
//!     .route(Route::post("/seats/take", take))
//!     .function(Function::new("free-seats", |_, ()| Response::json(&json!([]))));
//! let answer = RawRequest::post("/seats/take", &json!({ "seat": 7 })).send(&plugin)?;
//! assert_eq!(fake::status(&answer), 200);
//! let refused = RawRequest::post("/seats/take", &json!({ "seat": "7" })).send(&plugin).unwrap_err().refusal();
//! assert_eq!(refused.message.unwrap(), "[body.seat] Invalid input: expected number, received string");
//! # Ok::<(), Error>(())
//! ```

use crate::chunks::ChunkFn;
use crate::error::Result;
use crate::input::{Input, shape_of};
use crate::{Chunk, Request, Response};
use doorward_contract::{ApiNote, ErrorCode, FunctionRule, InputNote, RouteRule};
use serde_json::Value;

pub(crate) type Handler = Box<dyn Fn(&Request<'_>) -> Result<Response>>;

/// An endpoint below the base path. `:name` in the path matches one segment.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{self, RawRequest};
/// # fake::reset();
/// let join = Route::post("/newsletter/join", |request, ()| {
///     let email = request.body().unwrap_or_default()["email"].clone();
///     Response::json(&json!({ "joined": email }))
/// });
/// let leave = Route::get("/newsletter/leave", |_request, ()| Ok(Response::redirect("/goodbye")));
/// let plugin = Plugin::new("newsletter", "1.0.0")
///     .route(join.accepts_form().summary("Joins.").answers(|| schema::object(&[("joined", schema::text())])))
///     .route(leave.or_option("leave_path").redirects_to(&["callbackURL"]));
/// fake::with(|world| world.options = r#"{"leave_path":"/unsubscribe"}"#.to_owned());
/// assert_eq!(fake::status(&RawRequest::get("/unsubscribe", &[]).send(&plugin)?), 302);
/// let joined = RawRequest::post("/newsletter/join", &json!({ "email": "ada@example.com" })).send(&plugin)?;
/// assert_eq!(fake::body(&joined)["joined"], "ada@example.com");
/// # Ok::<(), Error>(())
/// ```
pub struct Route {
    pub(crate) rule: RouteRule,
    pub(crate) handler: Handler,
    pub(crate) about: About,
    pub(crate) next: Option<ChunkFn>,
}

/// A function for the application's own backend, on the management address; clients never reach it.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{self, RawRequest};
/// # fake::reset();
/// struct Who {
///     email: String,
/// }
///
/// impl Input for Who {
///     fn read(fields: &mut Fields<'_>) -> Self {
///         Who { email: fields.email("email") }
///     }
/// }
/// let find = Function::new("find-user", |_request, who: Who| {
///     Response::json(&users::find_by_email(&who.email)?.map(|user| user.id()))
/// });
/// let plugin = Plugin::new("support", "1.0.0").function(find.summary("The id of the user with this address."));
/// # users::create(&json!({ "email": "ada@example.com" }))?;
/// let ask = |email: &str| RawRequest::post("/", &json!({ "email": email })).call(&plugin, "find-user");
/// assert_eq!(fake::body(&ask("ada@example.com")?), "user-1");
/// assert_eq!(ask("ada").unwrap_err().refusal().code.as_deref(), Some("VALIDATION_ERROR"));
/// # Ok::<(), Error>(())
/// ```
pub struct Function {
    pub(crate) rule: FunctionRule,
    pub(crate) handler: Handler,
    pub(crate) about: About,
}

/// What is said of an endpoint. It is worked out when the plugin is built, and never while it answers.
pub(crate) struct About {
    summary: &'static str,
    reads: fn() -> Option<InputNote>,
    /// Where the handler reads the request itself.
    by_hand: Option<fn() -> Value>,
    answer: Option<fn() -> Value>,
    redirects: bool,
    refusals: Vec<&'static [ErrorCode]>,
}

impl About {
    fn reading<I: Input>() -> Self {
        Self { summary: "", reads: shape_of::<I>, by_hand: None, answer: None, redirects: false, refusals: Vec::new() }
    }

    pub(crate) fn note(&self, method: &str) -> ApiNote {
        let by_hand = self.by_hand.map(|schema| InputNote {
            schema: schema().as_object().cloned().unwrap_or_default(),
            may_be_absent: false,
        });
        let (read, is_query) = (by_hand.or_else(self.reads), method == "GET");
        let (query, body) = if is_query { (read, None) } else { (None, read) };
        let answer = self.answer.map(|answer| answer());
        let (summary, redirects) = (self.summary.to_owned(), self.redirects);
        let note = ApiNote { summary, body, query, answer, redirects, ..ApiNote::default() };
        self.refusals.iter().fold(note, |note, codes| note.refusing(codes))
    }
}

impl Function {
    /// `name` is in lower case with hyphens: `view-backup-codes`. Its input is the JSON body, validated before the handler
    /// runs.
    pub fn new<I: Input>(name: &'static str, handler: fn(&Request<'_>, I) -> Result<Response>) -> Function {
        Function {
            rule: FunctionRule { name, note: None },
            handler: Box::new(move |request| handler(request, request.body_input()?)),
            about: About::reading::<I>(),
        }
    }

    /// One sentence for the description of the API: what it does.
    pub fn summary(mut self, summary: &'static str) -> Function {
        self.about.summary = summary;
        self
    }

    /// What it reads, for the description of the API, where the handler takes `()` and reads the body itself: a JSON Schema.
    pub fn reads(mut self, schema: fn() -> Value) -> Function {
        self.about.by_hand = Some(schema);
        self
    }

    /// What it answers after success, for the description of the API: a JSON Schema.
    pub fn answers(mut self, schema: fn() -> Value) -> Function {
        self.about.answer = Some(schema);
        self
    }

    /// With what it refuses of its own, for the description of the API, as [`Route::refuses`].
    pub fn refuses(mut self, codes: &'static [ErrorCode]) -> Function {
        self.about.refusals.push(codes);
        self
    }
}

impl Route {
    /// An endpoint that changes something. Its input is the JSON body, validated before the handler runs: `fn(&Request, I) ->
    /// Result<Response>` with an [`Input`], or `()` for none.
    pub fn post<I: Input>(path: &'static str, handler: fn(&Request<'_>, I) -> Result<Response>) -> Route {
        Route::new::<I>("POST", path, Box::new(move |request| handler(request, request.body_input()?)))
    }

    /// An endpoint that reads, or that a link in a mail leads to. Its input is the query.
    pub fn get<I: Input>(path: &'static str, handler: fn(&Request<'_>, I) -> Result<Response>) -> Route {
        Route::new::<I>("GET", path, Box::new(move |request| handler(request, request.query_input()?)))
    }

    /// An endpoint that puts something in its place. Its input is the JSON body, as of [`Route::post`].
    pub fn put<I: Input>(path: &'static str, handler: fn(&Request<'_>, I) -> Result<Response>) -> Route {
        Route::new::<I>("PUT", path, Box::new(move |request| handler(request, request.body_input()?)))
    }

    /// An endpoint that changes a part of something. Its input is the JSON body, as of [`Route::post`].
    pub fn patch<I: Input>(path: &'static str, handler: fn(&Request<'_>, I) -> Result<Response>) -> Route {
        Route::new::<I>("PATCH", path, Box::new(move |request| handler(request, request.body_input()?)))
    }

    /// An endpoint that removes something. Its input is the query.
    pub fn delete<I: Input>(path: &'static str, handler: fn(&Request<'_>, I) -> Result<Response>) -> Route {
        Route::new::<I>("DELETE", path, Box::new(move |request| handler(request, request.query_input()?)))
    }

    fn new<I: Input>(method: &'static str, path: &'static str, handler: Handler) -> Route {
        Route { rule: RouteRule::new(method, path), handler, about: About::reading::<I>(), next: None }
    }

    /// One sentence for the description of the API: what it does.
    pub fn summary(mut self, summary: &'static str) -> Route {
        self.about.summary = summary;
        self
    }

    /// What it reads, for the description of the API, where the handler takes `()` and reads the request itself: a JSON Schema.
    pub fn reads(mut self, schema: fn() -> Value) -> Route {
        self.about.by_hand = Some(schema);
        self
    }

    /// What it answers after success, for the description of the API: a JSON Schema. Tables are named by their models, with a
    /// capital letter: `{"$ref": "#/components/schemas/User"}`.
    pub fn answers(mut self, schema: fn() -> Value) -> Route {
        self.about.answer = Some(schema);
        self
    }

    /// With what it refuses of its own, for the description of the API. What the host refuses before the handler runs, such as
    /// `VALIDATION_ERROR`, is not among it. What several endpoints share may be said apart: each call adds to those before it.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// const SOLD_OUT: ErrorCode = ErrorCode::new(409, "SOLD_OUT", "No seat is left");
    /// fn take(_request: &Request, (): ()) -> Result<Response> {
    ///     Err(SOLD_OUT.into())
    /// }
    /// let route = Route::post("/seats/take", take).refuses(&[ErrorCode::UNAUTHORIZED, SOLD_OUT]);
    /// ```
    pub fn refuses(mut self, codes: &'static [ErrorCode]) -> Route {
        self.about.refusals.push(codes);
        self
    }

    /// It may lead a browser elsewhere, says the description of the API. An endpoint with
    /// [`redirects_to`](Route::redirects_to) need not say it.
    pub fn redirects(mut self) -> Route {
        self.about.redirects = true;
        self
    }

    /// The operator's option `name` replaces the path; a dot goes into a table: `jwks.jwks_path`.
    pub fn or_option(mut self, name: &'static str) -> Route {
        self.rule.path_option = Some(name);
        self
    }

    /// Signs someone in: the origin is checked also for clients without cookies, against forced sign-ins.
    pub fn signs_in(mut self) -> Route {
        self.rule.signs_in = true;
        self
    }

    /// Takes forms beside JSON: a form's body becomes an object of texts.
    pub fn accepts_form(mut self) -> Route {
        self.rule.accepts_form = true;
        self
    }

    /// Takes bodies of these media types beside JSON, as bytes: `text/csv`, `image/*`, `multipart/form-data`, `*/*`. The
    /// handler's input is `()` then; see [`Request::bytes`] and [`Request::parts`].
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// use doorward_sdk::fake::{self, RawRequest};
    ///
    /// fn import(request: &Request, (): ()) -> Result<Response> {
    ///     let text = String::from_utf8_lossy(&request.bytes().unwrap_or_default()).into_owned();
    ///     Response::json(&json!({ "lines": text.lines().count() }))
    /// }
    ///
    /// let plugin = Plugin::new("seats", "1.0.0").route(Route::put("/seats", import).accepts(&["text/csv"]).up_to(65_536));
    /// let answer = RawRequest::new("PUT", "/seats").with_bytes("text/csv", "7,Ada\n8,Bob\n").send(&plugin)?;
    /// assert_eq!(fake::body(&answer)["lines"], 2);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn accepts(mut self, media_types: &[&'static str]) -> Route {
        self.rule.accepts = media_types.to_vec();
        self
    }

    /// Takes bodies of at most so many bytes; a larger one is refused with 413 before the handler runs. It never takes more
    /// than the server does (`server.max_body_bytes`).
    pub fn up_to(mut self, max_body_bytes: u32) -> Route {
        self.rule.max_body_bytes = Some(max_body_bytes);
        self
    }

    /// The handler reads the body chunk by chunk with [`bodies::read`](crate::bodies::read): one of the types that it
    /// [accepts](Route::accepts), of at most so many bytes, which may be more than `server.max_body_bytes`. The operator can
    /// lower that (`limits.stream_bytes`). The client has `limits.stream_ms` to send it.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// fn keep(_request: &Request, (): ()) -> Result<Response> {
    ///     while let Some(_chunk) = bodies::read()? {}
    ///     Ok(Response::empty(204))
    /// }
    /// let route = Route::put("/films/:id", keep).accepts(&["video/*"]).reads_chunks(1 << 30);
    /// ```
    pub fn reads_chunks(mut self, max_body_bytes: u32) -> Route {
        self.rule.reads_chunks = true;
        self.up_to(max_body_bytes)
    }

    /// The handler may answer with [`Response::chunked`], in at most so many bytes: `next` makes each chunk from the cursor of
    /// the one before. The operator can lower that (`limits.stream_bytes`). The client has `limits.stream_ms` to take it.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// fn export(_request: &Request, (): ()) -> Result<Response> {
    ///     Response::chunked("text/csv; charset=utf-8", &json!({ "after": "" }))
    /// }
    /// fn lines(cursor: &Value) -> Result<Chunk> {
    ///     let after = cursor["after"].as_str().unwrap_or_default();
    ///     let rows: Vec<Value> = models::find("seat", gt("id", after).order_by("id").limit(500))?;
    ///     let text: String = rows.iter().map(|row| format!("{},{}\n", row["id"], row["name"])).collect();
    ///     match rows.last().filter(|_| rows.len() == 500) {
    ///         Some(last) => Chunk::more(text, &json!({ "after": last["id"] })),
    ///         None => Ok(Chunk::last(text)),
    ///     }
    /// }
    /// let route = Route::get("/seats.csv", export).in_chunks(1 << 30, lines);
    /// ```
    pub fn in_chunks(mut self, most_bytes: u64, next: fn(&Value) -> Result<Chunk>) -> Route {
        self.rule.most_answer_bytes = Some(most_bytes);
        self.next = Some(next);
        self
    }

    /// Query parameters that the handler may redirect to: the host refuses targets that are not trusted.
    pub fn redirects_to(mut self, query_params: &'static [&'static str]) -> Route {
        self.rule.redirect_params = query_params.to_vec();
        self.about.redirects = true;
        self
    }
}
