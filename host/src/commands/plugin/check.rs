//! `doorward plugin check`: loads one component as a server would, asks it about its options, and says what it needs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::clock::SystemClock;
use crate::commands::CommandResult;
use crate::config::{Config, MailConfig, PluginConfig};
use crate::crypto::random::{ALPHANUMERIC, Random, SystemRandom};
use crate::pipeline::router::Router;
use crate::plugin_host::package::file::{self, PluginFile};
use crate::plugin_host::{Capacity, Manifest, Plugins, Ports, asked_grants, manifest, sentence};
use crate::routes;

/// How to load the component.
#[derive(Debug, Default)]
pub(super) struct CheckRequest<'a> {
    /// Its options as lines of TOML.
    pub(super) options: &'a str,
    /// What it is granted; everything that it asks for when absent.
    pub(super) grants: Option<&'a [String]>,
}

/// Checks a component and prints the entry of the configuration that switches it on.
///
/// # Errors
/// What a server would refuse it for.
pub(super) fn check(file: &Path, request: &CheckRequest<'_>) -> CommandResult {
    let folder = ScratchFolder::new()?;
    let (config, plugin) = trial(&folder, file, request)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(load(&config))?;
    let PluginFile { manifest, provenance, .. } = &plugin;
    tell!("{} {} is ready to serve. In the config:\n", manifest.id, manifest.version);
    tell!("    [[plugins]]\n    id = \"{}\"\n    path = \"{}\"", manifest.id, file.display());
    let quoted: Vec<String> = asked_grants(manifest).iter().map(|grant| format!("\"{grant}\"")).collect();
    tell!("    sha256 = \"{}\"\n    grants = [{}]", provenance.sha256, quoted.join(", "));
    let rights = meanings(manifest);
    if !rights.is_empty() {
        tell!("\nWith that, it:\n    {}", rights.join("\n    "));
    }
    Ok(())
}

/// A folder for one run of a command, removed at its end.
pub(super) struct ScratchFolder(std::path::PathBuf);

impl ScratchFolder {
    pub(super) fn new() -> std::io::Result<Self> {
        let name = format!("doorward-{}", SystemRandom.string(ALPHANUMERIC, 16));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map(|()| Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // Nothing in it is needed again; what cannot be removed is left to the system.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A configuration of its own, with a database in `folder`, that has the component alone.
pub(super) fn trial(
    folder: &ScratchFolder,
    file: &Path,
    request: &CheckRequest<'_>,
) -> Result<(Config, PluginFile), Box<dyn std::error::Error + Send + Sync>> {
    let component = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let manifest = manifest::read(&component, &file.display().to_string())?;
    let secret = SystemRandom.string(ALPHANUMERIC, 48);
    let text = format!("secret = \"{secret}\"\nrate_limit.enabled = false\nemail_and_password.enabled = true");
    let mut config = Config::parse(&text, folder.path(), &BTreeMap::new())?;
    config.is_development = true;
    config.mail = Some(MailConfig::mailbox());
    let entry = toml::from_str(&format!("id = \"{}\"\n{}", manifest.id, request.options));
    let mut entry: PluginConfig =
        entry.map_err(|error| format!("--options {:?}: {}", request.options, error.message()))?;
    entry.path = Some(std::fs::canonicalize(file)?.to_string_lossy().into_owned());
    entry.grants = Some(request.grants.map_or_else(|| asked_grants(&manifest), <[String]>::to_vec));
    config.plugins.push(entry.clone());
    let plugin = file::read(&config, &entry, &SystemClock)?;
    Ok((config, plugin))
}

/// A server for the cases of an author.
pub(super) struct Trial<'a> {
    /// The plugin's options.
    pub(super) options: &'a toml::Table,
    /// More of the configuration.
    pub(super) server: &'a toml::Table,
    /// The file of the database.
    pub(super) database: &'a str,
    /// The server's secret.
    pub(super) secret: &'a str,
}

/// As [`trial`], with more of a configuration and quick hashes; also the key of its management address.
pub(super) fn trial_with(
    folder: &Path,
    file: &Path,
    trial: &Trial<'_>,
) -> Result<(Config, String), Box<dyn std::error::Error + Send + Sync>> {
    let component = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let manifest = manifest::read(&component, &file.display().to_string())?;
    let key = SystemRandom.string(ALPHANUMERIC, 48);
    let scopes: Vec<&str> = manifest.functions.iter().map(|function| function.name.as_str()).collect();
    let base = serde_json::json!({
        "secret": trial.secret,
        "rate_limit": { "enabled": false },
        "email_and_password": { "enabled": true },
        "password_hashing": { "memory_kib": 64, "iterations": 1 },
        "database": { "url": format!("sqlite://{}", folder.join(trial.database).display()) },
        "management": { "address": "127.0.0.1:0", "keys": [{ "name": "cases", "value": key, "scopes": scopes }] },
    });
    let mut table = toml::Table::try_from(base)?;
    merge(&mut table, trial.server);
    let mut config = Config::parse(&toml::to_string(&table)?, folder, &BTreeMap::new())?;
    config.is_development = true;
    config.mail.get_or_insert_with(MailConfig::mailbox);
    let mut entry = trial.options.clone();
    entry.insert("id".to_owned(), manifest.id.clone().into());
    let mut entry: PluginConfig = entry.try_into().map_err(|error| format!("options: {error}"))?;
    entry.path = Some(std::fs::canonicalize(file)?.to_string_lossy().into_owned());
    entry.grants.get_or_insert_with(|| asked_grants(&manifest));
    config.plugins.push(entry);
    Ok((config, key))
}

/// Puts the entries of `more` into `table`, one by one where both have a table.
fn merge(table: &mut toml::Table, more: &toml::Table) {
    for (name, value) in more {
        match (table.get_mut(name), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(more)) => merge(inner, more),
            _ => _ = table.insert(name.clone(), value.clone()),
        }
    }
}

async fn load(config: &Config) -> CommandResult {
    let ports = Ports { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) };
    let plugins = Plugins::load(config, &ports, &Capacity::default()).await?;
    let mut router = Router::default();
    for route in routes::core().into_iter().chain(plugins.routes()) {
        router.add(route)?;
    }
    Ok(())
}

/// What the rights of a manifest mean, a sentence each: `sees every request and its body (reads-request:/**)`.
pub(super) fn meanings(manifest: &Manifest) -> Vec<String> {
    let asked = asked_grants(manifest);
    asked.iter().filter_map(|grant| Some(format!("{} ({grant})", sentence(grant)?))).collect()
}
