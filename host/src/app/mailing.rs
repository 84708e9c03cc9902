//! What sending mail needs, and the development mailbox.

use std::sync::Arc;

use super::StartError;
use crate::auth::Auth;
use crate::config::{Config, MailConfig, MailTransport};
use crate::http::address::is_loopback;
use crate::outbox::mailbox::Mailbox;
use crate::outbox::transport;
use crate::outbox::{CurrentMailFilter, Mailer, Templates};

/// What sending mail needs. `said` are the templates that plugins bring.
pub(super) fn mailer(
    config: &Config,
    mail: &MailConfig,
    (auth, filter, said): (&Auth, CurrentMailFilter, Vec<(String, String)>),
    mailbox: Option<&Arc<Mailbox>>,
) -> Result<Mailer, StartError> {
    let folder = mail.templates.as_ref().map(|folder| config.resolve(folder));
    let templates = Templates::with(&config.app_name, said, folder.as_deref())?;
    let transport = transport::of(config, mail, &auth.clock, mailbox)?;
    Ok(Mailer { templates, transport, filter })
}

/// The development mailbox, when mail goes there.
pub(super) fn mailbox(config: &Config) -> Result<Option<Arc<Mailbox>>, StartError> {
    match &config.mail {
        Some(mail) if mail.transport == MailTransport::Mailbox => {
            refuse_public_mailbox(config)?;
            Ok(Some(Arc::default()))
        }
        _ => Ok(None),
    }
}

/// The development mailbox shows every link to whoever asks for it: it is there for `doorward dev` on this machine alone.
fn refuse_public_mailbox(config: &Config) -> Result<(), StartError> {
    let refused = |text: String| Err(StartError::Option(text));
    if !config.is_development {
        let text = "mail.transport = \"mailbox\" works under `doorward dev` alone, since it shows every mail to whoever asks. \
                    Write transport = \"smtp\" with [mail.smtp], or transport = \"webhook\" with [mail.webhook]";
        return refused(text.to_owned());
    }
    let address = &config.server.address;
    if is_loopback(address) {
        return Ok(());
    }
    refused(format!(
        "mail.transport = \"mailbox\" shows every mail to whoever asks, and server.address = \"{address}\" is not this \
         machine's own. Write server.address = \"127.0.0.1:3000\", or another transport"
    ))
}
