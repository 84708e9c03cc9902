//! Options of mail: where it goes, who it is from, how it looks.

use serde::{Deserialize, Serialize};

use super::secret_source::SecretSource;
use super::webhooks::without_secrets;

/// `[mail]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// How mail leaves.
    pub transport: MailTransport,
    /// Sender of mails by SMTP: an address, or `Name <address>`.
    pub from: Option<String>,
    /// Folder with templates that replace the built-in ones: `<kind>.txt` and `<kind>.html`, seen from the configuration.
    pub templates: Option<String>,
    /// The server of the transport `smtp`.
    pub smtp: Option<SmtpConfig>,
    /// The receiver of the transport `webhook`.
    pub webhook: Option<WebhookConfig>,
}

impl MailConfig {
    /// Mail goes to the development mailbox.
    pub fn mailbox() -> Self {
        Self { transport: MailTransport::Mailbox, from: None, templates: None, smtp: None, webhook: None }
    }
}

/// How mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// Kept in memory and shown at `/dev/mailbox`, for development.
    Mailbox,
    /// Handed to the mail server in `[mail.smtp]`.
    Smtp,
    /// Posted as signed JSON to the URL in `[mail.webhook]`.
    Webhook,
}

/// `[mail.smtp]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// Name of the mail server; its certificate must have it.
    pub host: String,
    /// Absent means the usual port of `tls`: 587, 465 or 25.
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: SmtpTls,
    /// The name by which this server greets the mail server: a host's name or an address. Absent means the machine's own.
    pub helo_name: Option<String>,
    /// User name, when the server asks for one.
    pub username: Option<String>,
    /// Password: text, `{ env = "NAME" }`, `{ file = "PATH" }` or `{ credential = "NAME" }`.
    pub password: Option<SecretSource>,
}

/// How an SMTP connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// Must be upgraded with STARTTLS.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all: for a server on this machine.
    None,
}

/// `[mail.webhook]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where each mail is posted: `https`, or `http` to this machine, or as `allow_http` says.
    #[serde(serialize_with = "without_secrets")]
    pub url: String,
    /// Lets the URL be `http` to a private address, as in a cluster: whoever is on that network reads the mails and events.
    /// A public address is never sent to without TLS.
    #[serde(default)]
    pub allow_http: bool,
    /// Key of the signature; absent means the one that `doorward secret --for` prints.
    pub secret: Option<SecretSource>,
}
