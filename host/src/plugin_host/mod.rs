//! Runs plugins: the only place that names wasmtime.
//!
//! A plugin is a component with a manifest. It is checked against the operator's grants, compiled once and linked with what
//! was granted. A request gets a fresh instance of each plugin that has to do with it, and no other.
//!
//! Invariant: a trap, a deadline or a limit ends one call with a 5xx and a log line that names the plugin.

pub mod admission;
mod backfill;
mod background;
mod bindings;
mod call;
pub mod engine;
mod error;
mod facts;
mod idle;
mod imports;
pub mod package;
mod pages;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

pub use admission::grant::granted;
pub use admission::hook_rights::{asked_grants, sentence};
pub use admission::load::{Ports, extend_schema};
pub use call::breaker::PluginCounters;
pub use call::capacity::Capacity;
pub use call::names::event as event_name;
pub use call::site::Describe;
pub use error::{CallFailed, PluginError};
pub use package::manifest::{self, Manifest};

use admission::load::Loaded;
use call::chunks;
use call::events::PluginObserver;
use call::pattern::PatternTable;
use call::plugin::Plugin;
use package::manifest::Condition;
use pages::SectionTable;

use crate::auth::Auth;
use crate::auth::lifecycle::Observer;
use crate::auth::session::ActiveSession;
use crate::config::{Config, Pages};
use crate::error::ApiError;
use crate::exchange::redaction::SecretNames;
use crate::exchange::{
    ClaimSource, Endpoint, Exchange, PathLimit, PathPattern, Permission, PermissionSource, Route, SectionSource,
    SessionGate, SignInAttempt, Verdict,
};
use crate::http::asset::Asset;
use crate::http::{Mount, Response};

/// All loaded plugins, in the order of the configuration.
pub struct Plugins {
    list: Vec<Arc<Plugin>>,
    capacity: Capacity,
    ahead: PatternTable<Hook>,
    before: PatternTable<Hook>,
    after: PatternTable<Hook>,
    secret_names: Arc<SecretNames>,
    assets: Vec<Asset>,
    pages: Vec<Route>,
}

/// A hook of a plugin, with the conditions that each request is asked about.
struct Hook {
    plugin: Arc<Plugin>,
    index: u32,
    conditions: Vec<Condition>,
}

impl Hook {
    /// The hooks that run under the plugin's options at this stage, by pattern.
    fn all_of(plugin: &Arc<Plugin>, hooks: &[package::manifest::Hook], is_ahead: bool) -> Vec<(String, Self)> {
        let of_stage = (0..).zip(hooks).filter(|(_, hook)| hook.ahead_of_scripts == is_ahead);
        let running = of_stage.filter_map(|(index, hook)| {
            let conditions = hook.open_conditions(&plugin.options, &plugin.manifest.options)?.cloned().collect();
            Some((hook.pattern.clone(), Self { plugin: Arc::clone(plugin), index, conditions }))
        });
        running.collect()
    }

    fn is_wanted(&self, exchange: &Exchange) -> bool {
        self.conditions.iter().all(|condition| condition.holds(exchange))
    }
}

impl Plugins {
    /// Loads the plugins that `config` switches on, to run within `capacity`.
    ///
    /// # Errors
    /// When one is missing, asks for more than was granted, clashes with another, or refuses its options.
    pub async fn load(config: &Config, ports: &Ports, capacity: &Capacity) -> Result<Self, PluginError> {
        let Loaded { list, secret_names, assets } = admission::load::load_all(config, ports, capacity).await?;
        let hooks = |of: fn(&Manifest) -> &[package::manifest::Hook], is_ahead| {
            PatternTable::new(list.iter().flat_map(|plugin| Hook::all_of(plugin, of(&plugin.manifest), is_ahead)))
        };
        let [ahead, before] = [true, false].map(|is_ahead| hooks(|manifest| &manifest.before, is_ahead));
        let after = hooks(|manifest| &manifest.after, false);
        let pages = pages::routes(&list, &config.pages);
        Ok(Self { list, capacity: capacity.clone(), ahead, before, after, secret_names, assets, pages })
    }

    /// Says how plugins that ask for it get the description of the API.
    pub fn be_described_by(&self, make: Describe) {
        if let Some(plugin) = self.list.first() {
            plugin.shared.site.description.be_made_by(make);
        }
    }

    /// The plugin with this id.
    fn plugin(&self, id: &str) -> Option<&Arc<Plugin>> {
        self.list.iter().find(|plugin| plugin.manifest.id == id)
    }

    /// Every plugin's name and version, in order.
    pub fn names(&self) -> Vec<String> {
        self.list.iter().map(|plugin| format!("{} {}", plugin.manifest.id, plugin.manifest.version)).collect()
    }

    /// Which fields are secret: those that are everywhere, and those that the plugins declare.
    pub fn secret_names(&self) -> Arc<SecretNames> {
        Arc::clone(&self.secret_names)
    }

    /// What the plugins' mails say: the name and the text of each template.
    pub fn mail_templates(&self) -> Vec<(String, String)> {
        self.list.iter().flat_map(|plugin| package::mails::templates(&plugin.manifest)).collect()
    }

    /// What is served of plugins' files, and of the operator's.
    pub fn assets(&self) -> Vec<Asset> {
        self.assets.clone()
    }

    /// Who adds sections to pages; `None` when nobody does.
    pub fn sections(&self) -> Option<Arc<dyn SectionSource>> {
        let table = SectionTable::of(&self.list);
        (!table.is_empty()).then(|| Arc::new(table) as Arc<dyn SectionSource>)
    }

    /// Every plugin's routes and pages.
    pub fn routes(&self) -> Vec<Route> {
        let routes = self.list.iter().flat_map(|plugin| {
            (0..).zip(&plugin.manifest.routes).map(|(index, route)| {
                let redirect_params = route.redirect_params.clone();
                let answers_in_chunks = route.most_answer_bytes.is_some();
                let endpoint = PluginEndpoint { plugin: Arc::clone(plugin), index, redirect_params, answers_in_chunks };
                let made = Route::new(&route.method, &route.path, Arc::new(endpoint)).of_plugin(&plugin.manifest.id);
                let made = made.accepting(&route.accepts).up_to(route.max_body_bytes).in_chunks(route.reads_chunks);
                let made = made.noted(route.note.clone());
                let made = if route.accepts_form { made.accepting_form() } else { made };
                if route.signs_in { made.signing_in() } else { made }
            })
        });
        routes.chain(self.pages.iter().cloned()).collect()
    }

    /// Every plugin's limits on requests, with the operator's numbers where an option holds them.
    pub fn rate_rules(&self) -> Vec<PathLimit> {
        let rules = self.list.iter().flat_map(|plugin| {
            let (manifest, places) = (&plugin.manifest, &plugin.shared.places);
            manifest.rate_limits.iter().flat_map(|rule| {
                let of = |mount, path: &str| PathLimit {
                    mount,
                    path: PathPattern::new(path),
                    limit: Some(rule.limit(&plugin.options)),
                };
                let page = manifest.pages.iter().any(|page| page.path == rule.path);
                let page = page.then(|| of(Mount::Root, &places.page_path(&rule.path)));
                let route = manifest.routes.iter().any(|route| route.path == rule.path) || page.is_none();
                let route = route.then(|| of(Mount::Base, &rule.path));
                page.into_iter().chain(route)
            })
        });
        rules.collect()
    }

    /// Where people sign in, if anywhere: a path, or an address elsewhere.
    pub fn sign_in_page(&self, options: &Pages) -> Option<String> {
        pages::sign_in_page(&self.list, options)
    }

    /// The ids of the plugins that sign people in, in the order of the configuration.
    pub fn sign_in_methods(&self) -> Vec<String> {
        admission::facts::sign_in_methods(self.list.iter().map(|plugin| &plugin.manifest))
    }

    /// The keys of the plugins' cookies in `advanced.cookies`.
    pub fn cookie_keys(&self) -> Vec<String> {
        let named =
            self.list.iter().flat_map(|plugin| admission::grant::named_cookies(&plugin.manifest, &plugin.options));
        named.filter(|(rule, _)| !rule.is_literal && !rule.is_prefix).map(|(_, key)| key).collect()
    }

    /// What was counted of each plugin's calls since it was loaded, in the order of the configuration.
    pub fn counters(&self) -> Vec<PluginCounters> {
        self.list.iter().map(|plugin| plugin.breaker.counters(&plugin.manifest.id)).collect()
    }

    /// The plugins that decide about sign-ins, in the order in which they are asked.
    pub fn gates(&self) -> Vec<Arc<dyn SessionGate>> {
        let gates = self.list.iter().filter(|plugin| plugin.manifest.is_gate);
        gates.map(|plugin| Arc::new(PluginGate(Arc::clone(plugin))) as Arc<dyn SessionGate>).collect()
    }

    /// The plugins that have a say in claims of tokens, in the order in which they are asked.
    pub fn claim_sources(&self) -> Vec<Arc<dyn ClaimSource>> {
        let sources = self.list.iter().filter(|plugin| plugin.manifest.claims);
        sources.map(|plugin| Arc::new(PluginClaims(Arc::clone(plugin))) as Arc<dyn ClaimSource>).collect()
    }

    /// The plugin that decides what users may do, if one does.
    pub fn permissions(&self) -> Option<Arc<dyn PermissionSource>> {
        let decider = self.list.iter().find(|plugin| plugin.manifest.decides_permissions)?;
        Some(Arc::new(PluginPermissions(Arc::clone(decider))))
    }

    /// Every plugin's functions for the application's own backend; the path of each is its name behind a slash.
    pub fn functions(&self) -> Vec<Route> {
        let functions = self.list.iter().flat_map(|plugin| {
            (0..).zip(&plugin.manifest.functions).map(|(index, function)| {
                let endpoint = PluginFunction { plugin: Arc::clone(plugin), index };
                Route::new("POST", &format!("/{}", function.name), Arc::new(endpoint))
                    .of_plugin(&plugin.manifest.id)
                    .noted(function.note.clone())
            })
        });
        functions.collect()
    }

    /// Sees changes for the plugins that declared some; none when no plugin did.
    pub fn observer(&self, auth: &Arc<Auth>) -> Option<Arc<dyn Observer>> {
        PluginObserver::of(&self.list, auth, &self.capacity).map(|observer| Arc::new(observer) as Arc<dyn Observer>)
    }

    /// Runs the `before` hooks that go ahead of scripts, as [`Plugins::before`] runs the others.
    ///
    /// # Errors
    /// A hook's refusal, or 5xx when a hook failed.
    pub async fn ahead_of_scripts(&self, exchange: &mut Exchange) -> Result<Option<Response>, ApiError> {
        Self::run_before(&self.ahead, exchange).await
    }

    /// Runs the `before` hooks of `path`, in order; the first that answers or refuses ends the request.
    ///
    /// # Errors
    /// A hook's refusal, or 5xx when a hook failed.
    pub async fn before(&self, exchange: &mut Exchange) -> Result<Option<Response>, ApiError> {
        Self::run_before(&self.before, exchange).await
    }

    async fn run_before(hooks: &PatternTable<Hook>, exchange: &mut Exchange) -> Result<Option<Response>, ApiError> {
        for hook in hooks.matches(&exchange.request.path) {
            if hook.conditions.iter().any(|condition| matches!(condition, Condition::Session(_))) {
                Box::pin(exchange.peek_session()).await?;
            }
            if hook.is_wanted(exchange)
                && let Some(response) = Box::pin(hook.plugin.before(hook.index, exchange)).await?
            {
                return Ok(Some(response));
            }
        }
        Ok(None)
    }

    /// Runs the `after` hooks of `path` on the answer, in order.
    ///
    /// # Errors
    /// A hook's refusal, or 5xx when a hook failed; then the answer in `response` must not be sent.
    pub async fn after(&self, exchange: &mut Exchange, response: &mut Response) -> Result<(), ApiError> {
        for hook in self.after.matches(&exchange.request.path) {
            if hook.is_wanted(exchange) {
                Box::pin(hook.plugin.after(hook.index, exchange, response)).await?;
            }
        }
        Ok(())
    }
}

/// A route of a plugin, which the dispatcher cannot tell from the core's.
struct PluginEndpoint {
    plugin: Arc<Plugin>,
    index: u32,
    redirect_params: Vec<String>,
    answers_in_chunks: bool,
}

#[async_trait]
impl Endpoint for PluginEndpoint {
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError> {
        exchange.require_trusted_targets(self.redirect_params.iter().map(String::as_str))?;
        if exchange.request.method == "GET" {
            exchange.refuse_prefetch()?;
        }
        if !self.redirect_params.is_empty()
            && let Some(page) = exchange.ask_to_confirm()
        {
            return Ok(page);
        }
        match self.answers_in_chunks {
            true => chunks::open(&self.plugin, self.index, exchange).await,
            false => self.plugin.handle(self.index, exchange).await,
        }
    }
}

/// A function of a plugin for the application's own backend.
struct PluginFunction {
    plugin: Arc<Plugin>,
    index: u32,
}

#[async_trait]
impl Endpoint for PluginFunction {
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError> {
        self.plugin.function(self.index, exchange).await
    }
}

/// A plugin's say in claims.
struct PluginClaims(Arc<Plugin>);

#[async_trait]
impl ClaimSource for PluginClaims {
    async fn extend(
        &self,
        exchange: &mut Exchange,
        active: &ActiveSession,
        mut claims: Map<String, Json>,
    ) -> Result<Map<String, Json>, ApiError> {
        if self.0.manifest.claims_when_session.as_ref().is_some_and(|field| !active.has_value(field)) {
            return Ok(claims);
        }
        let added = self.0.extend_claims(exchange, &active.user, &claims).await?;
        claims.extend(added);
        Ok(claims)
    }
}

/// The plugin that decides what users may do.
struct PluginPermissions(Arc<Plugin>);

#[async_trait]
impl PermissionSource for PluginPermissions {
    async fn allows(
        &self,
        exchange: &mut Exchange,
        active: &ActiveSession,
        permission: Permission<'_>,
    ) -> Result<bool, ApiError> {
        self.0.allows(exchange, &active.user, permission).await
    }
}

/// A plugin's say in sign-ins.
struct PluginGate(Arc<Plugin>);

#[async_trait]
impl SessionGate for PluginGate {
    async fn ask(&self, exchange: &mut Exchange, attempt: &SignInAttempt) -> Result<Verdict, ApiError> {
        match &self.0.manifest.gate_when_user {
            Some(field) if attempt.user.0.boolean(field) != Some(true) => Ok(Verdict::Admit),
            _ => self.0.ask(exchange, attempt).await,
        }
    }

    fn plugin(&self) -> Option<&str> {
        Some(&self.0.manifest.id)
    }
}
