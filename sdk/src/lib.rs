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
//! Flat: one file per capability, and one per thing that a plugin declares.

pub mod accounts;
#[cfg(target_arch = "wasm32")]
mod arena;
#[doc(hidden)]
pub mod bindings;
pub mod browser_sessions;
pub mod cache;
pub mod claims;
pub mod clock;
pub mod config;
pub mod cookies;
pub mod counters;
pub mod crypto;
pub mod email_ownership;
mod error;
mod event;
#[cfg(not(target_arch = "wasm32"))]
pub mod fake;
mod fields;
mod gate;
#[doc(hidden)]
pub mod guest;
mod host;
pub mod http;
mod input;
pub mod keys;
pub mod links;
pub mod log;
pub mod mail;
mod manifest;
pub mod models;
mod on;
pub mod passwords;
mod plugin;
pub mod query;
mod reply;
mod request;
mod response;
mod route;
pub mod sealing;
pub mod session_administration;
pub mod session_tokens;
pub mod sessions;
pub mod transactions;
pub mod user_administration;
pub mod user_directory;
pub mod users;
pub mod verifications;
pub mod webauthn;

pub use error::{ApiError, Error, ErrorCode, HostError, Result};
pub use event::{Action, Change, Event};
pub use fields::{FieldRule, FieldType, Table};
pub use gate::{Attempt, Verdict};
pub use input::{Fields, FromField, Input, is_email, mismatch};
pub use manifest::{CookieRule, RateRule};
pub use on::On;
pub use plugin::{Flow, Plugin};
pub use reply::Reply;
pub use request::Request;
pub use response::Response;
pub use route::{Function, Route};

/// Everything a plugin's source usually names.
pub mod prelude {
    pub use crate::query::{
        Filter, Query, contains, ends_with, eq, gt, gte, lt, lte, ne, none_of, one_of, starts_with,
    };
    pub use crate::{
        Action, ApiError, Attempt, Change, CookieRule, Error, ErrorCode, Event, FieldRule, FieldType, Fields, Flow,
        Function, HostError, Input, On, Plugin, RateRule, Reply, Request, Response, Result, Route, Table, Verdict,
        accounts, browser_sessions, cache, claims, clock, config, cookies, counters, crypto, email_ownership, http,
        keys, links, log, mail, models, passwords, sealing, session_administration, session_tokens, sessions,
        transactions, user_administration, user_directory, users, verifications, webauthn,
    };
    pub use serde_json::{Map, Value, json};
}

/// Exports the plugin that `$declare`, a `fn() -> Plugin`, returns. Once in a crate of type `cdylib`.
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
        }
    };
}
