//! The way that mail leaves by, as `[mail]` says.

use std::sync::Arc;

use super::mailbox::Mailbox;
use super::smtp::Smtp;
use super::webhook::{self, Webhook};
use super::{Transport, TransportError};
use crate::clock::Clock;
use crate::config::{Config, MailConfig, MailTransport, SmtpConfig};

/// The transport of these options; `mailbox` is the development mailbox, when there is one.
///
/// # Errors
/// When something is missing or cannot be used.
pub fn of(
    config: &Config,
    mail: &MailConfig,
    clock: &Arc<dyn Clock>,
    mailbox: Option<&Arc<Mailbox>>,
) -> Result<Arc<dyn Transport>, TransportError> {
    Ok(match mail.transport {
        MailTransport::Mailbox => mailbox.cloned().unwrap_or_default(),
        MailTransport::Smtp => Arc::new(smtp(mail)?.0),
        MailTransport::Webhook => {
            let options = mail.webhook.as_ref().ok_or_else(|| missing("[mail.webhook]"))?;
            let key = webhook::key_of_mails(options, &config.secret_value);
            Arc::new(Webhook::new(options, key, Arc::clone(clock))?)
        }
    })
}

/// The mail server of these options.
///
/// # Errors
/// As [`of`].
pub fn smtp(mail: &MailConfig) -> Result<(Smtp, &SmtpConfig), TransportError> {
    let options = mail.smtp.as_ref().ok_or_else(|| missing("[mail.smtp]"))?;
    let from = mail.from.as_deref().ok_or_else(|| missing("mail.from"))?;
    Ok((Smtp::new(options, from)?, options))
}

fn missing(section: &str) -> TransportError {
    TransportError::passing(format!("mail.transport needs {section}"))
}
