//! The declaration of a plugin: one value that gives both the manifest and the dispatch.

use crate::background::TaskFn;
use crate::chunks::ChunkFn;
use crate::config::OptionFault;
use crate::error::Result;
use crate::event::{Event, EventFn};
use crate::page::{Contribution, Page, SectionFn};
use crate::route::{About, Function, Handler, Route};
use crate::{Attempt, Reply, Request, Response, Verdict};
use doorward_contract::{Manifest, On};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a `before` hook decides. To refuse, return an error.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{self, RawRequest};
/// # fake::reset();
/// let plugin = Plugin::new("closing-time", "1.0.0").before(On::path("/sign-up/**").changes_answer(), |_request| {
///     if cache::get("is closed").is_none() {
///         return Ok(Flow::Proceed);
///     }
///     Ok(Flow::Respond(Response::json(&json!({ "waitlist": true }))?.status(202)))
/// });
/// let sign_up = RawRequest::post("/sign-up/email", &json!({}));
/// assert!(sign_up.run_before(&plugin)?.is_none());
/// cache::put("is closed", "yes", 60)?;
/// assert_eq!(sign_up.run_before(&plugin)?.map(|answer| fake::status(&answer)), Some(202));
/// # Ok::<(), Error>(())
/// ```
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
///         .before(On::path("/sign-up/**").reads_request(), |request| {
///             if request.header("x-invitation").is_none() {
///                 return Err(Error::new(403, "NOT_INVITED", "Ask for an invitation"));
///             }
///             Ok(Flow::Proceed)
///         })
///         .after(On::path("/get-session").changes_answer().when_signed_in(), |_request, reply| {
///             reply.set_header("x-seats", "7")
///         })
///         .claims(|_request, user, _claims| Ok(Map::from_iter([("seat".to_owned(), user["seat"].clone())])))
/// }
/// # plugin();
/// ```
pub struct Plugin {
    /// What is declared, without the options.
    pub(crate) manifest: Manifest,
    // The functions behind it, in the manifest's order.
    pub(crate) routes: Vec<Handler>,
    /// Those that answer in chunks, by the route's place.
    pub(crate) chunks: Vec<Option<ChunkFn>>,
    pub(crate) pages: Vec<Handler>,
    pub(crate) contributions: Vec<SectionFn>,
    pub(crate) before: Vec<BeforeHook>,
    pub(crate) after: Vec<AfterHook>,
    pub(crate) gate: Option<Gate>,
    pub(crate) events: Vec<EventFn>,
    pub(crate) claims: Option<Claims>,
    pub(crate) permissions: Option<Permissions>,
    pub(crate) functions: Vec<Handler>,
    abouts: Vec<About>,
    function_abouts: Vec<About>,
    pub(crate) prepare: Option<fn()>,
    pub(crate) backfills: Vec<Backfill>,
    pub(crate) jobs: Vec<TaskFn>,
    pub(crate) listeners: Vec<TaskFn>,
    default_options: fn() -> Value,
    pub(crate) check_options: Box<dyn Fn() -> Result<(), OptionFault>>,
}

pub(crate) type BeforeHook = fn(&Request<'_>) -> Result<Flow>;
pub(crate) type AfterHook = fn(&Request<'_>, &Reply<'_>) -> Result<()>;
pub(crate) type Claims = fn(&Request<'_>, &Value, &Map<String, Value>) -> Result<Map<String, Value>>;
pub(crate) type Permissions = fn(&Request<'_>, &Value, &str, &str) -> Result<bool>;
/// Given a row, returns the fields to set in it.
pub(crate) type Backfill = fn(&Value) -> Result<Map<String, Value>>;
pub(crate) type Gate = fn(&Attempt<'_>) -> Result<Verdict>;

impl Plugin {
    /// `id` is in lower case with hyphens, and the name in the operator's config; `version` is semantic.
    pub fn new(id: &'static str, version: &'static str) -> Plugin {
        Plugin {
            manifest: Manifest::new(id, version, env!("CARGO_PKG_VERSION")),
            routes: Vec::new(),
            chunks: Vec::new(),
            pages: Vec::new(),
            contributions: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            gate: None,
            events: Vec::new(),
            claims: None,
            permissions: None,
            functions: Vec::new(),
            abouts: Vec::new(),
            function_abouts: Vec::new(),
            prepare: None,
            backfills: Vec::new(),
            jobs: Vec::new(),
            listeners: Vec::new(),
            default_options: || Value::Object(Map::new()),
            check_options: Box::new(|| Ok(())),
        }
    }

    /// The operator's options: a struct with `#[serde(default, deny_unknown_fields)]` and its defaults. Read it in a
    /// handler with [`config::options`](crate::config::options).
    ///
    /// ```
    /// use doorward_sdk::{fake, prelude::*};
    /// use serde::{Deserialize, Serialize};
    /// # fake::reset();
    ///
    /// #[derive(Serialize, Deserialize, Default)]
    /// #[serde(default, deny_unknown_fields)]
    /// struct Options {
    ///     places: u32,
    /// }
    ///
    /// let plugin = Plugin::new("seats", "1.0.0").options::<Options>();
    /// fake::with(|world| world.options = r#"{"places":"many"}"#.to_owned());
    /// assert!(fake::check_options(&plugin).unwrap_err().starts_with("`places`"));
    /// ```
    pub fn options<O: Default + Serialize + DeserializeOwned + 'static>(mut self) -> Plugin {
        self.default_options = || serde_json::to_value(O::default()).unwrap_or_default();
        self.check_options = Box::new(crate::config::check::<O>);
        self
    }

    /// Like [`Plugin::options`], plus a check across fields: `fault` returns an error message, or `None`.
    ///
    /// ```
    /// use doorward_sdk::{fake, prelude::*};
    /// use serde::{Deserialize, Serialize};
    /// # fake::reset();
    ///
    /// #[derive(Serialize, Deserialize, Default)]
    /// #[serde(default, deny_unknown_fields)]
    /// struct Options {
    ///     least: u32,
    ///     most: u32,
    /// }
    ///
    /// let plugin = Plugin::new("seats", "1.0.0").options_without::<Options>(|options| {
    ///     (options.least > options.most).then(|| "`least` is more than `most`".to_owned())
    /// });
    /// fake::with(|world| world.options = r#"{"least":4,"most":2}"#.to_owned());
    /// assert_eq!(fake::check_options(&plugin).unwrap_err(), "`least` is more than `most`");
    /// ```
    pub fn options_without<O: Default + Serialize + DeserializeOwned + 'static>(
        self,
        fault: fn(&O) -> Option<String>,
    ) -> Plugin {
        let mut plugin = self.options::<O>();
        plugin.check_options = Box::new(move || {
            crate::config::check::<O>()?;
            let options = crate::config::read::<O>().map_err(|message| (String::new(), message))?;
            fault(&options).map_or(Ok(()), |message| Err((String::new(), message)))
        });
        plugin
    }

    /// Runs once, when the component is built: what it leaves in statics, every instance begins with. It is the place to parse
    /// templates and tables. It must not call the host; and since nothing prepares a plugin in native tests, what it fills
    /// has to be a cell that fills itself when it is read first, such as a [`LazyLock`](std::sync::LazyLock).
    ///
    /// ```standalone_crate
    /// use doorward_sdk::prelude::*;
    /// use std::sync::LazyLock;
    ///
    /// static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("../README.md").split_whitespace().collect());
    ///
    /// fn plugin() -> Plugin {
    ///     Plugin::new("words", "1.0.0").prepare(|| _ = LazyLock::force(&WORDS))
    /// }
    /// # plugin();
    /// ```
    pub fn prepare(mut self, prepare: fn()) -> Plugin {
        self.prepare = Some(prepare);
        self
    }

    /// Adds an endpoint.
    pub fn route(mut self, route: Route) -> Plugin {
        self.abouts.push(route.about);
        self.manifest.routes.push(route.rule);
        self.routes.push(route.handler);
        self.chunks.push(route.next);
        self
    }

    /// Adds a page: HTML at the server's own root, not below the base path.
    pub fn page(mut self, page: Page) -> Plugin {
        self.manifest.pages.push(page.rule);
        self.pages.push(page.handler);
        self
    }

    /// A place on this plugin's pages where others add sections: `account.security`. See [`sections`](crate::sections).
    pub fn slot(mut self, name: &'static str) -> Plugin {
        self.manifest.slots.push(name);
        self
    }

    /// Adds a section to a slot of another plugin.
    pub fn contribute(mut self, contribution: Contribution) -> Plugin {
        self.manifest.contributions.push(contribution.rule);
        self.contributions.push(contribution.handler);
        self
    }

    /// Its sections have markup or scripts of their own. Who has modules among its assets need not say it.
    pub fn page_scripts(mut self) -> Plugin {
        self.manifest.page_scripts = true;
        self
    }

    /// An option whose value everyone may see, in [`site::view`](crate::site::view).
    pub fn public_option(mut self, name: &'static str) -> Plugin {
        self.manifest.public_options.push(name);
        self
    }

    /// Runs before endpoints: a path pattern, or [`On`] with conditions.
    pub fn before(mut self, on: impl Into<On>, call: BeforeHook) -> Plugin {
        self.manifest.before.push(on.into());
        self.before.push(call);
        self
    }

    /// Runs after endpoints: a path pattern, or [`On`] with conditions. Nothing in memory is sure to last from `before` to
    /// `after`.
    pub fn after(mut self, on: impl Into<On>, call: AfterHook) -> Plugin {
        self.manifest.after.push(on.into());
        self.after.push(call);
        self
    }

    /// Decides about every sign-in before a session exists. All gates are asked: a refusal goes before a challenge, whatever
    /// the order in the operator's config, and of several challenges the first counts.
    pub fn gate(mut self, gate: Gate) -> Plugin {
        self.manifest.is_gate = true;
        self.gate = Some(gate);
        self
    }

    /// The gate is asked only about users of whom `field` is true: a boolean [`user_field`](Plugin::user_field) of this
    /// plugin. The host looks at it, so that all others sign in without a call.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// let plugin = Plugin::new("two-factor", "1.0.0")
    ///     .user_field(FieldRule::new("secondFactor", FieldType::Boolean).default_value(false).hidden())
    ///     .gate_when_user("secondFactor")
    ///     .gate(|_attempt| Ok(Verdict::Challenge(Response::json(&json!({ "codeRequired": true }))?)));
    /// # let attempt = doorward_sdk::fake::RawAttempt::new(&json!({ "secondFactor": true }), "email");
    /// # assert!(matches!(attempt.ask(&plugin)?, Verdict::Challenge(_)));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn gate_when_user(mut self, field: &'static str) -> Plugin {
        self.manifest.gate_when_user = Some(field);
        self
    }

    /// Runs with changes of users, sessions, accounts and verifications.
    pub fn event(mut self, event: Event) -> Plugin {
        self.manifest.events.push(event.rule);
        self.events.push(event.call);
        self
    }

    /// Adds to the claims of tokens for other services: given the request, its user and the claims so far, returns those
    /// to add or change.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// use doorward_sdk::fake::RawRequest;
    /// let plugin = Plugin::new("plans", "1.0.0").claims(|_request, user, claims| match claims.contains_key("plan") {
    ///     true => Ok(Map::new()),
    ///     false => Ok(Map::from_iter([("plan".to_owned(), user["plan"].clone())])),
    /// });
    /// let added = RawRequest::get("/token", &[]).extend_claims(&plugin, &json!({ "plan": "gold" }), &Map::new())?;
    /// assert_eq!(added["plan"], "gold");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn claims(mut self, extend: Claims) -> Plugin {
        self.manifest.claims = true;
        self.claims = Some(extend);
        self
    }

    /// Claims are added only for sessions in which `field` has a value: a [`session_field`](Plugin::session_field) of this
    /// plugin. The host looks at it, so that all other tokens are made without a call.
    pub fn claims_when_session(mut self, field: &'static str) -> Plugin {
        self.manifest.claims_when_session = Some(field);
        self
    }

    /// Decides what users may do, for the server's own endpoints and for [`permissions::allows`](crate::permissions::allows):
    /// given the request, the user, a resource and an action. One plugin does. An error counts as no.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// use doorward_sdk::fake::RawRequest;
    /// let plugin = Plugin::new("roles", "1.0.0").decides_permissions(|_request, user, resource, action| {
    ///     let role = user["role"].as_str().unwrap_or_default();
    ///     Ok(role == "owner" || (role == "editor" && resource == "invites" && action != "delete"))
    /// });
    /// let may = |role: &str, what: &str| RawRequest::get("/", &[]).decide(&plugin, &json!({ "role": role }), what);
    /// assert!(may("editor", "invites.create")? && !may("editor", "invites.delete")?);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn decides_permissions(mut self, allows: Permissions) -> Plugin {
        self.manifest.decides_permissions = true;
        self.permissions = Some(allows);
        self
    }

    /// Adds a function for the application's own backend.
    pub fn function(mut self, function: Function) -> Plugin {
        self.function_abouts.push(function.about);
        self.manifest.functions.push(function.rule);
        self.functions.push(function.handler);
        self
    }

    /// The options that the operator need not set, with their values.
    pub(crate) fn default_options(&self) -> Map<String, Value> {
        match (self.default_options)() {
            Value::Object(options) => options,
            _ => Map::new(),
        }
    }

    pub(crate) fn manifest_json(mut self) -> String {
        self.manifest.options = self.default_options();
        for (rule, about) in self.manifest.routes.iter_mut().zip(&self.abouts) {
            rule.note = Some(about.note(rule.method));
        }
        for (rule, about) in self.manifest.functions.iter_mut().zip(&self.function_abouts) {
            rule.note = Some(about.note("POST"));
        }
        serde_json::to_string(&self.manifest).unwrap_or_default()
    }
}
