//! THE ordered list of stages that every request passes, core and plugin endpoints alike.

mod body;
pub mod rate_limit;
mod respond;
pub mod router;

mod origin_check;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::FutureExt;

use crate::address::AddressRule;
use crate::error::ApiError;
use crate::exchange::{Cause, Exchange, Services};
use crate::hooks::{ScriptSet, Step};
use crate::http::{Request, Response};
use crate::plugin_host::Plugins;

use rate_limit::{RateCounts, RateRules};
use router::Router;

/// What can be swapped while the server runs: the routes and rules that plugins and scripts take part in.
pub struct Extensions {
    /// Core and plugin routes.
    pub router: Router,
    /// Core, plugin and operator limits.
    pub rate_rules: RateRules,
    /// Hooks around endpoints.
    pub plugins: Plugins,
    /// Policies around endpoints.
    pub scripts: Arc<ScriptSet>,
}

/// Answers requests.
pub struct Pipeline {
    services: Arc<Services>,
    extensions: ArcSwap<Extensions>,
    rate_counts: RateCounts,
    address_rule: AddressRule,
}

impl Pipeline {
    /// A pipeline over `services` with its first extensions.
    pub fn new(services: Arc<Services>, extensions: Extensions, address_rule: AddressRule) -> Self {
        Self {
            services,
            extensions: ArcSwap::from_pointee(extensions),
            rate_counts: RateCounts::default(),
            address_rule,
        }
    }

    /// What all requests share.
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Puts new extensions in place; requests in flight finish on the old ones.
    pub fn replace(&self, extensions: Extensions) {
        self.extensions.store(Arc::new(extensions));
    }

    /// Answers one request; never fails and never panics.
    pub async fn answer(&self, mut request: Request) -> Response {
        request.client_address = self.client_address(&request);
        // Observers alone ask for the cause: while there are none, no scope is opened.
        let is_observed = !self.services.auth.observers.load().is_empty();
        let cause = is_observed.then(|| Arc::new(Cause::of(&request)));
        let answered = self.answer_addressed(request);
        match cause {
            Some(cause) => cause.during(answered).await,
            None => answered.await,
        }
    }

    async fn answer_addressed(&self, request: Request) -> Response {
        let mut exchange = Exchange::new(Arc::clone(&self.services), request);
        let extensions = self.extensions.load_full();
        let walked = AssertUnwindSafe(self.walk(&mut exchange, &extensions)).catch_unwind().await;
        let answered = walked.unwrap_or_else(|_| Err(ApiError::internal("a stage panicked")));
        let response = match answered {
            Ok(response) => response,
            Err(error) => refuse(&mut exchange, &error).await,
        };
        respond::finish(&mut exchange, response)
    }

    /// The stages, in order. The first that fails decides the answer.
    async fn walk(&self, exchange: &mut Exchange, extensions: &Extensions) -> Result<Response, ApiError> {
        // The client's address is known already: everything below may ask for it.
        if self.is_disabled(&exchange.request.path) {
            return Ok(Response::with_type(404, "text/plain;charset=UTF-8", "Not Found"));
        }
        rate_limit::count(exchange, &extensions.rate_rules, &self.rate_counts)?;
        let Some(route) = extensions.router.find(&exchange.request.method, &exchange.request.path) else {
            return Ok(Response::bare(404));
        };
        exchange.params = router::params(&route.path, &exchange.request.path);
        body::read(exchange, route)?;
        origin_check::check(exchange, route)?;
        match extensions.scripts.before(exchange).await? {
            Step::Continue => {}
            // What a script put into the request is held to the same rules as what a client sends.
            Step::Changed => {
                body::refuse_null_characters(&exchange.request)?;
                origin_check::check_targets(exchange)?;
            }
            Step::Answer(response) => return Ok(response),
        }
        if let Some(response) = extensions.plugins.before(exchange).await? {
            return Ok(response);
        }
        let mut response = match route.endpoint.call(exchange).await {
            Ok(response) => response,
            Err(error) => refuse(exchange, &error).await,
        };
        extensions.plugins.after(exchange, &mut response).await?;
        extensions.scripts.after(exchange, &mut response).await?;
        Ok(response)
    }

    fn client_address(&self, request: &Request) -> Option<String> {
        let joined = |name: &str| {
            let values: Vec<&str> = request.headers.all(name).collect();
            (!values.is_empty()).then(|| values.join(","))
        };
        self.address_rule.resolve(request.peer, joined)
    }

    fn is_disabled(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.services.auth.config.disabled_paths.iter().any(|disabled| disabled.trim_end_matches('/') == path)
    }
}

/// The answer to a refusal. A session that was opened before a later step refused is ended: nothing stays half-done.
async fn refuse(exchange: &mut Exchange, error: &ApiError) -> Response {
    if let Err(error) = exchange.revoke_opened_session().await {
        tracing::error!(request_id = exchange.request.id, %error, "the session of a refused request could not be ended");
    }
    respond::refuse(exchange, error)
}
