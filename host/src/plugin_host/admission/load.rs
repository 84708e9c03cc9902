//! Loads plugins: reads, checks against grants and options, compiles, links and asks each whether it can work.

use std::sync::Arc;

use doorward_contract::{Step, StepWork};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Map, Value as Json};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use super::cache::Cache;
use super::candidate::Candidate;
use super::clashes::{refuse_clashes, refuse_core_names};
use super::facts;
use super::grant::{self, Rights};
use super::hook_rights::{PAGE_SCRIPTS, Sights};
use super::trust::Provenance;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, PluginConfig, SiteFiles};
use crate::cookie::Cookies;
use crate::crypto::purpose::Purpose;
use crate::crypto::random::{Random, SystemRandom};
use crate::exchange::redaction::SecretNames;
use crate::http::asset::Asset;
use crate::plugin_host::call::breaker::Breaker;
use crate::plugin_host::call::budget::LogPace;
use crate::plugin_host::call::capacity::{Capacity, EVENTS_AT_ONCE, WAITING_AT_ONCE};
use crate::plugin_host::call::exports::Exports;
use crate::plugin_host::call::names::CallNames;
use crate::plugin_host::call::plugin::{Origin, Plugin};
use crate::plugin_host::call::policies::Policies;
use crate::plugin_host::call::services::{Common, PluginServices};
use crate::plugin_host::call::site::{OwnPlaces, Site};
use crate::plugin_host::call::state::Shared;
use crate::plugin_host::engine;
use crate::plugin_host::error::PluginError;
use crate::plugin_host::imports;
use crate::plugin_host::package::component::imported_capabilities;
use crate::plugin_host::package::fields::{to_field, to_model};
use crate::plugin_host::package::file::{self, PluginFile};
use crate::plugin_host::package::manifest::{Condition, Hook, Manifest};
use crate::plugin_host::package::options::{self, active};
use crate::store::{Schema, StoreError};

/// Where compiled components are kept, seen from the configuration file.
const CACHE_FOLDER: &str = ".doorward/plugins";

/// Plugins that are compiled at once, at most: each takes memory.
const MOST_LOADS: usize = 4;

/// Capabilities whose calls wait for other servers or for hashes of passwords. Who calls endpoints waits too.
const LETS_WAIT: [&str; 3] = ["http", "passwords", "user-administration"];

/// What loading needs beside the configuration.
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl Default for Ports {
    /// Those of the system.
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
    }
}

/// What was loaded.
#[derive(Default)]
pub(in crate::plugin_host) struct Loaded {
    pub(in crate::plugin_host) list: Vec<Arc<Plugin>>,
    pub(in crate::plugin_host) secret_names: Arc<SecretNames>,
    /// Of the operator and of the plugins.
    pub(in crate::plugin_host) assets: Vec<Asset>,
}

pub(in crate::plugin_host) async fn load_all(
    config: &Config,
    ports: &Ports,
    capacity: &Capacity,
) -> Result<Loaded, PluginError> {
    let entries: Vec<&PluginConfig> = config.plugins.iter().filter(|entry| entry.enabled).collect();
    if entries.is_empty() {
        return Ok(Loaded::default());
    }
    let candidates = read_all(config, &entries, &*ports.clock)?;
    let cookies = Cookies::new(config);
    refuse_clashes(&candidates, &cookies)?;
    let memory_mib = candidates.iter().map(|candidate| candidate.entry.limits.memory_mib).max().unwrap_or(0);
    let beneath_changes = match candidates.iter().any(|candidate| !candidate.manifest.events.is_empty()) {
        true => EVENTS_AT_ONCE,
        false => 0,
    };
    // A request that waits for others has no turn, but its instance.
    let waits = |candidate: &&Candidate| {
        let granted = grant::granted(candidate.entry);
        !candidate.manifest.calls.is_empty() || granted.iter().any(|name| LETS_WAIT.contains(&&**name))
    };
    let waiting = WAITING_AT_ONCE * candidates.iter().filter(waits).count();
    let instances = engine::REQUESTS_AT_ONCE * candidates.len() + waiting + beneath_changes;
    let declared = candidates.iter().flat_map(|candidate| &candidate.manifest.secrets).map(String::as_str);
    let secret_names = Arc::new(SecretNames::with(declared));
    let files = config.pages.files(config).map_err(PluginError::Pages)?;
    let site = site(config, &candidates, &files);
    let SiteFiles { mut assets, .. } = files;
    let loader = Loader {
        site,
        config,
        ports,
        engine: engine::start(instances, memory_mib << 20)?,
        cache: Arc::new(Cache::open(Some(&config.resolve(CACHE_FOLDER)), &config.all_secrets)),
        cookies,
        capacity,
        common: Common::new(config, &ports.random, capacity),
        secret_names: Arc::clone(&secret_names),
    };
    let mut loads = Vec::with_capacity(candidates.len());
    for mut candidate in candidates {
        let files = std::mem::take(&mut candidate.assets);
        let scripts = grant::granted(candidate.entry).iter().any(|grant| grant == PAGE_SCRIPTS);
        let places = OwnPlaces::new(config, &candidate.manifest, &files, scripts);
        assets.extend(places.served(files));
        loads.push(loader.load(candidate, places));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let list = stream::iter(loads).buffered(cores.min(MOST_LOADS)).map_ok(Arc::new).try_collect().await?;
    Ok(Loaded { list, secret_names, assets })
}

/// Reads all plugins at once, in the order of the entries. The first one that is refused is told.
fn read_all<'a>(
    config: &Config,
    entries: &[&'a PluginConfig],
    clock: &dyn Clock,
) -> Result<Vec<Candidate<'a>>, PluginError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = entries.len().div_ceil(threads).max(1);
    let read_some = |some: &[&'a PluginConfig]| {
        some.iter().map(|&entry| read(config, entry, clock)).collect::<Result<Vec<_>, PluginError>>()
    };
    let read_some = &read_some;
    let read = std::thread::scope(|scope| {
        // All of them begin before the first is waited for.
        let reads: Vec<_> = entries.chunks(share).map(|some| scope.spawn(move || read_some(some))).collect();
        let done = reads.into_iter().map(|read| read.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.collect::<Result<Vec<_>, _>>()
    });
    Ok(read?.into_iter().flatten().collect())
}

/// What every plugin sees of the server and of the others.
fn site(config: &Config, candidates: &[Candidate<'_>], files: &SiteFiles) -> Arc<Site> {
    let declared: Vec<_> = candidates.iter().map(|candidate| (&candidate.manifest, &candidate.options)).collect();
    let view = facts::site_view(config, &declared, files);
    let listeners = candidates
        .iter()
        .flat_map(|Candidate { manifest, .. }| manifest.listens.iter().map(|rule| (manifest.id.clone(), rule.clone())));
    Arc::new(Site { view, templates: files.templates.clone(), listeners: listeners.collect(), ..Site::default() })
}

/// Adds to `schema` the tables and fields of the switched-on plugins, from their manifests alone.
///
/// # Errors
/// When a component is missing, unreadable, not trusted, or clashes with another or with the core.
pub fn extend_schema(config: &Config, clock: &dyn Clock, schema: &mut Schema) -> Result<(), PluginError> {
    let entries: Vec<&PluginConfig> = config.plugins.iter().filter(|entry| entry.enabled).collect();
    let candidates = read_all(config, &entries, clock)?;
    refuse_clashes(&candidates, &Cookies::new(config))?;
    for Candidate { manifest, options, .. } in &candidates {
        let plugin = &manifest.id;
        let refused = |error: StoreError| PluginError::Manifest { plugin: plugin.clone(), reason: error.to_string() };
        for field in active(manifest, &manifest.user_fields, options) {
            schema.add_field("user", to_field(field, plugin)).map_err(refused)?;
        }
        for field in active(manifest, &manifest.session_fields, options) {
            schema.add_field("session", to_field(field, plugin)).map_err(refused)?;
        }
        manifest.tables.iter().try_for_each(|table| schema.add_model(to_model(table, plugin))).map_err(refused)?;
        manifest.steps.iter().for_each(|step| schema.add_step(plugin, step.clone()));
    }
    Ok(())
}

fn read<'a>(config: &Config, entry: &'a PluginConfig, clock: &dyn Clock) -> Result<Candidate<'a>, PluginError> {
    let PluginFile { component, mut manifest, assets, provenance } = file::read(config, entry, clock)?;
    let is_too_early = |hook: &Hook| !hook.conditions.iter().all(Condition::is_known_before);
    if let Some(hook) = manifest.before.iter().find(|hook| is_too_early(hook)) {
        let reason = format!("the hook before `{}` waits for something that only an endpoint does", hook.pattern);
        return Err(PluginError::Manifest { plugin: entry.id.clone(), reason });
    }
    if let Some(path) = manifest.foreign_limit() {
        let reason = format!("it limits requests to `{path}`, which is no route of its own without parameters");
        return Err(PluginError::Manifest { plugin: entry.id.clone(), reason });
    }
    refuse_core_names(&manifest)?;
    let options = options::checked(&manifest, entry)?;
    options::place_routes(&mut manifest, &options)?;
    options::bound_routes(&mut manifest, &entry.limits.stream_bytes)?;
    facts::refuse_reserved_pages(config, &manifest)?;
    Ok(Candidate { entry, component, manifest, assets, options, provenance })
}

struct Loader<'a> {
    site: Arc<Site>,
    config: &'a Config,
    ports: &'a Ports,
    engine: Engine,
    cache: Arc<Cache>,
    cookies: Cookies,
    capacity: &'a Capacity,
    common: Common,
    secret_names: Arc<SecretNames>,
}

impl Loader<'_> {
    async fn load(&self, candidate: Candidate<'_>, places: OwnPlaces) -> Result<Plugin, PluginError> {
        let Candidate { entry, component, manifest, options, provenance, .. } = candidate;
        let refused =
            |error: wasmtime::Error| PluginError::Engine { plugin: manifest.id.clone(), reason: format!("{error:#}") };
        let component = self.compile(component, provenance.sha256.clone()).await.map_err(refused)?;
        let used = imported_capabilities(&self.engine, &component);
        grant::check(&manifest, entry, &used)?;
        let mut linker = Linker::new(&self.engine);
        imports::link(&mut linker, &used).map_err(refused)?;
        let linked = linker.instantiate_pre(&component).map_err(refused)?;
        let exports = Exports::of(&linked).map_err(refused)?;
        refuse_missing_exports(&manifest, &exports)?;
        let shared = Arc::new(self.shared(&manifest, entry, &options, places)?);
        let engine = self.engine.clone();
        let policies = Policies::of(&manifest, &entry.on_failure)?;
        let breaker = Breaker::new(entry.breaker);
        let sights = Sights::of(&manifest, grant::granted(entry));
        let Provenance { sha256, signed_by, .. } = provenance;
        let origin = Origin { sha256, signed_by, is_official: grant::is_official(entry) };
        let plugin = Plugin { manifest, options, shared, engine, linked, exports, policies, sights, breaker, origin };
        match plugin.check().await {
            Ok(()) => Ok(plugin),
            Err((name, reason)) => {
                let reason = if name.is_empty() { reason } else { format!("`{}`: {reason}", self.place(entry, &name)) };
                Err(PluginError::Option { plugin: plugin.manifest.id, reason })
            }
        }
    }

    /// Where an option stands in the configuration: `plugins[2].period`.
    fn place(&self, entry: &PluginConfig, option: &str) -> String {
        let index = self.config.plugins.iter().position(|other| std::ptr::eq(other, entry));
        index.map_or_else(|| option.to_owned(), |index| format!("plugins[{index}].{option}"))
    }

    /// Compiles on a thread of its own: a component takes longer than a request may wait, and a hostile one much longer.
    async fn compile(&self, component: file::Component, sha256: String) -> wasmtime::Result<Component> {
        let (engine, cache) = (self.engine.clone(), Arc::clone(&self.cache));
        tokio::task::spawn_blocking(move || cache.load(&engine, &component, &sha256)).await?
    }

    fn shared(
        &self,
        manifest: &Manifest,
        entry: &PluginConfig,
        options: &Map<String, Json>,
        places: OwnPlaces,
    ) -> Result<Shared, PluginError> {
        Ok(Shared {
            id: manifest.id.clone(),
            rights: Rights::of(manifest, entry, options, &self.cookies)?,
            limits: entry.limits.clone(),
            names: CallNames::of(manifest),
            options: serde_json::to_string(options).unwrap_or_default(),
            server: facts::server_facts(self.config),
            site: Arc::clone(&self.site),
            places,
            key: Purpose::Plugin(&manifest.id).key(&self.config.secret_value),
            services: PluginServices::of(manifest, entry, options, &self.common)?,
            secret_names: Arc::clone(&self.secret_names),
            log_pace: LogPace::default(),
            turns: self.capacity.turns(&manifest.id),
            clock: Arc::clone(&self.ports.clock),
            random: Arc::clone(&self.ports.random),
        })
    }
}

fn is_backfill(step: &Step<String>) -> bool {
    matches!(step.work, StepWork::Backfill { .. })
}

fn refuse_missing_exports(manifest: &Manifest, exports: &Exports) -> Result<(), PluginError> {
    let has_hooks = !manifest.before.is_empty() || !manifest.after.is_empty();
    let missing = match exports {
        Exports { routes: None, answers: None, .. } if !manifest.routes.is_empty() => "routes",
        Exports { answers: None, .. } if !manifest.pages.is_empty() => "answers",
        Exports { contributions: None, .. } if !manifest.contributions.is_empty() => "contributions",
        Exports { chunks: None, .. } if manifest.routes.iter().any(|route| route.most_answer_bytes.is_some()) => {
            "chunks"
        }
        Exports { hooks: None, .. } if has_hooks => "request-hooks",
        Exports { gate: None, .. } if manifest.is_gate => "session-gate",
        Exports { events: None, .. } if !manifest.events.is_empty() => "lifecycle-events",
        Exports { claims: None, .. } if manifest.claims => "token-claims",
        Exports { permissions: None, .. } if manifest.decides_permissions => "permission-decider",
        Exports { functions: None, .. } if !manifest.functions.is_empty() => "server-functions",
        Exports { data_steps: None, .. } if manifest.steps.iter().any(is_backfill) => "data-steps",
        Exports { background: None, .. } if !manifest.jobs.is_empty() || !manifest.listens.is_empty() => "background",
        _ => return Ok(()),
    };
    let reason = format!("its manifest needs the export `{missing}`, which the component does not have");
    Err(PluginError::Manifest { plugin: manifest.id.clone(), reason })
}
