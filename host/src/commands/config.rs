//! `doorward config show`: every option with the value that counts and where it comes from, secrets masked. `doorward config
//! schema`: the JSON Schema of the file, for editors.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value as Json;

use super::CommandResult;
use super::openapi::write;
use super::serve::missing_database;
use crate::app::{StartError, open_migrated};
use crate::auth::settings;
use crate::config::{Config, ConfigError, DATABASE};

/// What can be done with the configuration.
#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Print every option as it counts, and whether the file, the database, a variable or the default says so. No secret is
    /// shown.
    Show {
        /// Only the options that the file, the database or a variable sets.
        #[arg(long)]
        set: bool,
    },
    /// Print the JSON Schema of the configuration file, with which editors complete and check it.
    Schema {
        /// The file; without one, it is printed.
        #[arg(long)]
        output: Option<PathBuf>,
    },
}

/// The suite compares it with the code.
const SCHEMA: &str = include_str!("../../templates/doorward.schema.json");

/// Runs one of the commands.
///
/// # Errors
/// When the options cannot be written down.
pub fn run(command: &ConfigCommand, load: impl FnOnce() -> Result<Config, ConfigError>) -> CommandResult {
    match command {
        ConfigCommand::Show { set } => show(&load()?, *set),
        ConfigCommand::Schema { output } => write(output.as_deref(), SCHEMA),
    }
}

fn show(config: &Config, set: bool) -> CommandResult {
    let of_file = &config.plugins;
    let config = &with_database(config);
    let mut lines = Vec::new();
    collect(config, "", &serde_json::to_value(config)?, &mut lines);
    for (plugin, of_file) in config.plugins.iter().zip(of_file) {
        let source = if plugin.enabled == of_file.enabled { "file" } else { DATABASE };
        let state = if plugin.enabled { "" } else { ", switched off" };
        lines.push((format!("plugins: {}{state}", plugin.id), source.to_owned()));
    }
    lines.extend(config.hooks.iter().map(|hook| (format!("hooks: {}", hook.file), "file".to_owned())));
    for (line, source) in lines.iter().filter(|(_, source)| !set || source != DEFAULT) {
        tell!("{line}  # {source}");
    }
    Ok(())
}

/// With what operators set while the server runs, where the database can be read.
fn with_database(config: &Config) -> Config {
    if missing_database(config).is_some() {
        return config.clone();
    }
    let read = async {
        let store = open_migrated(config).await?;
        Ok::<_, StartError>(settings::read(&store, config).await?)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map(|runtime| runtime.block_on(read)) {
        Ok(Ok(overlay)) => {
            let (config, faults) = config.with_settings(&overlay.values);
            for fault in overlay.faults.iter().chain(&faults) {
                remark!("doorward: note: the setting {} of the database is left out: {}", fault.key, fault.text);
            }
            config
        }
        Ok(Err(error)) => {
            remark!("doorward: note: what is set in the database is not shown: {error}");
            config.clone()
        }
        Err(_) => config.clone(),
    }
}

const DEFAULT: &str = "default";

/// A line for each value: sections are written out in its name.
fn collect(config: &Config, name: &str, value: &Json, lines: &mut Vec<(String, String)>) {
    match value {
        Json::Null => {}
        Json::Object(section) if !section.is_empty() && !config.sources.contains_key(name) => {
            for (key, value) in section {
                let part = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                collect(config, &part, value, lines);
            }
        }
        value => {
            let source = config.sources.get(name).map_or(DEFAULT, String::as_str);
            lines.push((format!("{name} = {value}"), source.to_owned()));
        }
    }
}
