//! The command line.
//!
//! Flat: one file a command.

#[macro_use]
pub mod terminal;

mod audit;
mod backup;
mod clean;
mod config;
mod dev;
mod doctor;
mod hooks;
mod import;
mod init;
mod jobs;
mod mail;
mod mail_kinds;
mod manual;
pub mod migrate;
mod openapi;
pub mod plugin;
mod queues;
mod secret;
mod serve;
mod takeover;
mod top;
mod trail;
mod types;
mod user;
mod user_fields;
mod webhooks;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::log;

/// What a command may fail with: a text that names the fix.
pub type CommandResult = Result<(), Failure>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An authentication server with sandboxed plugins and scripted policies.
#[derive(Parser)]
#[command(name = "doorward", version)]
pub struct Cli {
    /// The configuration file.
    #[arg(long, global = true, default_value = "doorward.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build what is missing, migrate, and serve with a mailbox; loads plugins and scripts again when they change.
    Dev,
    /// Serve.
    Serve,
    /// Create the tables, or make them what the server and its plugins now need.
    Migrate(migrate::MigrateRequest),
    /// Write a checked copy of the SQLite database to a new file; a server may go on.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Put a backup in the place of the SQLite database, while no server runs.
    Restore {
        /// The backup.
        file: PathBuf,
    },
    /// Say what would become of a database of Better Auth, column by column.
    Takeover(takeover::TakeoverRequest),
    /// Bring users of another server along, with the hashes of their passwords.
    Import(import::ImportRequest),
    /// Remove expired sessions, verifications, counts and mails. A server does it by itself every ten minutes.
    Clean,
    /// Check configuration, plugins, scripts and database without serving.
    Check,
    /// Show what plugins and scripts of the running server cost, every two seconds.
    Top {
        /// Show the counts since the server's start, once.
        #[arg(long)]
        once: bool,
    },
    /// Look for what is wrong with an installation, and say the command that mends it. Nothing is changed.
    Doctor,
    /// Print a new secret, or the key that the receiver of a webhook checks signatures with.
    #[command(args_conflicts_with_subcommands = true)]
    Secret {
        /// The receiver: `mail`, a script as `[[hooks]]` names it, or one of `[[webhooks]]`.
        #[arg(long = "for")]
        receiver: Option<String>,
        #[command(subcommand)]
        command: Option<secret::SecretCommand>,
    },
    /// Write a configuration file with a new secret, and make its database. At a terminal, it asks for what is not given.
    Init(init::Wishes),
    /// Make, list and change users.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Look at the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Show what the options come to.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Try whether mail leaves, and look after what waits to leave.
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Look after events for other systems: who gets them, and what became of each delivery.
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// Look after the work of plugins beside requests: jobs, requests to other servers, events.
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Write the description of the API, as an OpenAPI 3.1 document.
    Openapi {
        /// That of the management API.
        #[arg(long)]
        management: bool,
        /// The file; without one, it is printed.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Write a TypeScript file for the official client: additional fields, and the endpoints of plugins.
    Types {
        /// The file; without one, it is printed.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Print what a shell needs to complete these commands.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write a page for each command.
    Man {
        /// Where the pages go.
        #[arg(long = "out")]
        folder: Option<PathBuf>,
    },
    /// Check and test policy scripts.
    #[command(subcommand)]
    Hooks(hooks::HooksCommand),
    /// Build plugins, sign them and look at them.
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
}

/// Runs the command that the arguments name.
///
/// # Errors
/// The command's own, as a text that names the fix.
pub fn run(cli: Cli) -> CommandResult {
    match cli.command {
        Command::Dev => dev::dev(&cli.config),
        Command::Secret { command: Some(command), .. } => secret::run(&command, &load_with_rows(&cli.config)?),
        Command::Secret { receiver, command: None } => secret::secret(receiver.as_deref(), || load(&cli.config)),
        Command::Init(wishes) => init::init(&cli.config, wishes, || load(&cli.config)),
        Command::User(command) => user::run(command, load_with_rows(&cli.config)?),
        Command::Config(command) => config::run(&command, || load(&cli.config)),
        Command::Openapi { management, output } => openapi::openapi(&load(&cli.config)?, management, output.as_deref()),
        Command::Types { output } => types::types(&load(&cli.config)?, output.as_deref()),
        Command::Audit(command) => audit::run(command, &load_with_rows(&cli.config)?),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { folder } => manual::pages(folder.as_deref()),
        Command::Mail(command) => mail::run(command, &load_with_rows(&cli.config)?),
        Command::Webhooks(command) => webhooks::run(command, || load_with_rows(&cli.config)),
        Command::Jobs(command) => jobs::run(command, &load_with_rows(&cli.config)?),
        Command::Hooks(command) => hooks::run(&command, &cli.config, || load(&cli.config)),
        Command::Plugin(command) => plugin::run(command, || load(&cli.config)),
        Command::Migrate(request) => migrate::migrate(&load_with_rows(&cli.config)?, request),
        Command::Backup { file } => backup::back_up(&load_with_rows(&cli.config)?, &file),
        Command::Restore { file } => backup::restore(&load_with_rows(&cli.config)?, &file),
        Command::Takeover(request) => takeover::run(&request, load_with_rows(&cli.config)?),
        Command::Import(request) => import::run(request, load_with_rows(&cli.config)?),
        Command::Clean => clean::clean(&load_with_rows(&cli.config)?),
        Command::Top { once } => top::top(&load(&cli.config)?, once),
        Command::Doctor => doctor::doctor(&cli.config, || load(&cli.config)),
        Command::Check => serve::check(load(&cli.config)?),
        Command::Serve => serve::serve(&cli.config),
    }
}

fn load(path: &Path) -> Result<Config, ConfigError> {
    let config = Config::load(path, &environment()?)?;
    tell_of_unused(&config);
    Ok(config)
}

/// As [`load`], for a command about what the database keeps.
fn load_with_rows(path: &Path) -> Result<Config, ConfigError> {
    let config = load(path)?;
    if config.has_database() {
        return Ok(config);
    }
    Err(ConfigError::Invalid(
        "database.url = \"none\": this server keeps no rows, so this command has nothing to do".into(),
    ))
}

/// As [`load`], for a server that starts: from now on the log looks as the file says. Commands for people log as text.
fn load_for_server(path: &Path) -> Result<Config, ConfigError> {
    let config = Config::load(path, &environment()?)?;
    log::set_format(config.log.format);
    tell_of_unused(&config);
    config.doubts().iter().for_each(|doubt| tracing::warn!("{doubt}"));
    Ok(config)
}

fn tell_of_unused(config: &Config) {
    for name in &config.unused_variables {
        tracing::warn!(name, "the variable sets nothing");
    }
}

/// The variables of the process. Those that are not Unicode are none of ours, unless they are named so.
fn environment() -> Result<BTreeMap<String, String>, ConfigError> {
    let mut environment = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => _ = environment.insert(name, value),
            (Ok(name), Err(_)) if name.starts_with("DOORWARD_") => {
                return Err(ConfigError::Invalid(format!("the variable {name} is not Unicode text")));
            }
            _ => {}
        }
    }
    Ok(environment)
}
