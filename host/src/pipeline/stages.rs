//! THE ordered list of stages that every request passes, core and plugin endpoints alike.

use std::pin::pin;
use std::sync::Arc;

use super::cors::Cors;
use super::{Extensions, body, origin_check, rate_limit, refuse, router};
use crate::error::ApiError;
use crate::exchange::{Exchange, Route};
use crate::hooks::Step;
use crate::http::Response;
use crate::plugin_host::Plugins;
use crate::telemetry;

/// One step of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Answers the operator's disabled paths.
    DisabledPaths,
    /// Tells a browser whether a page of another origin may call.
    Preflight,
    /// Finds the route.
    Route,
    /// Counts the request.
    RateLimit,
    /// Answers requests without a route, and those that only look at a link.
    Unknown,
    /// Reads the body.
    Body,
    /// Refuses characters that no database stores; for calls whose body was read elsewhere.
    Characters,
    /// Checks the origin and the targets of redirects.
    Origin,
    /// Checks the targets of redirects alone.
    Targets,
    /// Lets plugins find out who asks.
    Identity,
    /// Runs the scripts before the endpoint.
    BeforeScripts,
    /// Runs the other plugins before the endpoint.
    BeforePlugins,
    /// Answers.
    Endpoint,
    /// Writes what was to wait for the end of transactions.
    Outbox,
    /// Runs the plugins after the endpoint.
    AfterPlugins,
    /// Runs the scripts after the endpoint.
    AfterScripts,
}

/// A list of stages, in order. The first that answers or fails ends the walk.
pub type Stages = [&'static [Stage]; 2];

/// The stages of a request.
pub const REQUEST: Stages = [
    &[
        Stage::DisabledPaths,
        Stage::Preflight,
        Stage::Route,
        Stage::RateLimit,
        Stage::Unknown,
        Stage::Body,
        Stage::Origin,
    ],
    &AROUND_ENDPOINT,
];

/// The stages of a request at the server's root: these routes are no part of the authentication server's interface, and no
/// hook stands around them.
pub const ROOT: Stages =
    [&[Stage::Route, Stage::RateLimit, Stage::Unknown, Stage::Body, Stage::Origin], &[Stage::Endpoint, Stage::Outbox]];

/// The stages of a call by the application's own backend: limits and origins are for browsers.
pub const FUNCTION: Stages = [&[Stage::Characters, Stage::Targets], &AROUND_ENDPOINT];

/// The stages of such a call that manages the server: no hook stands around it, as none does at the server's root.
pub const OPERATION: Stages = [&[Stage::Characters], &[Stage::Endpoint, Stage::Outbox]];

/// The stages of a call by another request, whose origin was checked: what a client's own request passes beside that.
pub const INNER: Stages = [
    &[Stage::DisabledPaths, Stage::Route, Stage::RateLimit, Stage::Unknown, Stage::Body, Stage::Targets],
    &AROUND_ENDPOINT,
];

/// The stages of such a call that manages the server.
pub const INNER_OPERATION: Stages =
    [&[Stage::Route, Stage::RateLimit, Stage::Unknown, Stage::Body], &[Stage::Endpoint, Stage::Outbox]];

/// What every endpoint and every function has around it.
const AROUND_ENDPOINT: [Stage; 7] = [
    Stage::Identity,
    Stage::BeforeScripts,
    Stage::BeforePlugins,
    Stage::Endpoint,
    Stage::Outbox,
    Stage::AfterPlugins,
    Stage::AfterScripts,
];

impl Stage {
    /// What its span is called.
    const fn name(self) -> &'static str {
        match self {
            Self::DisabledPaths => "disabled paths",
            Self::Preflight => "preflight",
            Self::Route => "route",
            Self::RateLimit => "rate limit",
            Self::Unknown => "unknown",
            Self::Body => "body",
            Self::Characters => "characters",
            Self::Origin => "origin",
            Self::Targets => "targets",
            Self::Identity => "identity",
            Self::BeforeScripts => "before scripts",
            Self::BeforePlugins => "before plugins",
            Self::Endpoint => "endpoint",
            Self::Outbox => "outbox",
            Self::AfterPlugins => "after plugins",
            Self::AfterScripts => "after scripts",
        }
    }

    /// What it does, in the words of ARCHITECTURE.md.
    pub const fn story(self) -> &'static str {
        match self {
            Self::DisabledPaths => "A path of `disabled_paths` is answered with 404.",
            Self::Preflight => "A preflight of a trusted origin for a route that exists is answered with 204.",
            Self::Route => "The router finds the route.",
            Self::RateLimit => "The rate limit counts the request.",
            Self::Unknown => {
                "A request without a route is answered with 404, a `HEAD` for an address with a secret in it with 200."
            }
            Self::Body => "The body is read: media type and JSON.",
            Self::Characters => "NUL characters are refused.",
            Self::Origin => "The origin and the targets of redirects are checked.",
            Self::Targets => "The targets of redirects are checked.",
            Self::Identity => "Before hooks of plugins that find out whose request it is run (`ahead_of_scripts`).",
            Self::BeforeScripts => {
                "Before hooks of scripts run. When one changes the request, the targets of redirects are checked again."
            }
            Self::BeforePlugins => "All other before hooks of plugins run.",
            Self::Endpoint => "The endpoint runs. Its error becomes the answer.",
            Self::Outbox => "Mails and events that were to wait for the end of transactions are written to the outbox.",
            Self::AfterPlugins => "After hooks of plugins run.",
            Self::AfterScripts => "After hooks of scripts run.",
        }
    }
}

impl Extensions {
    /// Passes the stages in order. The first that answers or fails decides the answer.
    pub(super) async fn walk(
        &self,
        stages: Stages,
        exchange: &mut Exchange,
        cors: Option<&Cors>,
    ) -> Result<Response, ApiError> {
        let mut reply = None;
        for stage in stages.into_iter().flatten() {
            let passed = pin!(self.pass(*stage, exchange, cors, &mut reply));
            if let Some(answer) = telemetry::span(stage.name(), Vec::new, passed).await? {
                return Ok(answer);
            }
        }
        reply.ok_or_else(|| ApiError::internal("no stage answered"))
    }

    /// Passes one stage. What it returns ends the walk; what the endpoint answers is left in `reply`.
    async fn pass(
        &self,
        stage: Stage,
        exchange: &mut Exchange,
        cors: Option<&Cors>,
        reply: &mut Option<Response>,
    ) -> Result<Option<Response>, ApiError> {
        match stage {
            Stage::DisabledPaths if is_disabled(exchange) => {
                return Ok(Some(Response::with_type(404, "text/plain;charset=UTF-8", "Not Found")));
            }
            Stage::DisabledPaths => {}
            Stage::Preflight => {
                return Ok(cors.and_then(|cors| cors.preflight(&exchange.request, &self.router)));
            }
            Stage::Route => {
                exchange.route = self.router.find(&exchange.request);
                if let Some(route) = &exchange.route {
                    exchange.set_params(router::params(&route.path, &exchange.request.path));
                }
            }
            Stage::RateLimit => rate_limit::count(exchange, &self.rate_rules).await?,
            Stage::Unknown if exchange.route.is_none() => return Ok(Some(Response::bare(404))),
            Stage::Unknown if only_looks_at_link(exchange, &self.plugins) => {
                return Ok(Some(Response::bare(200)));
            }
            Stage::Unknown => {}
            Stage::Body => body::read(exchange, &*met(exchange)?)?,
            Stage::Characters => body::refuse_null_characters(&exchange.request)?,
            Stage::Origin => origin_check::check(exchange, &*met(exchange)?)?,
            Stage::Targets => origin_check::check_targets(exchange)?,
            Stage::Identity => return self.plugins.ahead_of_scripts(exchange).await,
            Stage::BeforeScripts => match self.scripts.before(exchange).await? {
                Step::Continue => {}
                // What a script put into the request is held to the same rules as what a client sends.
                Step::Changed => {
                    body::refuse_null_characters(&exchange.request)?;
                    origin_check::check_targets(exchange)?;
                }
                Step::Answer(response) => return Ok(Some(response)),
            },
            Stage::BeforePlugins => return self.plugins.before(exchange).await,
            Stage::Endpoint => {
                let route = met(exchange)?;
                *reply = Some(match route.endpoint.call(exchange).await {
                    Ok(response) => response,
                    Err(error) => Box::pin(refuse(exchange, &error)).await,
                });
            }
            Stage::Outbox => exchange.write_later().await?,
            Stage::AfterPlugins => {
                if let Some(response) = reply {
                    self.plugins.after(exchange, response).await?;
                }
            }
            Stage::AfterScripts => {
                if let Some(response) = reply {
                    self.scripts.after(exchange, response).await?;
                    self.scripts.after_events(exchange, response).await?;
                }
            }
        }
        Ok(None)
    }
}

fn is_disabled(exchange: &Exchange) -> bool {
    let path = exchange.request.path.trim_end_matches('/');
    let mut disabled = exchange.auth().config.disabled_paths.iter();
    disabled.any(|disabled| disabled.trim_end_matches('/') == path)
}

/// A mail server that looks whether a link works must not use it up: a `HEAD` with a token or a code in its address.
fn only_looks_at_link(exchange: &Exchange, plugins: &Plugins) -> bool {
    if !exchange.request.is_head {
        return false;
    }
    let secret = plugins.secret_names();
    exchange.address_names().any(|name| secret.holds(name))
}

fn met(exchange: &Exchange) -> Result<Arc<Route>, ApiError> {
    exchange.route.clone().ok_or_else(|| ApiError::internal("a stage that needs the route comes before it"))
}
