//! Answers requests: walks the list of stages, and finishes every answer.
//!
//! Flat: one file for each stage, and for each thing that looks at whole requests.

mod audit;
mod body;
mod cors;
pub mod description;
pub mod functions;
mod inner;
pub mod management;
mod metrics;
pub mod probe;
mod proxy_notice;
pub mod rate_limit;
pub mod respond;
pub mod router;
pub mod stages;
pub mod unused_options;

mod origin_check;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use futures_util::FutureExt;

use crate::auth::Auth;
use crate::config::Config;
use crate::error::ApiError;
use crate::exchange::{Deciders, Exchange};
use crate::hooks::{ScriptCounts, ScriptSet};
use crate::http::address::AddressRule;
use crate::http::{Mount, Request, RequestHead, Response};
use crate::plugin_host::{PluginCounters, Plugins};
use crate::telemetry;

use cors::Cors;
use functions::Functions;
use proxy_notice::ProxyNotice;
use rate_limit::RateRules;
use router::Router;

/// Everything that a reload replaces, as one value. Clones are cheap.
///
/// Invariant: a request, a call of a function and a delivery of mail each load it once.
#[derive(Clone)]
pub struct Extensions {
    /// Configuration, store and ports of the requests that begin now.
    pub auth: Arc<Auth>,
    /// Core and plugin routes.
    pub router: Arc<Router>,
    /// What the management API calls.
    pub functions: Arc<Functions>,
    /// Core, plugin and operator limits.
    pub rate_rules: Arc<RateRules>,
    /// Hooks around endpoints.
    pub plugins: Arc<Plugins>,
    /// Policies around endpoints.
    pub scripts: Arc<ScriptSet>,
    /// Everyone who has a say beside the endpoints.
    pub deciders: Arc<Deciders>,
    /// What a request meets before it has a route.
    pub front: Arc<Front>,
}

/// What of the configuration a request meets before it has a route.
pub struct Front {
    address_rule: AddressRule,
    cors: Option<Cors>,
}

impl Front {
    /// As the configuration says.
    ///
    /// # Errors
    /// Which option cannot be, and why.
    pub fn new(config: &Config) -> Result<Self, String> {
        Ok(Self { address_rule: config.advanced.ip_address.rule()?, cors: Cors::new(config) })
    }

    fn dress(&self, head: &RequestHead, response: &mut Response) {
        if let Some(cors) = &self.cors {
            cors.dress(head, response);
        }
    }
}

/// Answers requests.
pub struct Pipeline {
    auth: Arc<Auth>,
    extensions: Arc<ArcSwap<Extensions>>,
    proxy_notice: ProxyNotice,
    metrics: metrics::Metrics,
}

impl Pipeline {
    /// A pipeline. It shares `extensions` with the mail sender.
    pub fn new(auth: Arc<Auth>, extensions: Arc<ArcSwap<Extensions>>) -> Self {
        Self { auth, extensions, proxy_notice: ProxyNotice::default(), metrics: metrics::Metrics::default() }
    }

    /// Store and ports, which all requests share, and the configuration that the server began with.
    pub fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    /// The present extensions.
    pub fn extensions(&self) -> Arc<Extensions> {
        self.extensions.load_full()
    }

    /// What each script did since it was loaded.
    pub fn script_counts(&self) -> Vec<ScriptCounts> {
        self.extensions.load().scripts.metrics()
    }

    /// Puts new extensions in place; requests in flight finish on the old ones.
    pub fn replace(&self, extensions: Extensions) {
        self.extensions.store(Arc::new(extensions));
    }

    /// What was counted of each plugin's calls since it was loaded.
    pub fn plugin_counters(&self) -> Vec<PluginCounters> {
        self.extensions.load().plugins.counters()
    }

    /// How a client's address is told.
    pub fn address_rule(&self) -> AddressRule {
        self.extensions.load().front.address_rule.clone()
    }

    /// Answers one request; never fails and never panics.
    pub async fn answer(&self, request: Request) -> Response {
        let head = Arc::clone(&request.head);
        telemetry::request(&head, pin!(self.answer_each(request))).await
    }

    async fn answer_each(&self, mut request: Request) -> Response {
        let begun = Instant::now();
        let extensions = self.extensions();
        let (front, config) = (&extensions.front, &extensions.auth.config);
        request.client_address = front.address_rule.resolve(request.peer, |name| joined(&request, name));
        self.proxy_notice.look(&request, &front.address_rule, config);
        // Before anything asks for the path: all stages judge the same one.
        let length = judged(config, &request.path).len();
        if length < request.path.len() {
            request.path.truncate(length);
        }
        let stages = match request.mount {
            Mount::Base => stages::REQUEST,
            Mount::Root => stages::ROOT,
        };
        let mut exchange = self.exchange(&extensions, request);
        // Each layer around the stages' future would keep copies of it. Stages box what few requests come to.
        let walk =
            Box::pin(AssertUnwindSafe(extensions.walk(stages, &mut exchange, front.cors.as_ref())).catch_unwind());
        let walked = walk.await;
        let mut response = self.finish(&mut exchange, walked, begun).await;
        front.dress(&exchange.request, &mut response);
        response
    }

    /// The most bytes of a body that its endpoint reads chunk by chunk; `None` for any other request, whose body is read first.
    pub fn upload_limit(&self, mount: Mount, method: &str, path: &str) -> Option<usize> {
        let extensions = self.extensions.load();
        extensions.router.upload_limit(mount, method, judged(&extensions.auth.config, path))
    }

    /// Finishes the answer to a request that never came to the stages: its body was too large, or too slow.
    pub fn refuse_unread(&self, head: &RequestHead, mut response: Response) -> Response {
        let extensions = self.extensions.load();
        respond::protect(&mut response, &extensions.auth.config);
        extensions.front.dress(head, &mut response);
        response
    }

    /// Answers a call of a function or an endpoint of these extensions by the application's own backend.
    async fn call_function(&self, extensions: &Arc<Extensions>, call: management::Call) -> Response {
        let begun = Instant::now();
        let mut exchange = self.exchange(extensions, call.request);
        exchange.set_params(call.params);
        exchange.route = Some(call.route);
        exchange.asked_for_user = call.for_user;
        exchange.trail.key = call.key;
        let is_for_operators = exchange.route.as_ref().is_some_and(|route| route.is_for_operators);
        let stages = if is_for_operators { stages::OPERATION } else { stages::FUNCTION };
        let walk = AssertUnwindSafe(extensions.walk(stages, &mut exchange, None)).catch_unwind();
        let called = Box::pin(walk).await;
        self.finish(&mut exchange, called, begun).await
    }

    fn exchange(&self, extensions: &Arc<Extensions>, request: Request) -> Exchange {
        let mut exchange = Exchange::new(Arc::clone(&extensions.auth), Arc::clone(&extensions.deciders), request);
        exchange.set_endpoints(Arc::<Extensions>::clone(extensions));
        exchange
    }

    async fn finish(&self, exchange: &mut Exchange, answered: Walked, begun: Instant) -> Response {
        let response = settle(exchange, answered).await;
        let route = exchange.route.as_deref();
        self.metrics.count(route, response.status, begun.elapsed());
        telemetry::answered(route.map(|route| route.path.as_str()), response.status);
        audit::record(exchange, &response);
        respond::finish(exchange, response)
    }

    /// The client's address, as the application's own backend tells it.
    fn address_told(&self, request: &Request) -> Option<String> {
        self.extensions.load().front.address_rule.told(|name| joined(request, name))
    }
}

/// The path that the stages see.
fn judged<'a>(config: &Config, path: &'a str) -> &'a str {
    let is_skipped = config.advanced.skip_trailing_slashes;
    path.strip_suffix('/').filter(|rest| is_skipped && !rest.is_empty()).unwrap_or(path)
}

fn joined(request: &Request, name: &str) -> Option<String> {
    let values: Vec<&str> = request.headers.all(name).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// What the stages came to; the outer error is a panic.
type Walked = Result<Result<Response, ApiError>, Box<dyn Any + Send>>;

/// The answer that a walk came to.
async fn settle(exchange: &mut Exchange, walked: Walked) -> Response {
    match walked.unwrap_or_else(|_| Err(ApiError::internal("a stage panicked"))) {
        Ok(response) => response,
        Err(error) => Box::pin(refuse(exchange, &error)).await,
    }
}

/// The answer to a refusal. A session that was opened before a later step refused is ended: nothing stays half-done.
async fn refuse(exchange: &mut Exchange, error: &ApiError) -> Response {
    // After a panic, the transaction of the stage may still stand here, although it is gone.
    exchange.enclosing_tx = None;
    exchange.trail.refused = error.code().map(str::to_owned);
    if let Err(error) = exchange.revoke_opened_session().await {
        tracing::error!(request_id = exchange.request.id, %error, "the session of a refused request could not be ended");
    }
    respond::refuse(exchange, error)
}
