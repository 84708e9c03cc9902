//! `doorward migrate`: creates the tables, or makes them what the server and its plugins now need.

use std::io::{IsTerminal, stdin};

use super::CommandResult;
use super::serve::missing_database;
use super::terminal::confirmed;
use crate::app::{self, StartError, open_store};
use crate::config::Config;
use crate::plugin_host::{Capacity, Plugins, Ports};
use crate::store::{Backend, Plan, Report, Store, create_schema};

/// What is asked of the command.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct MigrateRequest {
    /// Print what would be done, and change nothing.
    #[arg(long)]
    plan: bool,
    /// Change nothing, and fail unless the database is up to date.
    #[arg(long, conflicts_with = "plan")]
    check: bool,
    /// Do not ask before values are removed that a plugin no longer wants.
    #[arg(long)]
    yes: bool,
}

/// Prints the plan, compares, or applies it.
///
/// # Errors
/// When the database cannot be used or changed so; with `--check`, when it lacks something.
pub fn migrate(config: &Config, request: MigrateRequest) -> CommandResult {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        if (request.plan || request.check) && missing_database(config).is_some() {
            // Opening it would make it.
            let statements = create_schema(&app::schema(config)?, Backend::Sqlite);
            return look(&request, &Plan { statements, ..Plan::default() });
        }
        let store = open_store(config)?;
        if request.plan || request.check {
            return look(&request, &store.plan().await?);
        }
        if !request.yes {
            confirm(&store.plan().await?)?;
        }
        let report = bring_up_to_date(config, &store).await?;
        tell!("{} changes applied", report.statements.len());
        Ok(())
    })
}

/// Brings the tables up to date, with the plugins that have a part in it.
///
/// # Errors
/// When a plugin cannot be loaded, or the database cannot be changed so.
pub async fn bring_up_to_date(config: &Config, store: &Store) -> Result<Report, StartError> {
    if !store.plan().await?.asks_plugins {
        return Ok(store.migrate().await?);
    }
    let ports = Ports::default();
    let plugins = Plugins::load(config, &ports, &Capacity::default()).await?;
    Ok(store.migrate_with(Some(&plugins)).await?)
}

fn look(request: &MigrateRequest, plan: &Plan) -> CommandResult {
    for statement in &plan.statements {
        tell!("{statement};");
    }
    match plan.statements.len() {
        0 => tell!("the database is up to date"),
        changes if request.check => {
            return Err(format!(
                "the database is not up to date: {changes} changes. Apply them with `doorward migrate`"
            )
            .into());
        }
        _ => {}
    }
    Ok(())
}

/// Asks whoever is there before values are lost.
fn confirm(plan: &Plan) -> CommandResult {
    if plan.losses.is_empty() {
        return Ok(());
    }
    let losses = plan.losses.join("\n    ");
    if !stdin().is_terminal() {
        let advice = "Look at them with `doorward migrate --plan`, keep a backup, and run `doorward migrate --yes`";
        return Err(format!("these changes remove values:\n    {losses}\n{advice}").into());
    }
    let is_yes = confirmed(&format!("These changes remove values:\n    {losses}"))?;
    if is_yes { Ok(()) } else { Err("nothing was changed".into()) }
}
