//! `doorward serve` and `doorward check`: start every part, then answer, or stop there.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CommandResult, hooks, load, load_for_server, mail_kinds};
use crate::app::App;
use crate::config::{Config, ConfigError, MailTransport, NO_DATABASE};
use crate::http::shown_url;
use crate::log;
use crate::outbox::transport;
use crate::server::{self, Listeners};
use crate::store::Store;

/// Serves until SIGTERM or SIGINT; at SIGHUP, loads plugins and scripts again as `config_file` then lists them.
///
/// # Errors
/// When a part cannot start or the port is taken.
pub fn serve(config_file: &Path) -> CommandResult {
    let config = load_for_server(config_file)?;
    config.check_mail()?;
    let listeners = listen(&config)?;
    let config_file = config_file.to_owned();
    actix_runtime(async move {
        let app = Arc::new(App::start(config).await?);
        reload_on_hangup(Arc::clone(&app), config_file)?;
        announce(&app, &listeners)?;
        server::serve(app, listeners).await?;
        Ok(())
    })
}

/// Says in one line what serves, so that whoever reads the log knows which server it is of.
pub fn announce(app: &App, listeners: &Listeners) -> std::io::Result<()> {
    let config = &app.config;
    let management = listeners.management.as_ref().map(TcpListener::local_addr).transpose()?;
    let plugins = app.pipeline.extensions().plugins.names();
    let scripts: Vec<&str> = config.hooks.iter().map(|hook| hook.file.as_str()).collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        management = management.map(tracing::field::display),
        base_url = config.origin(),
        database = if config.has_database() { shown_url(&config.database.url) } else { NO_DATABASE.to_owned() },
        plugins = plugins.join(", "),
        scripts = scripts.join(", "),
        mail = mail_route(config),
        address = %listeners.public.local_addr()?,
        "serving"
    );
    Ok(())
}

/// How mail leaves, without what is secret in it.
fn mail_route(config: &Config) -> String {
    let Some(mail) = &config.mail else { return "none: what needs mail is off".to_owned() };
    match (mail.transport, &mail.smtp, &mail.webhook) {
        (MailTransport::Smtp, Some(smtp), _) => format!("smtp to {}", smtp.host),
        // A receiver's path may be its secret.
        (MailTransport::Webhook, _, Some(webhook)) => match url::Url::parse(&webhook.url) {
            Ok(url) => format!("webhook at {}", url.origin().ascii_serialization()),
            Err(_) => "webhook".to_owned(),
        },
        _ => "mailbox at /dev/mailbox".to_owned(),
    }
}

/// Applies a configuration that was read again, and returns the options that wait for a restart.
///
/// # Errors
/// Why the old one serves on.
pub(super) async fn told_reload(app: &App, config: &Config) -> Result<Vec<String>, String> {
    let waiting = app.reload(config).await.map_err(|error| error.to_string())?;
    log::set_format(config.log.format);
    Ok(waiting)
}

/// Applies a configuration that was read again. Whatever is wrong is logged, and the old one serves on.
pub async fn reload(app: &App, config: Result<Config, ConfigError>) {
    let reloaded = match config {
        Ok(config) => told_reload(app, &config).await,
        Err(error) => Err(error.to_string()),
    };
    match reloaded {
        Ok(waiting) if waiting.is_empty() => tracing::info!("the configuration was applied again"),
        Ok(waiting) => tracing::warn!(
            options = waiting.join(", "),
            "the configuration was applied again; these options have changed too, and need a restart"
        ),
        Err(error) => tracing::error!(error, "the configuration was not applied; the old one serves on"),
    }
}

#[cfg(unix)]
fn reload_on_hangup(app: Arc<App>, config_file: PathBuf) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            reload(&app, load(&config_file)).await;
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn reload_on_hangup(_: Arc<App>, _: PathBuf) -> std::io::Result<()> {
    Ok(())
}

/// Makes every part ready, looks at the tables and greets the mail server. Nothing is sent, and nothing is changed.
///
/// # Errors
/// What `serve` would fail with, tables that do not fit, or a mail server that does not let this server in.
pub fn check(config: Config) -> CommandResult {
    config.check_mail()?;
    refuse_missing(&config)?;
    actix_runtime(async move {
        let config = Arc::new(config);
        for doubt in config.doubts() {
            remark!("doorward: note: {doubt}");
        }
        let store = App::check(&config).await?;
        check_tables(&config, &store).await?;
        for state in store.look_at_replicas().await {
            match state.problem() {
                None => tell!("the replica {} serves", state.url),
                Some(why) => {
                    remark!("doorward: note: the replica {} is left out, the primary answers: {why}", state.url)
                }
            }
        }
        greet_mail_server(&config).await?;
        let scripts = hooks::load_scripts(&config)?;
        for kind in mail_kinds::strays(&config, &scripts.sent_kinds())? {
            remark!("doorward: note: mail.templates: no mail is of the kind {kind}. `doorward mail kinds` lists them");
        }
        for warning in hooks::warnings(&config, &scripts).await? {
            remark!("doorward: {warning}");
        }
        tell!("ready to serve");
        Ok(())
    })
}

pub(super) async fn check_tables(config: &Config, store: &Store) -> CommandResult {
    let misfits = store.misfits(config.advanced.database.generate_id).await?;
    for misfit in misfits.iter().filter(|misfit| !misfit.is_fatal) {
        remark!("doorward: note: {}", misfit.text);
    }
    let fatal: Vec<&str> = misfits.iter().filter(|misfit| misfit.is_fatal).map(|misfit| misfit.text.as_str()).collect();
    if fatal.is_empty() { Ok(()) } else { Err(format!("the tables do not fit: {}", fatal.join("; ")).into()) }
}

pub(super) async fn greet_mail_server(config: &Config) -> CommandResult {
    let Some(mail) = config.mail.as_ref().filter(|mail| mail.transport == MailTransport::Smtp) else { return Ok(()) };
    let (server, options) = transport::smtp(mail)?;
    let greeted = server.greet().await;
    greeted.map_err(|error| {
        format!("the mail server {} (mail.smtp) does not let this server in: {error}", options.host)
    })?;
    Ok(())
}

/// The file of a SQLite database that is not there yet; opening it would make it.
pub fn missing_database(config: &Config) -> Option<PathBuf> {
    let file = config.resolve(config.database.url.strip_prefix("sqlite://")?);
    (!file.exists()).then_some(file)
}

/// For commands that make no database.
///
/// # Errors
/// When there is none.
pub fn refuse_missing(config: &Config) -> CommandResult {
    match missing_database(config) {
        Some(file) => {
            Err(format!("the database {} does not exist. Make it with `doorward migrate`", file.display()).into())
        }
        None => Ok(()),
    }
}

/// Binds the configured addresses.
///
/// # Errors
/// When one is taken or not ours; the text names the option.
pub fn listen(config: &Config) -> Result<Listeners, String> {
    let bind = |address: &str, option: &str| {
        TcpListener::bind(address).map_err(|error| {
            format!("cannot listen on {address}: {error}. Choose another address as `{option}`, or stop what uses it")
        })
    };
    let public = bind(&config.server.address, "server.address")?;
    let management = config.management.as_ref();
    let management = management.map(|options| bind(&options.address, "management.address")).transpose()?;
    Ok(Listeners { public, management })
}

fn actix_runtime(run: impl Future<Output = CommandResult>) -> CommandResult {
    server::block_on(run)?
}
