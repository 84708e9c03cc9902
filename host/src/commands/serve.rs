//! `doorward serve` and `doorward check`: start every part, then answer, or stop there.

use std::net::TcpListener;
use std::sync::Arc;

use super::CommandResult;
use crate::app::App;
use crate::config::Config;
use crate::server;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When a part cannot start or the port is taken.
pub fn serve(config: Config) -> CommandResult {
    let listener = listen(&config)?;
    actix_runtime(async move {
        let app = Arc::new(App::start(config).await?);
        tracing::info!(address = %listener.local_addr()?, "serving");
        server::serve(app, listener).await?;
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

/// Binds the configured address.
///
/// # Errors
/// When it is taken or not ours; the text names the option.
pub fn listen(config: &Config) -> Result<TcpListener, String> {
    let address = &config.server.address;
    TcpListener::bind(address).map_err(|error| {
        format!("cannot listen on {address}: {error}. Choose another address as `server.address`, or stop what uses it")
    })
}

fn actix_runtime(run: impl Future<Output = CommandResult>) -> CommandResult {
    server::block_on(run)?
}
