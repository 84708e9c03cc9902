//! Start-up: puts configuration, store, plugins, scripts and pipeline together.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::auth::lifecycle::Observer;
use crate::auth::sweeper::{self, Sweeper};
use crate::auth::{Auth, AuthError, Scope};
use crate::clock::{Clock, SystemClock};
use crate::config::{ASSETS, Config, IpAddress, MailConfig, MailTransport};
use crate::crypto::random::SystemRandom;
use crate::endpoints::config::SignInPage;
use crate::exchange::{ClaimSource, Deciders, SessionGate};
use crate::hooks::{
    self, HookError, MemoryCounters, ScriptClaims, ScriptGate, ScriptMailFilter, ScriptObserver, ScriptSet,
};
use crate::http::address::{AddressRule, is_loopback};
use crate::http::shown_url;
use crate::memory;
use crate::outbox::mailbox::Mailbox;
use crate::outbox::smtp::Smtp;
use crate::outbox::webhook::{self, Webhook};
use crate::outbox::{
    CurrentMailFilter, Deliveries, EventHooks, MailFilter, Mailer, Sender, TemplateError, Templates, Transport,
    TransportError,
};
use crate::pipeline::functions::Functions;
use crate::pipeline::management::Management;
use crate::pipeline::rate_limit::RateRules;
use crate::pipeline::router::{RouteClash, Router};
use crate::pipeline::unused_options;
use crate::pipeline::{Extensions, Pipeline};
use crate::plugin_host::{self, Capacity, PluginError, Plugins, Ports};
use crate::routes;
use crate::store::{Schema, Store, StoreError, StoreOptions};

/// A server that is ready to answer.
pub struct App {
    /// What the operator set.
    pub config: Arc<Config>,
    /// Answers requests.
    pub pipeline: Arc<Pipeline>,
    /// Answers on the management address, when there is one.
    pub management: Option<Management>,
    /// The development mailbox, when mail goes there.
    pub mailbox: Option<Arc<Mailbox>>,
    capacity: Capacity,
    /// The sender of mail and events, when there is something to send.
    pub deliveries: Option<Arc<Deliveries>>,
    /// Removes what has expired for as long as the server runs.
    _sweeper: Sweeper,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error("the database {url} cannot be used: {source}")]
    Database {
        /// Where it is, without credentials.
        url: String,
        /// What went wrong.
        source: StoreError,
    },
    /// The schema of a plugin or an option clashes.
    #[error(transparent)]
    Schema(#[from] StoreError),
    /// Tables are missing.
    #[error("the database lacks {0} changes. Apply them with `doorward migrate`")]
    Unmigrated(usize),
    /// Two owners claim one route.
    #[error(transparent)]
    Route(#[from] RouteClash),
    /// A plugin cannot be loaded.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// A script cannot be used.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// A core part does not start.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A mail template is broken.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Mail cannot be sent as configured.
    #[error(transparent)]
    Mail(#[from] TransportError),
    /// An option has a value that cannot be used.
    #[error("{0}")]
    Option(String),
}

/// Opens the configured database with the schema of the core and of all plugins.
///
/// # Errors
/// When the schema clashes or the database cannot be opened.
pub fn open_store(config: &Config) -> Result<Store, StartError> {
    let schema = Arc::new(schema(config)?);
    let url = database_url(config);
    let mut options = StoreOptions::default();
    if config.database.pool_size > 0 {
        options.pool_size = config.database.pool_size;
        options.readers = config.database.pool_size;
    }
    Store::open(&url, schema, options)
        .map_err(|source| StartError::Database { url: shown_url(&config.database.url), source })
}

/// The tables and fields of the core and of all plugins.
fn schema(config: &Config) -> Result<Schema, StartError> {
    let mut schema = Schema::core();
    plugin_host::extend_schema(config, &SystemClock, &mut schema)?;
    schema.configure(config)?;
    Ok(schema)
}

impl App {
    /// Starts every part. The database must be migrated.
    ///
    /// # Errors
    /// When a part cannot start; the error says what to do.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_with(config, Ports { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }).await
    }

    /// As [`App::start`], with another clock or another source of randomness.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn start_with(config: Config, ports: Ports) -> Result<Self, StartError> {
        let config = Arc::new(config);
        let auth = open_auth(&config, ports).await?;
        let capacity = Capacity::default();
        let mailbox = mailbox(&config)?;
        let extensions = load_extensions(&auth, &config, &capacity, mailbox.as_ref()).await?;
        let extensions = Arc::new(ArcSwap::from_pointee(extensions));
        let looked_at = Arc::clone(&extensions);
        let filter: CurrentMailFilter = Box::new(move || looked_at.load().deciders.mail_filter.clone());
        let deliveries = start_mail(&config, &auth, filter, mailbox.as_ref())?;
        let sweeper = sweeper::start(Store::clone(&auth.store), Arc::clone(&auth.clock));
        let address_rule = address_rule(&config.advanced.ip_address)?;
        let pipeline = Arc::new(Pipeline::new(auth, extensions, address_rule));
        let keys = || config.management_keys.clone();
        let management = config.management.as_ref().map(|_| Management::new(keys(), deliveries.clone()));
        Ok(Self { config, pipeline, management, mailbox, capacity, deliveries, _sweeper: sweeper })
    }

    /// Ends what goes on beside requests: deliveries in flight may end. Call it when no request is open.
    pub async fn stop(&self) {
        if let Some(deliveries) = &self.deliveries {
            deliveries.stop().await;
        }
    }

    /// Loads plugins and scripts again, as `config` lists them, and puts them in place at once; requests in flight finish on
    /// the old ones. Every other option stays as it was when the server started.
    ///
    /// # Errors
    /// When a file does not load, or plugins want other tables; then the old ones stay.
    pub async fn reload(&self, config: &Config) -> Result<(), StartError> {
        let listed = Config {
            plugin_folder: config.plugin_folder.clone(),
            plugin_trust: config.plugin_trust.clone(),
            plugins: config.plugins.clone(),
            hooks: config.hooks.clone(),
            ..Config::clone(&self.config)
        };
        let auth = self.pipeline.auth();
        if !auth.schema().covers(&schema(&listed)?) {
            let message = "the plugins want other tables or fields: run `doorward migrate` and start the server again";
            return Err(StartError::Option(message.to_owned()));
        }
        self.pipeline.replace(load_extensions(auth, &listed, &self.capacity, self.mailbox.as_ref()).await?);
        Ok(())
    }
}

/// Opens the database for a command that changes rows: with the plugins and scripts that see changes, and without a server.
///
/// # Errors
/// As [`App::start`].
pub async fn open_for_changes(config: Config) -> Result<(Arc<Auth>, Scope), StartError> {
    let config = Arc::new(config);
    let ports = Ports { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) };
    let auth = open_auth(&config, ports).await?;
    let extensions = load_extensions(&auth, &config, &Capacity::default(), None).await?;
    let observers = Arc::clone(&extensions.deciders.observers);
    let scope = Scope::new(Arc::<Store>::clone(&auth.store), observers);
    Ok((auth, scope))
}

/// Opens the database, which must be migrated.
async fn open_auth(config: &Arc<Config>, ports: Ports) -> Result<Arc<Auth>, StartError> {
    let store = open_store(config)?;
    let plan = store.migration_plan().await.map_err(|source| database_failed(config, source))?;
    if !plan.is_empty() {
        return Err(StartError::Unmigrated(plan.len()));
    }
    Ok(Arc::new(Auth::new(Arc::clone(config), store, ports.clock, ports.random)?))
}

/// Loads everything that takes part in requests beside the core.
async fn load_extensions(
    auth: &Arc<Auth>,
    config: &Config,
    capacity: &Capacity,
    mailbox: Option<&Arc<Mailbox>>,
) -> Result<Extensions, StartError> {
    let ports = Ports { clock: Arc::clone(&auth.clock), random: Arc::clone(&auth.random) };
    let plugins = Plugins::load(config, &ports, capacity).await?;
    let mut router = Router::default();
    let of_mailbox = mailbox.map(routes::dev_mailbox).unwrap_or_default();
    let assets = routes::assets(&format!("{}{ASSETS}", config.pages.path), plugins.assets());
    let page = routes::sign_in_page(SignInPage::new(config, &plugins.sign_in_methods()));
    for route in routes::core().into_iter().chain([page]).chain(assets).chain(of_mailbox).chain(plugins.routes()) {
        router.add(route)?;
    }
    let scripts = Arc::new(load_scripts(auth, config)?.hiding(plugins.secret_names()));
    let rate_rules = RateRules::new(&config.rate_limit, plugins.rate_rules());
    unused_options::check(config, &router, &plugins.cookie_keys()).map_err(StartError::Option)?;
    let functions = functions(&plugins, &router)?;
    let deciders = deciders(auth, &plugins, &scripts);
    memory::give_back();
    Ok(Extensions {
        router: Arc::new(router),
        functions: Arc::new(functions),
        rate_rules: Arc::new(rate_rules),
        plugins: Arc::new(plugins),
        scripts,
        deciders: Arc::new(deciders),
    })
}

fn load_scripts(auth: &Auth, config: &Config) -> Result<ScriptSet, HookError> {
    let ports = hooks::Ports {
        clock: Arc::clone(&auth.clock),
        random: Arc::clone(&auth.random),
        counters: Arc::new(MemoryCounters::default()),
        signing_key: auth.config.secret_value.clone(),
    };
    ScriptSet::load(config, &ports)
}

/// Lets plugins and scripts decide about sign-ins, see changes and add to claims, and scripts see mails. Scripts are asked
/// first about sign-ins and changes, so that a policy that refuses someone spares them a second factor, and last about
/// claims, so that a policy has the last word.
fn deciders(auth: &Arc<Auth>, plugins: &Plugins, scripts: &Arc<ScriptSet>) -> Deciders {
    let gate: Arc<dyn SessionGate> = Arc::new(ScriptGate(Arc::clone(scripts)));
    let observer = ScriptObserver::new(scripts, auth).map(|observer| Arc::new(observer) as Arc<dyn Observer>);
    let script_claims = ScriptClaims::of(scripts).map(|source| Arc::new(source) as Arc<dyn ClaimSource>);
    let filter: Arc<dyn MailFilter> = Arc::new(ScriptMailFilter(Arc::clone(scripts)));
    Deciders {
        gates: [vec![gate], plugins.gates()].concat(),
        observers: Arc::new(observer.into_iter().chain(plugins.observer(auth)).collect()),
        claims: plugins.claim_sources().into_iter().chain(script_claims).collect(),
        sections: plugins.sections(),
        mail_filter: Some(filter),
    }
}

/// Starts the sender of mail and events, when there is something to send.
fn start_mail(
    config: &Config,
    auth: &Auth,
    filter: CurrentMailFilter,
    mailbox: Option<&Arc<Mailbox>>,
) -> Result<Option<Arc<Deliveries>>, StartError> {
    let events = EventHooks::new(&config.hooks, &config.secret_value, &auth.clock)?;
    let Some(mail) = &config.mail else {
        return Ok((!events.is_empty()).then(|| Arc::new(Sender::new(auth, None, events).start())));
    };
    let folder = mail.templates.as_ref().map(|folder| config.resolve(folder));
    let templates = Templates::new(&config.app_name, folder.as_deref())?;
    let transport = mail_transport(config, mail, &auth.clock, mailbox)?;
    let mailer = Mailer { templates, transport, filter };
    Ok(Some(Arc::new(Sender::new(auth, Some(mailer), events).start())))
}

/// What mail leaves by, as `[mail]` says.
///
/// # Errors
/// When something is missing or cannot be used.
pub fn mail_transport(
    config: &Config,
    mail: &MailConfig,
    clock: &Arc<dyn Clock>,
    mailbox: Option<&Arc<Mailbox>>,
) -> Result<Arc<dyn Transport>, StartError> {
    let missing = |section: &str| StartError::Option(format!("mail.transport needs {section}"));
    Ok(match mail.transport {
        MailTransport::Mailbox => mailbox.cloned().unwrap_or_default(),
        MailTransport::Smtp => {
            let options = mail.smtp.as_ref().ok_or_else(|| missing("[mail.smtp]"))?;
            let from = mail.from.as_deref().ok_or_else(|| missing("mail.from"))?;
            Arc::new(Smtp::new(options, from)?)
        }
        MailTransport::Webhook => {
            let options = mail.webhook.as_ref().ok_or_else(|| missing("[mail.webhook]"))?;
            let key = webhook::key_of_mails(options, &config.secret_value);
            Arc::new(Webhook::new(options, key, Arc::clone(clock))?)
        }
    })
}

/// The development mailbox, when mail goes there.
fn mailbox(config: &Config) -> Result<Option<Arc<Mailbox>>, StartError> {
    match &config.mail {
        Some(mail) if mail.transport == MailTransport::Mailbox => {
            refuse_public_mailbox(config)?;
            Ok(Some(Arc::default()))
        }
        _ => Ok(None),
    }
}

/// The development mailbox shows every link to whoever asks for it: it is there for `doorward dev` on this machine alone.
fn refuse_public_mailbox(config: &Config) -> Result<(), StartError> {
    let refused = |text: String| Err(StartError::Option(text));
    if !config.is_development {
        let text = "mail.transport = \"mailbox\" works under `doorward dev` alone, since it shows every mail to whoever asks. \
                    Write transport = \"smtp\" with [mail.smtp], or transport = \"webhook\" with [mail.webhook]";
        return refused(text.to_owned());
    }
    let address = &config.server.address;
    if is_loopback(address) {
        return Ok(());
    }
    refused(format!(
        "mail.transport = \"mailbox\" shows every mail to whoever asks, and server.address = \"{address}\" is not this \
         machine's own. Write server.address = \"127.0.0.1:3000\", or another transport"
    ))
}

/// The core's functions, those of plugins, and all endpoints.
fn functions(plugins: &Plugins, router: &Router) -> Result<Functions, StartError> {
    let functions = Functions::new(routes::functions().into_iter().chain(plugins.functions()), router);
    functions
        .map_err(|name| StartError::Option(format!("two plugins, or a plugin and the core, have a function `{name}`")))
}

fn address_rule(options: &IpAddress) -> Result<AddressRule, StartError> {
    let network = |text: &String| {
        let single = || text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
        let message = || format!("advanced.ip_address.trusted_proxies: \"{text}\" is neither an address nor a network");
        text.parse().or_else(|_| single()).map_err(|_| StartError::Option(message()))
    };
    Ok(AddressRule {
        source: options.source,
        headers: options.ip_address_headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
        trusted_proxies: options.trusted_proxies.iter().map(network).collect::<Result<_, _>>()?,
        ipv6_subnet: options.ipv6_subnet,
        is_disabled: options.disable_ip_tracking,
    })
}

/// The database's URL, with a relative SQLite path seen from the configuration's folder.
fn database_url(config: &Config) -> String {
    match config.database.url.strip_prefix("sqlite://") {
        Some(path) => format!("sqlite://{}", config.resolve(path).display()),
        None => config.database.url.clone(),
    }
}

fn database_failed(config: &Config, source: StoreError) -> StartError {
    StartError::Database { url: shown_url(&config.database.url), source }
}
