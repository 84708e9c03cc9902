//! Mail by SMTP: one message with a text and an HTML part per mail.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::{Transport, TransportError};
use crate::config::{SmtpConfig, SmtpTls};
use crate::mail::Mail;

/// How long to wait for the server's answer to one command.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a whole greeting may take.
const LONGEST_GREETING: Duration = Duration::from_secs(20);

/// A mail server.
pub struct Smtp {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// A transport to the server. It connects when there is mail to send.
    ///
    /// # Errors
    /// When `from` is no address or the server's name cannot be used.
    pub fn new(options: &SmtpConfig, from: &str) -> Result<Self, TransportError> {
        let from = from.parse().map_err(|error| TransportError::passing(format!("mail.from \"{from}\": {error}")))?;
        let builder = match options.tls {
            SmtpTls::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&options.host),
            SmtpTls::Implicit => AsyncSmtpTransport::<Tokio1Executor>::relay(&options.host),
            SmtpTls::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&options.host)),
        };
        let mut builder = builder
            .map_err(|error| TransportError::passing(format!("mail.smtp.host \"{}\": {error}", options.host)))?
            .timeout(Some(TIMEOUT));
        if let Some(port) = options.port {
            builder = builder.port(port);
        }
        if let Some(name) = &options.helo_name {
            builder = builder.hello_name(client_id(name)?);
        }
        if let Some(username) = &options.username {
            let password = options.password.as_ref().map_or("", |source| source.value());
            builder = builder.credentials(Credentials::new(username.clone(), password.to_owned()));
        }
        Ok(Self { server: builder.build(), from })
    }

    /// Connects, greets, protects the connection and logs in, as a mail would be sent, and leaves.
    ///
    /// # Errors
    /// What the server refused, or that it does not answer.
    pub async fn greet(&self) -> Result<(), TransportError> {
        let greeted = tokio::time::timeout(LONGEST_GREETING, self.server.test_connection()).await;
        match greeted.map_err(|_| TransportError::passing("it does not answer in time"))? {
            Ok(true) => Ok(()),
            Ok(false) => Err(TransportError::passing("it broke off after the greeting")),
            Err(error) => Err(TransportError::passing(reason(&error))),
        }
    }

    fn message(&self, mail: &Mail) -> Result<Message, TransportError> {
        // Neither error may be passed on: its text would contain the address.
        let to: Address = mail.to.parse().map_err(|_| TransportError::lasting("the recipient is no address"))?;
        Message::builder()
            // A mail keeps its id when it is sent again, so that a receiver can recognise it.
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|_| TransportError::lasting("the message cannot be made"))
    }
}

/// The name as the greeting has it; an address stands in brackets there.
fn client_id(name: &str) -> Result<ClientId, TransportError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(match address {
            IpAddr::V4(address) => ClientId::Ipv4(address),
            IpAddr::V6(address) => ClientId::Ipv6(address),
        });
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.split('.').all(is_label) {
        return Ok(ClientId::Domain(name.to_owned()));
    }
    let text = format!("mail.smtp.helo_name \"{name}\" is neither the name of a host nor an address");
    Err(TransportError::passing(text))
}

#[async_trait]
impl Transport for Smtp {
    async fn send(&self, mail: &Mail) -> Result<(), TransportError> {
        let message = self.message(mail)?;
        self.server.send(message).await.map(drop).map_err(|error| refusal(&error))
    }
}

/// The error with its causes, on one line.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        cause = error.source();
    }
    text.replace(['\r', '\n'], " ")
}

/// A reply of 5xx is final, except about the server's own login, which the operator can mend while the mail waits.
fn refusal(error: &lettre::transport::smtp::Error) -> TransportError {
    const ABOUT_LOGIN: [u16; 4] = [530, 534, 535, 538];
    let code = error.status().map(u16::from);
    let is_lasting = error.is_permanent() && !code.is_some_and(|code| ABOUT_LOGIN.contains(&code));
    let text = error.to_string();
    if is_lasting { TransportError::lasting(text) } else { TransportError::passing(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &str, subject: &str) -> Result<String, TransportError> {
        let options: SmtpConfig = toml::from_str("host = \"localhost\"\ntls = \"none\"").unwrap();
        let mail = Mail {
            id: "m1".into(),
            kind: "verify-email".into(),
            to: to.into(),
            subject: subject.into(),
            text: "text".into(),
            html: "<p>html</p>".into(),
            data: serde_json::Map::new(),
        };
        let message = Smtp::new(&options, "Acme <no-reply@acme.example>")?.message(&mail)?;
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    #[tokio::test]
    async fn a_message_has_one_recipient_and_both_parts() {
        let text = message("ada@example.com", "Verify é\r\nBcc: eve@example.com").unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("\r\nTo: ada@example.com\r\n"), "{head}");
        assert!(head.contains("Message-ID: <m1@acme.example>"), "{head}");
        assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
        assert!(body.contains("text/plain") && body.contains("text/html"), "{body}");
    }

    #[test]
    fn the_greeting_has_a_name_or_an_address() {
        for (name, greeting) in [
            ("auth.example.com", Some("auth.example.com")),
            ("192.0.2.1", Some("[192.0.2.1]")),
            ("2001:db8::7", Some("[IPv6:2001:db8::7]")),
            ("", None),
            ("a..b", None),
            ("auth.example.com\r\nMAIL FROM:<eve@example.com>", None),
        ] {
            assert_eq!(client_id(name).ok().map(|id| id.to_string()).as_deref(), greeting, "{name}");
        }
    }

    #[tokio::test]
    async fn what_is_no_single_address_is_not_sent() {
        for to in ["a@x.com,b@y.com", "a@x.com\r\nBcc: b@y.com", "<a@x.com>", "a@x.com b@y.com", ""] {
            assert!(message(to, "s").is_err(), "{to}");
        }
    }
}
