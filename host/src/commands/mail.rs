//! `doorward mail`: tries whether mail leaves, and shows and steers what waits to leave.

use std::sync::Arc;

use clap::Subcommand;
use serde_json::Map;

use super::queues::{Chosen, discard, note, open, tell_of_others};
use super::terminal::shown;
use super::{CommandResult, mail_kinds};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, MailTransport};
use crate::crypto::random::{Random, SystemRandom};
use crate::email;
use crate::mail::Mail;
use crate::outbox::queue::{self, Queue, Waiting, Which};
use crate::outbox::transport;
use crate::store::Store;

/// What can be done with mail.
#[derive(Subcommand)]
pub enum MailCommand {
    /// Send a mail at once, and say what the mail server or the webhook answered.
    Test {
        /// Who gets it.
        address: String,
    },
    /// List what waits to be delivered, the next due first: id, kind, recipient, attempts, next attempt, last error.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
        /// After so many.
        #[arg(long, default_value_t = 0)]
        offset: u32,
    },
    /// List the kinds of mail: name, sender, templates; of several templates, the last one counts.
    Kinds,
    /// Try a delivery at once, instead of at its time.
    Retry(Chosen),
    /// Remove a delivery for good.
    Drop(Chosen),
}

/// Runs one of the commands.
///
/// # Errors
/// As each of them.
pub fn run(command: MailCommand, config: &Config) -> CommandResult {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        match command {
            MailCommand::Test { address } => test(&address, config).await,
            MailCommand::Kinds => mail_kinds::print(config),
            MailCommand::List { limit, offset } => list(&open(config).await?, (limit, offset)).await,
            MailCommand::Retry(chosen) => {
                let (store, which) = (open(config).await?, chosen.which());
                retry(&store, which.clone()).await?;
                note(&store, config, ("mail-retry", &which)).await
            }
            MailCommand::Drop(chosen) => {
                let (store, which) = (open(config).await?, chosen.which());
                discard(&store, Queue::Mail, which.clone(), nothing).await?;
                note(&store, config, ("mail-drop", &which)).await
            }
        }
    })
}

async fn list(store: &Store, (limit, offset): (u32, u32)) -> CommandResult {
    let (waiting, total) = queue::list(store, Queue::Mail, (limit, offset)).await?;
    for mail in &waiting {
        let Waiting { id, kind, to, attempts, next_at, last_error, .. } = mail;
        let error = last_error.as_deref().unwrap_or("-");
        tell!("{}", [id, kind, to, &attempts.to_string(), &next_at.to_iso(), error].map(shown).join("\t"));
    }
    tell_of_others(waiting.len(), total);
    Ok(())
}

async fn retry(store: &Store, which: Which) -> CommandResult {
    let retried = queue::retry(store, Queue::Mail, &which, SystemClock.now()).await?.ok_or_else(|| nothing(&which))?;
    tell!(
        "{} are tried at once; {} more within a minute: they were due already, or are being sent",
        retried.now,
        retried.anyway
    );
    Ok(())
}

fn nothing(which: &Which) -> String {
    match which {
        Which::One(id) => format!("nothing with the id {} waits; `doorward mail list` shows what does", shown(id)),
        Which::All => "nothing waits".to_owned(),
    }
}

/// Sends a mail past the outbox.
async fn test(address: &str, config: &Config) -> CommandResult {
    if !email::is_email(address) {
        return Err(format!("\"{address}\" is no address of mail").into());
    }
    let Some(options) = config.mail.as_ref().filter(|options| options.transport != MailTransport::Mailbox) else {
        return Err(
            "no mail leaves: write [mail] with transport = \"smtp\" or \"webhook\" into the configuration".into()
        );
    };
    let mail = Mail {
        id: SystemRandom.id(),
        kind: "test".to_owned(),
        to: address.to_owned(),
        subject: format!("{}: a test", config.app_name),
        text: format!("This mail was sent to try whether {} can send mail.\n", config.app_name),
        html: "<p>This mail was sent to try whether mail can be sent.</p>\n".to_owned(),
        data: Map::new(),
    };
    let transport = transport::of(config, options, &(Arc::new(SystemClock) as _), None)?;
    transport.send(&mail).await.map_err(|error| format!("the mail to {address} was not accepted: {error}"))?;
    tell!("the mail to {address} was accepted");
    Ok(())
}
