//! `doorward serve` and `doorward check`: start every part, then answer, or stop there.

use std::net::TcpListener;
use std::sync::Arc;

use super::CommandResult;
use crate::app::App;
use crate::config::Config;
use crate::server::{self, Listeners};

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When a part cannot start or the port is taken.
pub fn serve(config: Config) -> CommandResult {
    let listeners = listen(&config)?;
    actix_runtime(async move {
        let app = Arc::new(App::start(config).await?);
        tracing::info!(address = %listeners.public.local_addr()?, "serving");
        server::serve(app, listeners).await?;
        Ok(())
    })
}

/// Starts every part and stops.
///
/// # Errors
/// What `serve` would fail with.
#[expect(clippy::print_stdout, reason = "the verdict is what was asked for")]
pub fn check(config: Config) -> CommandResult {
    actix_runtime(async move {
        App::start(config).await?;
        println!("ready to serve");
        Ok(())
    })
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
