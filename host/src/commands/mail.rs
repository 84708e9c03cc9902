//! `doorward mail`: tries whether mail leaves as the configuration says.

use std::sync::Arc;

use clap::Subcommand;
use serde_json::Map;

use super::CommandResult;
use crate::app::mail_transport;
use crate::clock::SystemClock;
use crate::config::{Config, MailTransport};
use crate::crypto::random::{Random, SystemRandom};
use crate::email;
use crate::mail::Mail;

/// What can be done with mail.
#[derive(Subcommand)]
pub enum MailCommand {
    /// Send a mail at once, and say what the mail server or the webhook answered.
    Test {
        /// Who gets it.
        address: String,
    },
}

/// Sends a mail past the outbox.
///
/// # Errors
/// When the address is none, nothing is configured, or the mail was not accepted.
pub fn run(command: MailCommand, config: &Config) -> CommandResult {
    let MailCommand::Test { address } = command;
    if !email::is_email(&address) {
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
        to: address.clone(),
        subject: format!("{}: a test", config.app_name),
        text: format!("This mail was sent to try whether {} can send mail.\n", config.app_name),
        html: "<p>This mail was sent to try whether mail can be sent.</p>\n".to_owned(),
        data: Map::new(),
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let transport = mail_transport(config, options, &(Arc::new(SystemClock) as _), None)?;
        let sent = transport.send(&mail).await;
        sent.map_err(|error| format!("the mail to {address} was not accepted: {error}"))?;
        tell!("the mail to {address} was accepted");
        Ok(())
    })
}
