//! `doorward migrate`: creates or extends the tables.

use super::CommandResult;
use crate::app::open_store;
use crate::config::Config;

/// Prints the plan, or applies it.
///
/// # Errors
/// When the database cannot be used.
pub fn migrate(config: Config, plan_only: bool) -> CommandResult {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let store = open_store(&config)?;
        if plan_only {
            for statement in store.migration_plan().await? {
                tell!("{statement};");
            }
        } else {
            let report = store.migrate().await?;
            tell!("{} changes applied", report.statements.len());
        }
        Ok(())
    })
}
