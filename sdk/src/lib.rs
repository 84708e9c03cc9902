//! What a Doorward plugin is written with: declare routes and hooks, handle requests, use what the operator granted.
//!
//! A plugin is one function that returns a [`Plugin`], next to the handlers it names:
//!
//! ```
//! use doorward_sdk::prelude::*;
//!
//! doorward_sdk::plugin!(plugin);
//!
//! fn plugin() -> Plugin {
//!     Plugin::new("hello", "1.0.0").route(Route::post("/hello", hello))
//! }
//!
//! struct Hello {
//!     name: String,
//! }
//!
//! impl Input for Hello {
//!     fn read(fields: &mut Fields<'_>) -> Self {
//!         Hello { name: fields.required("name") }
//!     }
//! }
//!
//! fn hello(_request: &Request, input: Hello) -> Result<Response> {
//!     Response::json(&json!({ "greeting": format!("Hello, {}", input.name) }))
//! }
//! # fn main() {}
//! ```
//!
//! `doorward plugin build` turns the crate into a component with its manifest inside.
//!
//! `doorward plugin new NAME` makes a folder to begin in, and the crate's `TUTORIAL.md` leads from there to an upgrade. Whole
//! plugins to begin from are in `plugins/samples` of Doorward's source: `invite-codes` (a table, a hook before sign-up),
//! `account-activity` (events, a mail, CSV), `waitlist` (sections on pages of others), `breached-passwords` (another server).
//!
//! Flat: one file per capability, and one per thing that a plugin declares.

pub mod accounts;
#[cfg(target_arch = "wasm32")]
mod arena;
mod background;
mod base64;
#[doc(hidden)]
pub mod bindings;
pub mod bodies;
pub mod browser_sessions;
pub mod cache;
pub mod chunks;
pub mod claims;
pub mod clock;
pub mod config;
pub mod cookies;
pub mod counters;
pub mod crypto;
mod declared;
pub mod email_ownership;
pub mod endpoints;
mod error;
mod event;
#[cfg(not(target_arch = "wasm32"))]
pub mod fake;
mod gate;
#[doc(hidden)]
pub mod guest;
mod host;
pub mod http;
mod input;
pub mod jobs;
pub mod keys;
pub mod links;
pub mod log;
pub mod mail;
pub mod models;
mod multipart;
mod page;
pub mod passwords;
mod percent;
pub mod permissions;
mod plugin;
pub mod plugin_events;
pub mod query;
mod reply;
mod request;
mod response;
mod route;
pub mod schema;
pub mod sealing;
pub mod sections;
pub mod session_administration;
pub mod session_tokens;
pub mod sessions;
pub mod site;
pub mod transactions;
pub mod user_administration;
pub mod user_directory;
pub mod users;
pub mod verifications;
pub mod webauthn;

pub use doorward_contract::{
    Button, Confirm, Fact, Form, FormField, Notice, OutcomeKind, Row, Section, Shown, ShownKind, Style, Target, Tone,
    When, encoded,
};
/// For the JSON that requests, rows and answers are made of.
pub use serde_json;

pub use background::{Emission, Job, Listener, Task};
pub use chunks::Chunk;
pub use doorward_contract::{
    FieldRule, FieldType, MailTemplate, OnDelete, Step, VALIDATION_ERROR, invalid_option, is_email, mismatch,
};
pub use error::{ApiError, Error, HostError, Result};
pub use event::{Action, Change, Event};
pub use gate::{Attempt, Verdict};
pub use input::{Fields, FromField, Input};
pub use multipart::Part;
pub use page::{Asked, Asking, Contribution, Page};
pub use plugin::{Flow, Plugin};
pub use reply::Reply;
pub use request::Request;
pub use response::Response;
pub use route::{Function, Route};

/// A refusal with a fixed text. The core's own are constants of it, for plugins that refuse for the same reason.
///
/// ```
/// use doorward_sdk::{Error, ErrorCode};
/// const TAKEN: ErrorCode = ErrorCode::new(400, "SEAT_TAKEN", "The seat is taken");
/// let error = Error::from(ErrorCode::USER_NOT_FOUND.with_status(404));
/// assert_eq!(error.refusal().message.as_deref(), Some("User not found"));
/// ```
#[doc(inline)]
pub use doorward_contract::ErrorCode;

/// Where and when a hook runs.
///
/// ```
/// use doorward_sdk::prelude::*;
///
/// fn plugin() -> Plugin {
///     Plugin::new("greeter", "1.0.0")
///         .after(On::path("/get-session").changes_answer().when_signed_in().unless_option("quiet"), |_request, reply| {
///             reply.expose_header("x-greeting", "hello")
///         })
/// }
/// # plugin();
/// ```
#[doc(inline)]
pub use doorward_contract::On;

/// A limit on how often one client may call a path.
///
/// ```
/// use doorward_sdk::{Plugin, RateRule};
/// // Three calls in ten seconds, unless the operator's option `limit` says otherwise.
/// let plugin = Plugin::new("seats", "1.0.0").rate_limit(RateRule::new("/seats/take", 3, 10).or_option("limit"));
/// ```
#[doc(inline)]
pub use doorward_contract::RateRule;

/// A cookie that a plugin owns.
///
/// ```
/// use doorward_sdk::{CookieRule, Plugin};
/// let plugin = Plugin::new("seats", "1.0.0")
///     .cookie(CookieRule::prefixed("seat"))
///     .cookie(CookieRule::prefixed("seat-of-").all_that_begin_so());
/// ```
#[doc(inline)]
pub use doorward_contract::CookieRule;

/// A table of the plugin's own.
///
/// ```
/// use doorward_sdk::prelude::*;
///
/// fn plugin() -> Plugin {
///     Plugin::new("seats", "1.0.0").table(
///         Table::new("seat")
///             .field(FieldRule::new("userId", FieldType::String).required().indexed().references("user"))
///             .field(FieldRule::new("number", FieldType::Number).required().unique()),
///     )
/// }
/// # plugin();
/// ```
#[doc(inline)]
pub use doorward_contract::Table;

/// What is typed into a field of a form.
///
/// ```
/// use doorward_sdk::{FormField, InputKind};
/// let fields = [
///     FormField::new("name", "Name", InputKind::Text).autocomplete("name"),
///     FormField::new("terms", "I agree", InputKind::Checkbox).required(),
///     FormField::new("source", "Source", InputKind::Hidden).value("footer"),
/// ];
/// assert!(fields.iter().any(|field| field.kind == InputKind::Checkbox));
/// ```
#[doc(inline)]
pub use doorward_contract::InputKind;

/// What can be chosen in a field of a form.
///
/// ```
/// use doorward_sdk::{Choice, FormField, InputKind};
/// let mut often = FormField::new("often", "How often", InputKind::Select).choice("week", "Every week");
/// often.choices.push(Choice { value: "month".to_owned(), label: "Every month".to_owned() });
/// assert_eq!(often.choices.len(), 2);
/// ```
#[doc(inline)]
pub use doorward_contract::Choice;

/// What follows when a button has done its work. [`Button`] has a method for each part of it.
///
/// ```
/// use doorward_sdk::{Button, Form, FormField, InputKind, Target};
/// let code = FormField::new("code", "Code", InputKind::Code).required();
/// let confirm = Form::new("confirm", Button::new("Confirm", Target::post("/phone/confirm"))).field(code);
/// let send = Button::new("Send a code", Target::post("/phone/send")).says("It is on its way.").then_form(confirm);
/// assert!(send.then.next.is_some_and(|form| form.id == "confirm"));
/// ```
#[doc(inline)]
pub use doorward_contract::Outcome;

/// Which function of the host may be called when.
///
/// A call at another moment, or with a transaction that should not be open, gets [`HostError::Denied`] or
/// [`HostError::Invalid`] with the reason: from the server, and from [`fake`] in native tests.
///
#[doc = include_str!("../MOMENTS.md")]
pub mod moments {
    /// The table: groups of functions that may be called at the same moments.
    ///
    /// ```
    /// use doorward_sdk::moments::{CALLS, Moment};
    /// let mut sends = CALLS.iter().filter(|rule| rule.capability == "http" && rule.functions.contains(&"send"));
    /// assert!(sends.all(|rule| rule.allows(Moment::Job) && !rule.allows(Moment::Event)));
    /// ```
    pub use doorward_contract::CALLS;
    /// What the server calls a plugin for.
    ///
    /// ```
    /// use doorward_sdk::moments::Moment;
    /// let columns = Moment::ALL.map(Moment::name);
    /// assert!(columns.contains(&"gate") && columns.contains(&"job"));
    /// ```
    pub use doorward_contract::Moment;
}

/// Everything a plugin's source usually names.
pub mod prelude {
    pub use crate::query::{
        Filter, Query, contains, ends_with, eq, gt, gte, lt, lte, ne, none_of, one_of, starts_with,
    };
    pub use crate::{
        Action, ApiError, Asked, Asking, Attempt, Button, Change, Chunk, Contribution, CookieRule, Emission, Error,
        ErrorCode, Event, FieldRule, FieldType, Fields, Flow, Form, FormField, Function, HostError, Input, InputKind,
        Job, Listener, MailTemplate, On, Page, Plugin, RateRule, Reply, Request, Response, Result, Route, Row, Section,
        Step, Table, Target, Task, Tone, Verdict, accounts, bodies, browser_sessions, cache, claims, clock, config,
        cookies, counters, crypto, email_ownership, endpoints, http, jobs, keys, links, log, mail, models, passwords,
        permissions, plugin_events, schema, sealing, sections, session_administration, session_tokens, sessions, site,
        transactions, user_administration, user_directory, users, verifications, webauthn,
    };
    pub use serde_json::{self, Map, Value, json};
}

/// Exports the plugin that `$declare`, a `fn() -> Plugin`, returns. Once in a crate of type `cdylib`.
///
/// ```
/// use doorward_sdk::prelude::*;
///
/// doorward_sdk::plugin!(plugin);
///
/// pub fn plugin() -> Plugin {
///     Plugin::new("teapot", "1.0.0").route(Route::get("/teapot", |_, ()| Ok(Response::text("short and stout"))))
/// }
/// # fn main() {
/// // A test calls the same function.
/// let answer = doorward_sdk::fake::RawRequest::get("/teapot", &[]).send(&plugin()).unwrap();
/// assert_eq!(doorward_sdk::fake::text(&answer), "short and stout");
/// # }
/// ```
#[macro_export]
macro_rules! plugin {
    ($declare:ident) => {
        // Natively too, a function of another kind is seen here.
        const _: fn() -> $crate::Plugin = $declare;
        #[cfg(target_arch = "wasm32")]
        mod doorward_exports {
            use $crate::bindings as b;
            struct Component;
            $crate::guest_exports!(Component, super::$declare);
            $crate::bindings::export!(Component with_types_in $crate::bindings);
            // `doorward plugin build` calls it once and takes it out.
            #[unsafe(export_name = "doorward-prepare")]
            extern "C" fn prepare() {
                $crate::guest::prepare(super::$declare);
            }
        }
    };
}
