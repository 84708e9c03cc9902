//! Start-up: puts configuration, store, plugins, scripts and pipeline together.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::auth::credential;
use crate::auth::lifecycle::Observer;
use crate::auth::sweeper::{self, Sweeper};
use crate::auth::{Auth, AuthError, Scope};
use crate::clock::SystemClock;
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
use crate::outbox::transport;
use crate::outbox::{
    CurrentMailFilter, Deliveries, EventHooks, MailFilter, Mailer, Sender, TemplateError, Templates, TransportError,
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
    lasting: Lasting,
    /// Where scripts' events go.
    events: EventHooks,
    /// The sender of mail and events, when there is something to send.
    pub deliveries: Option<Arc<Deliveries>>,
    /// Removes what has expired for as long as the server runs.
    _sweeper: Sweeper,
}

/// What outlives a reload.
#[derive(Default)]
struct Lasting {
    /// Of plugins.
    capacity: Capacity,
    /// What scripts count.
    counters: Arc<MemoryCounters>,
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
    #[error("the database lacks {0}. Bring it up to date with `doorward migrate`")]
    Unmigrated(String),
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
    let url = config.database_url();
    let limit = Duration::from_millis;
    let mut options = StoreOptions {
        acquire_timeout: limit(config.database.acquire_timeout_ms),
        connect_timeout: limit(config.database.connect_timeout_ms),
        statement_timeout: limit(config.database.statement_timeout_ms),
        ..StoreOptions::default()
    };
    if config.database.pool_size > 0 {
        options.pool_size = config.database.pool_size;
        options.readers = config.database.pool_size;
    }
    Store::open(&url, schema, options)
        .map_err(|source| StartError::Database { url: shown_url(&config.database.url), source })
}

/// The tables and fields of the core and of all plugins.
pub(crate) fn schema(config: &Config) -> Result<Schema, StartError> {
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
        let Parts { auth, extensions, mailer, events, mailbox, lasting, address_rule } =
            prepare(&config, ports).await?;
        let deliveries = start_sender(&config, &auth, mailer, events.clone());
        let sweeper = sweeper::start(Store::clone(&auth.store), Arc::clone(&auth.clock));
        let pipeline = Arc::new(Pipeline::new(auth, extensions, address_rule));
        let keys = || config.management_keys.clone();
        let management = config.management.as_ref().map(|_| Management::new(keys(), deliveries.clone()));
        Ok(Self { config, pipeline, management, mailbox, lasting, events, deliveries, _sweeper: sweeper })
    }

    /// Makes everything that a server needs, without what sends or removes by itself, and returns the database.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn check(config: &Arc<Config>) -> Result<Store, StartError> {
        let ports = Ports { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) };
        let parts = prepare(config, ports).await?;
        Ok(Store::clone(&parts.auth.store))
    }

    /// Ends what goes on beside requests: deliveries in flight may end. Call it when no request is open.
    pub async fn stop(&self) {
        if let Some(deliveries) = &self.deliveries {
            deliveries.stop().await;
        }
    }

    /// Loads plugins and scripts again, as `config` lists them, and puts them in place at once; requests in flight finish on
    /// the old ones. What is counted stays, and so does every other option. Returns the options that changed and wait for a
    /// restart.
    ///
    /// # Errors
    /// When a file does not load, or plugins want other tables; then the old ones stay.
    pub async fn reload(&self, config: &Config) -> Result<Vec<String>, StartError> {
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
        let events = EventHooks::new(&listed.hooks, &listed.secret_value, &auth.clock)?;
        self.pipeline.replace(load_extensions(auth, &listed, &self.lasting, self.mailbox.as_ref()).await?);
        self.events.replace(&events);
        let mut waiting = self.config.needing_restart(config);
        if self.deliveries.is_none() && !events.is_empty() {
            waiting.push("hooks.webhook".to_owned());
        }
        Ok(waiting)
    }
}

/// Everything that a server needs and that does nothing by itself.
struct Parts {
    auth: Arc<Auth>,
    extensions: Arc<ArcSwap<Extensions>>,
    mailer: Option<Mailer>,
    events: EventHooks,
    mailbox: Option<Arc<Mailbox>>,
    lasting: Lasting,
    address_rule: AddressRule,
}

async fn prepare(config: &Arc<Config>, ports: Ports) -> Result<Parts, StartError> {
    let auth = open_auth(config, ports).await?;
    credential::learn_forms(&auth.passwords, &*auth.store).await;
    let lasting = Lasting::default();
    let mailbox = mailbox(config)?;
    let extensions = load_extensions(&auth, config, &lasting, mailbox.as_ref()).await?;
    let extensions = Arc::new(ArcSwap::from_pointee(extensions));
    let looked_at = Arc::clone(&extensions);
    let filter: CurrentMailFilter = Box::new(move || looked_at.load().deciders.mail_filter.clone());
    let events = EventHooks::new(&config.hooks, &config.secret_value, &auth.clock)?;
    let said = extensions.load().plugins.mail_templates();
    let mailer = config.mail.as_ref().map(|mail| mailer(config, mail, (&auth, filter, said), mailbox.as_ref()));
    let (mailer, address_rule) = (mailer.transpose()?, address_rule(&config.advanced.ip_address)?);
    Ok(Parts { auth, extensions, mailer, events, mailbox, lasting, address_rule })
}

/// Opens the database for a command that changes rows: with the plugins and scripts that see changes, and without a server.
///
/// # Errors
/// As [`App::start`].
pub async fn open_for_changes(config: Config) -> Result<(Arc<Auth>, Scope), StartError> {
    let config = Arc::new(config);
    let ports = Ports { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) };
    let auth = open_auth(&config, ports).await?;
    let extensions = load_extensions(&auth, &config, &Lasting::default(), None).await?;
    let observers = Arc::clone(&extensions.deciders.observers);
    let scope = Scope::new(Arc::<Store>::clone(&auth.store), observers);
    Ok((auth, scope))
}

/// Opens the database, which must be migrated.
///
/// # Errors
/// When it cannot be used, or tables are missing.
pub async fn open_migrated(config: &Config) -> Result<Store, StartError> {
    let store = open_store(config)?;
    let missing = store.missing_parts().await.map_err(|source| database_failed(config, source))?;
    if missing.is_empty() { Ok(store) } else { Err(StartError::Unmigrated(missing.join(", "))) }
}

async fn open_auth(config: &Arc<Config>, ports: Ports) -> Result<Arc<Auth>, StartError> {
    let store = open_migrated(config).await?;
    Ok(Arc::new(Auth::new(Arc::clone(config), store, ports.clock, ports.random)?))
}

/// Loads everything that takes part in requests beside the core.
async fn load_extensions(
    auth: &Arc<Auth>,
    config: &Config,
    lasting: &Lasting,
    mailbox: Option<&Arc<Mailbox>>,
) -> Result<Extensions, StartError> {
    let ports = Ports { clock: Arc::clone(&auth.clock), random: Arc::clone(&auth.random) };
    let plugins = Plugins::load(config, &ports, &lasting.capacity).await?;
    let mut router = Router::default();
    let of_mailbox = mailbox.map(routes::dev_mailbox).unwrap_or_default();
    let assets = routes::assets(&format!("{}{ASSETS}", config.pages.path), plugins.assets());
    let page = routes::sign_in_page(SignInPage::new(config, &plugins.sign_in_methods()));
    for route in routes::core().into_iter().chain([page]).chain(assets).chain(of_mailbox).chain(plugins.routes()) {
        router.add(route)?;
    }
    let scripts = Arc::new(load_scripts(auth, config, &lasting.counters)?.hiding(plugins.secret_names()));
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

fn load_scripts(auth: &Auth, config: &Config, counters: &Arc<MemoryCounters>) -> Result<ScriptSet, HookError> {
    let ports = hooks::Ports {
        clock: Arc::clone(&auth.clock),
        random: Arc::clone(&auth.random),
        counters: Arc::<MemoryCounters>::clone(counters),
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

/// Starts the sender of mail and events, when there may be something to send.
fn start_sender(config: &Config, auth: &Auth, mailer: Option<Mailer>, events: EventHooks) -> Option<Arc<Deliveries>> {
    // A reload may give a script a receiver.
    let may_send = mailer.is_some() || !config.hooks.is_empty();
    may_send.then(|| Arc::new(Sender::new(auth, mailer, events).start()))
}

/// What sending mail needs.
fn mailer(
    config: &Config,
    mail: &MailConfig,
    (auth, filter, said): (&Auth, CurrentMailFilter, Vec<(String, String)>),
    mailbox: Option<&Arc<Mailbox>>,
) -> Result<Mailer, StartError> {
    let folder = mail.templates.as_ref().map(|folder| config.resolve(folder));
    let templates = Templates::with(&config.app_name, said, folder.as_deref())?;
    Ok(Mailer { templates, transport: transport::of(config, mail, &auth.clock, mailbox)?, filter })
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
        text.parse().or_else(|_| single()).map_err(|_| {
            let option = "advanced.ip_address.trusted_proxies";
            StartError::Option(format!("{option}: \"{text}\" is neither an address nor a network"))
        })
    };
    Ok(AddressRule {
        source: options.source,
        headers: options.ip_address_headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
        trusted_proxies: options.trusted_proxies.iter().map(network).collect::<Result<_, _>>()?,
        ipv6_subnet: options.ipv6_subnet,
        is_disabled: options.disable_ip_tracking,
    })
}

fn database_failed(config: &Config, source: StoreError) -> StartError {
    if let StoreError::Unmigratable(_) = source {
        return StartError::Schema(source);
    }
    StartError::Database { url: shown_url(&config.database.url), source }
}
