//! `doorward jobs`: shows and steers what plugins do beside requests.

use clap::Subcommand;

use super::CommandResult;
use super::queues::{Chosen, discard, note, open, tell_of_others};
use super::terminal::shown;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::outbox::queue::{self, Queue, Waiting, Which};
use crate::store::Store;

/// What can be done with jobs.
#[derive(Subcommand)]
pub enum JobsCommand {
    /// List them, the next due first: id, which job, state, attempts, next attempt, last error. A state is `waits` or `failed`.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
        /// After so many.
        #[arg(long, default_value_t = 0)]
        offset: u32,
    },
    /// Run a job at once, instead of at its time; one that failed, once more.
    Retry(Chosen),
    /// Remove a job for good. A server writes those with a schedule again when it starts.
    Drop(Chosen),
}

/// Runs one of the commands.
///
/// # Errors
/// As each of them.
pub fn run(command: JobsCommand, config: &Config) -> CommandResult {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let store = open(config).await?;
        match command {
            JobsCommand::List { limit, offset } => list(&store, (limit, offset)).await,
            JobsCommand::Retry(chosen) => {
                let which = chosen.which();
                retry(&store, which.clone()).await?;
                note(&store, config, ("job-retry", &which)).await
            }
            JobsCommand::Drop(chosen) => {
                let which = chosen.which();
                discard(&store, Queue::Jobs, which.clone(), nothing).await?;
                note(&store, config, ("job-drop", &which)).await
            }
        }
    })
}

async fn list(store: &Store, (limit, offset): (u32, u32)) -> CommandResult {
    let (jobs, total) = queue::list(store, Queue::Jobs, (limit, offset)).await?;
    for job in &jobs {
        let Waiting { id, kind, attempts, next_at, last_error, failed_at, .. } = job;
        let (state, next) = match failed_at {
            Some(_) => ("failed", "-".to_owned()),
            None => ("waits", next_at.to_iso()),
        };
        let error = last_error.as_deref().unwrap_or("-");
        tell!("{}", [id, kind, state, &attempts.to_string(), &next, error].map(shown).join("\t"));
    }
    tell_of_others(jobs.len(), total);
    Ok(())
}

async fn retry(store: &Store, which: Which) -> CommandResult {
    let retried = queue::retry(store, Queue::Jobs, &which, SystemClock.now()).await?.ok_or_else(|| nothing(&which))?;
    tell!(
        "{} run at once; {} more within a minute: they were due already, or run just now",
        retried.now,
        retried.anyway
    );
    Ok(())
}

fn nothing(which: &Which) -> String {
    match which {
        Which::One(id) => {
            format!("there is no job with the id {}; `doorward jobs list` shows those that there are", shown(id))
        }
        Which::All => "there is no job".to_owned(),
    }
}
