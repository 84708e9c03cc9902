//! Start-up: puts configuration, store, plugins, scripts and pipeline together.

mod background;
mod deciders;
mod described;
mod extensions;
mod live;
mod mailing;
mod measured;

pub use described::describe;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use background::Background;
use live::{Live, Watch};
use measured::Measured;

use crate::auth::audit;
use crate::auth::credential;
use crate::auth::settings;
use crate::auth::sweeper::{self, Sweeper};
use crate::auth::{Auth, AuthError, Scope};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::crypto::tls::Certificate;
use crate::hooks::{HookError, MemoryCounters};
use crate::http::shown_url;
use crate::outbox::events::Receivers;
use crate::outbox::jobs::Runner;
use crate::outbox::mailbox::Mailbox;
use crate::outbox::{Deliveries, EventHooks, Sender, TemplateError, TransportError, Ways};
use crate::pipeline::management::Management;
use crate::pipeline::router::RouteClash;
use crate::pipeline::{Extensions, Pipeline};
use crate::plugin_host::{self, Capacity, PluginError, Ports};
use crate::store::{self, Schema, Store, StoreError, StoreOptions};
use crate::telemetry::Exporter;

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
    /// The certificate of the public address, when this server speaks TLS.
    pub certificate: Option<Arc<Certificate>>,
    /// What a reload and a changed setting replace.
    live: Arc<Live>,
    /// Where scripts' events go.
    events: EventHooks,
    /// Other systems that are told of events.
    receivers: Receivers,
    /// The sender of mail and events, when there is something to send.
    pub deliveries: Option<Arc<Deliveries>>,
    /// Removes what has expired for as long as the server runs.
    _sweeper: Sweeper,
    /// Looks for settings that another node has changed.
    _watch: Watch,
    /// Sends numbers and traces, when there is a collector.
    measured: Option<Measured>,
    /// Looks at the replicas of the database.
    _replicas: store::Watch,
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
    let failed = |source| StartError::Database { url: shown_url(&config.database.url), source };
    let store = Store::open(&url, schema, options.clone()).map_err(failed)?;
    store
        .with_replicas(&config.database.replicas, limit(config.database.replica_lag_ms), &options)
        .map_err(|source| StartError::Option(format!("database.replicas: {source}")))
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
        Self::start_with(config, Ports::default()).await
    }

    /// As [`App::start`], with another clock or another source of randomness.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn start_with(config: Config, ports: Ports) -> Result<Self, StartError> {
        Self::start_within(config, ports, Capacity::default()).await
    }

    /// As [`App::start_with`], with what plugins may do at once, and who answers them in place of other servers.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn start_within(config: Config, ports: Ports, capacity: Capacity) -> Result<Self, StartError> {
        let config = Arc::new(config);
        let Parts { auth, extensions, live, events, receivers } =
            prepare(&config, ports, Lasting { capacity, ..Lasting::default() }).await?;
        let runner: Arc<dyn Runner> = Arc::new(Background::new(&extensions));
        let (scripts, told) = (events.clone(), receivers.clone());
        let ways = Ways { mailer: live.mailer(), scripts, receivers: told, runner: Some(runner) };
        let deliveries = start_sender(&config, &auth, ways);
        let sweeper = sweeper::start(Store::clone(&auth.store), Arc::clone(&auth));
        auth.audit.start(Store::clone(&auth.store), audit::Keys::of(&config), Arc::clone(&auth.clock));
        let replicas = auth.store.watch_replicas();
        note_plugins(&auth, &extensions.load()).await;
        let pipeline = Arc::new(Pipeline::new(auth, extensions));
        let clock = Arc::clone(&pipeline.auth().clock);
        let exporter = Exporter::start(&config.telemetry, clock).map_err(StartError::Option)?;
        let measured = exporter.map(|exporter| Measured::start(exporter, &pipeline));
        let keys = || config.management_keys.clone();
        let management = config.management.as_ref().map(|_| Management::new(keys(), deliveries.clone()));
        let (mailbox, watch) = (live.mailbox().cloned(), live.watch());
        let certificate = Certificate::of(&config).map_err(StartError::Option)?;
        Ok(Self {
            config,
            pipeline,
            management,
            mailbox,
            certificate,
            live,
            events,
            receivers,
            deliveries,
            _sweeper: sweeper,
            _watch: watch,
            measured,
            _replicas: replicas,
        })
    }

    /// Makes everything that a server needs, without what sends or removes by itself, and returns the database.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn check(config: &Arc<Config>) -> Result<Store, StartError> {
        let ports = Ports::default();
        let parts = prepare(config, ports, Lasting::default()).await?;
        Exporter::check(&config.telemetry).map_err(StartError::Option)?;
        Certificate::of(config).map_err(StartError::Option)?;
        Ok(Store::clone(&parts.auth.store))
    }

    /// Ends what goes on beside requests: deliveries in flight may end. Call it when no request is open.
    pub async fn stop(&self) {
        if let Some(deliveries) = &self.deliveries {
            deliveries.stop().await;
        }
        self.pipeline.auth().audit.flush().await;
        if let Some(measured) = &self.measured {
            measured.stop(&self.pipeline).await;
        }
    }

    /// Puts settings in place that another node has changed. A server looks by itself every two seconds. True when there were
    /// some.
    ///
    /// # Errors
    /// When they cannot be read, or nothing loads any more; then nothing changes.
    pub async fn look_for_settings(&self) -> Result<bool, StartError> {
        self.live.look().await
    }

    /// Puts `config` in place at once, with its plugins and scripts; requests in flight finish on the old ones. What is counted
    /// stays. Returns the options that changed and wait for a restart.
    ///
    /// # Errors
    /// When a file does not load, or plugins want other tables; then the old ones stay.
    pub async fn reload(&self, config: &Config) -> Result<Vec<String>, StartError> {
        let listed = config.begun_as(&self.config);
        let auth = self.pipeline.auth();
        if !auth.schema().covers(&schema(&listed)?) {
            let message = "the plugins want other tables or fields: run `doorward migrate` and start the server again";
            return Err(StartError::Option(message.to_owned()));
        }
        let events = EventHooks::new(&listed.hooks, &listed.secret_value, &auth.clock)?;
        let receivers = Receivers::new(&Arc::new(listed.clone()), auth).map_err(StartError::Option)?;
        let renewed = self.certificate.as_ref().map(|certificate| certificate.read_again());
        let renewed = renewed.transpose().map_err(StartError::Option)?;
        self.live.replace(listed).await?;
        if let (Some(certificate), Some(renewed)) = (&self.certificate, renewed) {
            certificate.put(renewed);
        }
        // A database that is busy or away holds no reload up.
        let (auth, now) = (Arc::clone(auth), self.pipeline.extensions());
        tokio::spawn(async move { note_plugins(&auth, &now).await });
        self.events.replace(&events);
        self.receivers.replace(&receivers);
        let mut waiting = self.config.needing_restart(config);
        if self.deliveries.is_none() && !events.is_empty() {
            waiting.push("hooks.webhook".to_owned());
        }
        if self.deliveries.is_none() && !receivers.is_empty() {
            waiting.push("webhooks".to_owned());
        }
        Ok(waiting)
    }
}

/// Notes which plugins are on, so that the audit log tells when one is switched. The server works without it.
async fn note_plugins(auth: &Auth, extensions: &Extensions) {
    if let Err(error) = settings::note_plugins(auth, &auth.store, &extensions.plugins.names()).await {
        tracing::warn!(%error, "the audit log cannot be told which plugins are on");
    }
}

/// Everything that a server needs and that does nothing by itself.
struct Parts {
    auth: Arc<Auth>,
    extensions: Arc<ArcSwap<Extensions>>,
    live: Arc<Live>,
    events: EventHooks,
    receivers: Receivers,
}

async fn prepare(config: &Arc<Config>, ports: Ports, lasting: Lasting) -> Result<Parts, StartError> {
    let auth = open_auth(config, ports).await?;
    credential::learn_forms(&auth.passwords, &*auth.store).await;
    let live = Live::new(Arc::clone(&auth), lasting, mailing::mailbox(config)?);
    let extensions = live.begin().await?;
    let events = EventHooks::new(&config.hooks, &config.secret_value, &auth.clock)?;
    let receivers = Receivers::new(config, &auth).map_err(StartError::Option)?;
    Ok(Parts { auth, extensions, live, events, receivers })
}

/// Opens the database for a command that changes rows: with the plugins and scripts that see changes, and without a server.
///
/// # Errors
/// As [`App::start`].
pub async fn open_for_changes(config: Config) -> Result<(Arc<Auth>, Scope), StartError> {
    let config = Arc::new(config);
    let ports = Ports::default();
    let auth = open_auth(&config, ports).await?;
    let extensions = Live::new(auth, Lasting::default(), None).begin().await?.load_full();
    let scope = Scope::new(Arc::<Store>::clone(&extensions.auth.store), Arc::clone(&extensions.deciders.observers));
    Ok((Arc::clone(&extensions.auth), scope))
}

/// Opens the database and those who are told of events, for a command.
///
/// # Errors
/// As [`App::start`].
pub async fn open_receivers(config: Config) -> Result<(Arc<Auth>, Receivers), StartError> {
    let config = Arc::new(config);
    let auth = open_auth(&config, Ports::default()).await?;
    let receivers = Receivers::new(&config, &auth).map_err(StartError::Option)?;
    Ok((auth, receivers))
}

/// Opens the database, which must be migrated.
///
/// # Errors
/// When it cannot be used, or tables are missing.
pub async fn open_migrated(config: &Config) -> Result<Store, StartError> {
    let store = open_store(config)?;
    if !config.has_database() {
        store.migrate().await?;
    }
    let missing = store.missing_parts().await.map_err(|source| database_failed(config, source))?;
    if missing.is_empty() { Ok(store) } else { Err(StartError::Unmigrated(missing.join(", "))) }
}

async fn open_auth(config: &Arc<Config>, ports: Ports) -> Result<Arc<Auth>, StartError> {
    let store = open_migrated(config).await?;
    let auth = Auth::new(Arc::clone(config), store, ports.clock, ports.random)?;
    auth.try_secondary().await.map_err(StartError::Option)?;
    Ok(Arc::new(auth))
}

/// Starts the sender of mail and events, which runs jobs too, when there may be something to send.
fn start_sender(config: &Config, auth: &Auth, ways: Ways) -> Option<Arc<Deliveries>> {
    // A reload may give a script a receiver, and bring a plugin with jobs in place of one without.
    let has_guests = !config.hooks.is_empty() || !config.plugins.is_empty();
    let may_send = ways.mailer.is_some() || has_guests || !ways.receivers.is_empty();
    may_send.then(|| Arc::new(Sender::new(auth, ways).start()))
}

fn database_failed(config: &Config, source: StoreError) -> StartError {
    if let StoreError::Unmigratable(_) = source {
        return StartError::Schema(source);
    }
    StartError::Database { url: shown_url(&config.database.url), source }
}
