//! The declaration of a plugin: one value that gives both the manifest and the dispatch.

use crate::error::{ErrorCode, Result};
use crate::event::Event;
use crate::fields::{FieldRule, Table};
use crate::manifest::{CookieRule, Manifest, RateRule};
use crate::on::On;
use crate::route::{Function, Route};
use crate::{Attempt, Reply, Request, Response, Verdict};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a `before` hook decides. To refuse, return an error.
pub enum Flow {
    /// Go on to the next hook and the endpoint.
    Proceed,
    /// Answer with this; the endpoint does not run.
    Respond(Response),
}

/// A plugin: build it with the methods below, in any order.
///
/// ```
/// use doorward_sdk::prelude::*;
///
/// fn plugin() -> Plugin {
///     Plugin::new("seats", "1.0.0")
///         .table(Table::new("seat").field(FieldRule::new("number", FieldType::Number).required().unique()))
///         .route(Route::get("/seats", |_request, ()| {
///             let seats: Vec<Value> = models::find("seat", Filter::all())?;
///             Response::json(&seats)
///         }))
///         .before("/sign-up/**", |request| {
///             if request.header("x-invitation").is_none() {
///                 return Err(Error::new(403, "NOT_INVITED", "Ask for an invitation"));
///             }
///             Ok(Flow::Proceed)
///         })
///         .after(On::path("/get-session").when_signed_in(), |_request, reply| reply.set_header("x-seats", "7"))
///         .claims(|_request, user, _claims| Ok(Map::from_iter([("seat".to_owned(), user["seat"].clone())])))
/// }
/// # plugin();
/// ```
pub struct Plugin {
    pub(crate) id: &'static str,
    pub(crate) version: &'static str,
    pub(crate) routes: Vec<Route>,
    pub(crate) before: Vec<Hook<BeforeHook>>,
    pub(crate) after: Vec<Hook<AfterHook>>,
    pub(crate) gate: Option<Gate>,
    pub(crate) gate_when_user: Option<&'static str>,
    pub(crate) events: Vec<Event>,
    pub(crate) claims: Option<Claims>,
    pub(crate) functions: Vec<Function>,
    pub(crate) http_hosts: Vec<&'static str>,
    pub(crate) default_options: fn() -> Value,
    pub(crate) check_options: Box<dyn Fn() -> Result<(), String>>,
    pub(crate) rate_limits: Vec<RateRule>,
    pub(crate) cookies: Vec<CookieRule>,
    pub(crate) tables: Vec<Table>,
    pub(crate) user_fields: Vec<FieldRule>,
    pub(crate) session_fields: Vec<FieldRule>,
    pub(crate) reads_user_fields: &'static [&'static str],
    pub(crate) writes_session_fields: &'static [&'static str],
    pub(crate) creates_user_with: &'static [&'static str],
    pub(crate) updates_user_fields: &'static [&'static str],
    pub(crate) verification_prefixes: Vec<&'static str>,
    pub(crate) mails: Vec<&'static str>,
    pub(crate) errors: Vec<ErrorCode>,
}

pub(crate) type BeforeHook = fn(&Request<'_>) -> Result<Flow>;
pub(crate) type AfterHook = fn(&Request<'_>, &Reply<'_>) -> Result<()>;
pub(crate) type Claims = fn(&Request<'_>, &Value, &Map<String, Value>) -> Result<Map<String, Value>>;
pub(crate) type Gate = fn(&Attempt<'_>) -> Result<Verdict>;

pub(crate) struct Hook<F> {
    pub(crate) on: On,
    pub(crate) call: F,
}

impl Plugin {
    /// `id` is in lower case with hyphens, and the name in the operator's config; `version` is semantic.
    pub fn new(id: &'static str, version: &'static str) -> Plugin {
        Plugin {
            id,
            version,
            routes: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            gate: None,
            gate_when_user: None,
            events: Vec::new(),
            claims: None,
            functions: Vec::new(),
            http_hosts: Vec::new(),
            default_options: || Value::Object(serde_json::Map::new()),
            check_options: Box::new(|| Ok(())),
            rate_limits: Vec::new(),
            cookies: Vec::new(),
            tables: Vec::new(),
            user_fields: Vec::new(),
            session_fields: Vec::new(),
            reads_user_fields: &[],
            writes_session_fields: &[],
            creates_user_with: &[],
            updates_user_fields: &[],
            verification_prefixes: Vec::new(),
            mails: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// The operator's options: a struct with `#[serde(default, deny_unknown_fields)]` and its defaults. Read it in a
    /// handler with [`config::options`](crate::config::options).
    pub fn options<O: Default + Serialize + DeserializeOwned + 'static>(mut self) -> Plugin {
        self.default_options = || serde_json::to_value(O::default()).unwrap_or_default();
        self.check_options = Box::new(crate::config::check::<O>);
        self
    }

    /// Like [`Plugin::options`], plus a check across fields: `fault` returns an error message, or `None`.
    pub fn options_without<O: Default + Serialize + DeserializeOwned + 'static>(
        self,
        fault: fn(&O) -> Option<String>,
    ) -> Plugin {
        let mut plugin = self.options::<O>();
        plugin.check_options =
            Box::new(move || crate::config::read::<O>().and_then(|options| fault(&options).map_or(Ok(()), Err)));
        plugin
    }

    /// Adds an endpoint.
    pub fn route(mut self, route: Route) -> Plugin {
        self.routes.push(route);
        self
    }

    /// Runs before endpoints: a path pattern, or [`On`] with conditions.
    pub fn before(mut self, on: impl Into<On>, call: BeforeHook) -> Plugin {
        self.before.push(Hook { on: on.into(), call });
        self
    }

    /// Runs after endpoints: a path pattern, or [`On`] with conditions. Nothing in memory is sure to last from `before` to
    /// `after`.
    pub fn after(mut self, on: impl Into<On>, call: AfterHook) -> Plugin {
        self.after.push(Hook { on: on.into(), call });
        self
    }

    /// Decides about every sign-in before a session exists. All gates are asked: a refusal goes before a challenge, whatever
    /// the order in the operator's config, and of several challenges the first counts.
    pub fn gate(mut self, gate: Gate) -> Plugin {
        self.gate = Some(gate);
        self
    }

    /// The gate is asked only about users of whom `field` is true: a boolean [`user_field`](Plugin::user_field) of this
    /// plugin. The host looks at it, so that all others sign in without a call.
    pub fn gate_when_user(mut self, field: &'static str) -> Plugin {
        self.gate_when_user = Some(field);
        self
    }

    /// Runs with changes of users, sessions, accounts and verifications.
    pub fn event(mut self, event: Event) -> Plugin {
        self.events.push(event);
        self
    }

    /// Adds to the claims of tokens for other services: given the request, its user and the claims so far, returns those
    /// to add or change.
    pub fn claims(mut self, extend: Claims) -> Plugin {
        self.claims = Some(extend);
        self
    }

    /// Adds a function for the application's own backend.
    pub fn function(mut self, function: Function) -> Plugin {
        self.functions.push(function);
        self
    }

    /// A host that this plugin sends requests to: `api.example.com`, or `*.example.com` for every name below it.
    pub fn http_host(mut self, host: &'static str) -> Plugin {
        self.http_hosts.push(host);
        self
    }

    /// Limits how often one client may call a path.
    pub fn rate_limit(mut self, rule: RateRule) -> Plugin {
        self.rate_limits.push(rule);
        self
    }

    /// A cookie that this plugin sets or reads.
    pub fn cookie(mut self, rule: CookieRule) -> Plugin {
        self.cookies.push(rule);
        self
    }

    /// A field that this plugin adds to users. It may write it.
    pub fn user_field(mut self, rule: FieldRule) -> Plugin {
        self.user_fields.push(rule);
        self
    }

    /// A field that this plugin adds to sessions. It may write it.
    pub fn session_field(mut self, rule: FieldRule) -> Plugin {
        self.session_fields.push(rule);
        self
    }

    /// A table of this plugin's own.
    pub fn table(mut self, table: Table) -> Plugin {
        self.tables.push(table);
        self
    }

    /// Fields of users that this plugin sees beside those that clients see and its own.
    pub fn reads_users(mut self, fields: &'static [&'static str]) -> Plugin {
        self.reads_user_fields = fields;
        self
    }

    /// Fields of sessions that this plugin writes beside its own.
    pub fn writes_sessions(mut self, fields: &'static [&'static str]) -> Plugin {
        self.writes_session_fields = fields;
        self
    }

    /// Core fields that this plugin sets when it creates a user.
    pub fn creates_users_with(mut self, fields: &'static [&'static str]) -> Plugin {
        self.creates_user_with = fields;
        self
    }

    /// Core fields of existing users that this plugin changes.
    pub fn updates_users(mut self, fields: &'static [&'static str]) -> Plugin {
        self.updates_user_fields = fields;
        self
    }

    /// Identifiers of verifications that begin with `prefix` belong to this plugin.
    pub fn verifications(mut self, prefix: &'static str) -> Plugin {
        self.verification_prefixes.push(prefix);
        self
    }

    /// A kind of mail that this plugin sends.
    pub fn mail(mut self, kind: &'static str) -> Plugin {
        self.mails.push(kind);
        self
    }

    /// An error code that this plugin answers with.
    pub fn error(mut self, code: ErrorCode) -> Plugin {
        self.errors.push(code);
        self
    }

    pub(crate) fn manifest_json(&self) -> String {
        serde_json::to_string(&Manifest::of(self)).unwrap_or_default()
    }
}
