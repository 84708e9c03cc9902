//! `doorward import`: users of another server, from its export, with the hashes of their passwords.
//!
//! A file is read as it is written, one person at a time, so its size does not matter. Every person is a transaction: an import
//! that was interrupted is run again, and passes over those who are there.

mod formats;
mod person;
mod reader;
mod report;
mod write;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::CommandResult;
use super::serve::refuse_missing;
use crate::app::open_for_changes;
use crate::config::Config;
use formats::Firebase;
use reader::Item;
use report::Report;
use write::Writer;

/// Persons that are read ahead of those that are written.
const AHEAD: usize = 64;

/// What is imported, and how.
#[derive(Args)]
pub struct ImportRequest {
    /// The export.
    file: PathBuf,
    /// Whose export it is.
    #[arg(long, value_enum)]
    from: Format,
    /// Read and check everything, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write what became of each person to this file, a line each: number, outcome, reason.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Keep the ids that users have there.
    #[arg(long)]
    keep_ids: bool,
    /// Firebase only: the file with `hash_config { … }` as its console shows it.
    #[arg(long, value_name = "FILE")]
    firebase_hash: Option<PathBuf>,
}

/// Whose export it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table with a line of names: email, name, password_hash and fields of users.
    Csv,
    /// The same as a JSON object a line.
    Jsonl,
    /// Objects of JSON from an export job, or of the file with password hashes.
    Auth0,
    /// The table that the dashboard exports.
    Clerk,
    /// The table `auth.users` as CSV or JSON.
    Supabase,
    /// What `firebase auth:export` writes as JSON.
    Firebase,
    /// The export of a realm.
    Keycloak,
    /// What `aws cognito-idp list-users` prints, or a table for an import job.
    Cognito,
}

/// Imports what a file holds.
///
/// # Errors
/// When the file or the database cannot be used, and when somebody was refused.
pub fn run(request: ImportRequest, config: Config) -> CommandResult {
    let firebase = match (&request.firebase_hash, request.from) {
        (Some(file), Format::Firebase) => Some(Firebase::read(file)?),
        (Some(_), _) => return Err("--firebase-hash goes with --from firebase".into()),
        (None, _) => None,
    };
    let mut report = Report::new(request.report.as_deref(), request.dry_run)?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        refuse_missing(&config)?;
        let (auth, scope) = open_for_changes(config).await?;
        let writer = Writer::new(&auth, &scope, request.keep_ids, request.dry_run)?;
        let (send, receive) = flume::bounded::<Item>(AHEAD);
        let (file, from) = (request.file.clone(), request.from);
        let reading = std::thread::spawn(move || reader::read(&file, from, firebase.as_ref(), &send));
        while let Ok(Item { number, person }) = receive.recv_async().await {
            let outcome = match person {
                Ok(person) => writer.write(person).await?,
                Err(reason) => write::Outcome::Refused(reason),
            };
            report.note(number, &outcome)?;
        }
        reading.join().map_err(|_| "the file cannot be read")??;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })?;
    report.finish()
}
