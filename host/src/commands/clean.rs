//! `doorward clean`: removes what has expired, now.

use super::CommandResult;
use super::serve::refuse_missing;
use crate::app::open_store;
use crate::auth::sweeper::{sweep, sweep_events};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::store::core_models::EVENTS;

/// Removes every expired row and prints how many each table lost. It may run beside a server.
///
/// # Errors
/// When the database cannot be used.
pub fn clean(config: &Config) -> CommandResult {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        refuse_missing(config)?;
        let store = open_store(config)?;
        for (model, rows) in sweep(&store, SystemClock.now()).await? {
            tell!("{rows} expired rows removed from {model}");
        }
        let rows = sweep_events(&store, SystemClock.now()).await?;
        tell!("{rows} expired rows removed from {EVENTS}");
        Ok(())
    })
}
