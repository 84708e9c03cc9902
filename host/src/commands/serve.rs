//! `doorward serve` and `doorward check`: start every part, then answer, or stop there.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CommandResult, load};
use crate::app::App;
use crate::config::Config;
use crate::server::{self, Listeners};

/// Serves until SIGTERM or SIGINT; at SIGHUP, loads plugins and scripts again as `config_file` then lists them.
///
/// # Errors
/// When a part cannot start or the port is taken.
pub fn serve(config_file: &Path) -> CommandResult {
    let config = load(config_file)?;
    config.check_mail()?;
    let listeners = listen(&config)?;
    let config_file = config_file.to_owned();
    actix_runtime(async move {
        let app = Arc::new(App::start(config).await?);
        reload_on_hangup(Arc::clone(&app), config_file)?;
        tracing::info!(address = %listeners.public.local_addr()?, "serving");
        server::serve(app, listeners).await?;
        Ok(())
    })
}

/// Reads the configuration again and puts its plugins and scripts in place. Whatever is wrong is logged, and the old ones
/// serve on.
pub async fn reload(app: &App, config_file: &Path) {
    let reloaded = match load(config_file) {
        Ok(config) => app.reload(&config).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match reloaded {
        Ok(()) => tracing::info!("plugins and scripts were loaded again"),
        Err(error) => tracing::error!(error, "nothing was loaded again; the old plugins and scripts serve on"),
    }
}

#[cfg(unix)]
fn reload_on_hangup(app: Arc<App>, config_file: PathBuf) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            reload(&app, &config_file).await;
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn reload_on_hangup(_: Arc<App>, _: PathBuf) -> std::io::Result<()> {
    Ok(())
}

/// Starts every part and stops.
///
/// # Errors
/// What `serve` would fail with.
#[expect(clippy::print_stdout, reason = "the verdict is what was asked for")]
pub fn check(config: Config) -> CommandResult {
    config.check_mail()?;
    if let Some(file) = missing_database(&config) {
        return Err(format!("the database {} does not exist. Make it with `doorward migrate`", file.display()).into());
    }
    actix_runtime(async move {
        App::start(config).await?;
        println!("ready to serve");
        Ok(())
    })
}

/// The file of a SQLite database that is not there yet; opening it would make it.
pub fn missing_database(config: &Config) -> Option<PathBuf> {
    let file = config.resolve(config.database.url.strip_prefix("sqlite://")?);
    (!file.exists()).then_some(file)
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
