//! Puts everything together that takes part in requests beside the core: what a reload replaces.

use std::sync::{Arc, Weak};

use super::{Lasting, StartError, deciders};
use crate::auth::Auth;
use crate::config::{ASSETS, Config};
use crate::endpoints::config::SignInPage;
use crate::endpoints::operate_plugins::Extended;
use crate::exchange::{Route, SettingsDesk};
use crate::hooks::{self, HookError, MemoryCounters, ScriptSet};
use crate::memory;
use crate::outbox::mailbox::Mailbox;
use crate::pipeline::description::ApiDescription;
use crate::pipeline::functions::Functions;
use crate::pipeline::rate_limit::RateRules;
use crate::pipeline::router::Router;
use crate::pipeline::{Extensions, Front, unused_options};
use crate::plugin_host::{Plugins, Ports};
use crate::routes::{self, Operation};

/// What is there already when something is loaded.
pub(super) struct Beside<'a> {
    /// What outlives a reload.
    pub(super) lasting: &'a Lasting,
    /// The development mailbox, when mail goes there.
    pub(super) mailbox: Option<&'a Arc<Mailbox>>,
    /// For the endpoints of settings.
    pub(super) desk: Weak<dyn SettingsDesk>,
}

/// Loads everything that takes part in requests beside the core.
pub(super) async fn load_extensions(
    auth: &Arc<Auth>,
    config: &Config,
    beside: &Beside<'_>,
) -> Result<Extensions, StartError> {
    let ports = Ports { clock: Arc::clone(&auth.clock), random: Arc::clone(&auth.random) };
    let plugins = Arc::new(Plugins::load(config, &ports, &beside.lasting.capacity).await?);
    let scripts = Arc::new(load_scripts(auth, config, &beside.lasting.counters)?.hiding(plugins.secret_names()));
    let (plugins_now, scripts_now) = (Arc::downgrade(&plugins), Arc::downgrade(&scripts));
    let extended = Extended { config: Arc::new(config.clone()), plugins: plugins_now, scripts: scripts_now };
    let operations = routes::operations(&beside.desk, &Arc::new(extended));
    let router = router(config, &plugins, &operations, beside.mailbox)?;
    plugins.tell_of_idle_hooks(|hook| router.meets(hook));
    plugins.tell_of_idle_listeners();
    plugins.tell_of_missing_calls(|call| router.meets(call));
    let rate_rules = RateRules::new(&config.rate_limit, plugins.rate_rules());
    unused_options::check(config, &router, &plugins.cookie_keys()).map_err(StartError::Option)?;
    let functions = functions(&plugins, &operations, &router)?;
    unused_options::check_scopes(config, &functions).map_err(StartError::Option)?;
    let description = ApiDescription::new(config, auth.schema(), &router, &functions);
    plugins.be_described_by(Box::new(move || description.public().to_string()));
    let deciders = deciders::of(auth, &plugins, &scripts);
    let front = Front::new(config).map_err(StartError::Option)?;
    memory::give_back();
    Ok(Extensions {
        auth: Arc::clone(auth),
        router: Arc::new(router),
        functions: Arc::new(functions),
        rate_rules: Arc::new(rate_rules),
        plugins,
        scripts,
        deciders: Arc::new(deciders),
        front: Arc::new(front),
    })
}

/// The routes of the core, of operators and of plugins.
pub(super) fn router(
    config: &Config,
    plugins: &Plugins,
    operations: &[Operation],
    mailbox: Option<&Arc<Mailbox>>,
) -> Result<Router, StartError> {
    let mut router = Router::default();
    let of_mailbox = mailbox.map(routes::dev_mailbox).unwrap_or_default();
    let assets = routes::assets(&format!("{}{ASSETS}", config.pages.path), plugins.assets());
    let page = routes::sign_in_page(SignInPage::new(config, &plugins.sign_in_methods()));
    let of_streams = routes::ssf(config.ssf.as_ref().is_some_and(|ssf| !ssf.streams.is_empty()));
    let of_operators = operator_routes(config, operations)?;
    let core =
        routes::core().into_iter().chain([page]).chain(assets).chain(of_mailbox).chain(of_streams).chain(of_operators);
    for route in core.chain(plugins.routes()) {
        router.add(route)?;
    }
    Ok(router)
}

fn load_scripts(auth: &Auth, config: &Config, counters: &Arc<MemoryCounters>) -> Result<ScriptSet, HookError> {
    let ports = hooks::Ports {
        clock: Arc::clone(&auth.clock),
        random: Arc::clone(&auth.random),
        counters: Arc::<MemoryCounters>::clone(counters),
        signing_key: auth.config.secret_value.clone(),
    };
    ScriptSet::load(config, &ports)
}

/// The endpoints of operators. None may lie below the base path, where the API is.
fn operator_routes(config: &Config, operations: &[Operation]) -> Result<Vec<Route>, StartError> {
    let routes: Vec<Route> = operations.iter().map(|operation| operation.route(config.operator_path())).collect();
    let base = &config.base_path;
    let is_below = |route: &&Route| {
        route.path.strip_prefix(base.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match routes.iter().find(is_below) {
        None => Ok(routes),
        Some(route) => Err(StartError::Option(format!(
            "base_path = \"{base}\" takes the place of {}, where operators work. Write operator_path = \"/operator\"",
            route.path
        ))),
    }
}

/// The core's functions, those of plugins, and all endpoints.
pub(super) fn functions(plugins: &Plugins, operations: &[Operation], router: &Router) -> Result<Functions, StartError> {
    let own = routes::functions().into_iter().chain(operations.iter().map(Operation::function));
    let functions = Functions::new(own.chain(plugins.functions()), router);
    functions
        .map_err(|name| StartError::Option(format!("two plugins, or a plugin and the core, have a function `{name}`")))
}
