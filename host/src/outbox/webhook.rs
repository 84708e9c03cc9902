//! Mails and scripts' events by webhook: each is one signed POST of JSON.
//!
//! `doorward-signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use ureq::Agent;

use super::{Transport, TransportError};
use crate::clock::Clock;
use crate::config::{HookConfig, WebhookConfig};
use crate::crypto::purpose::Purpose;
use crate::crypto::secret::Secret;
use crate::crypto::{hex, hmac_sha256};
use crate::http::outgoing;
use crate::mail::Mail;
use crate::store::outbox::Delivery;
use serde_json::json;

/// Maximum time of one delivery, with the receiver's answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A receiver of mails or events.
pub struct Webhook {
    agent: Agent,
    url: String,
    key: Secret<Vec<u8>>,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    /// A transport to the receiver, signed with `key`.
    ///
    /// # Errors
    /// When the URL is neither `https` nor `http` to a place that may have it.
    pub fn new(options: &WebhookConfig, key: Secret<Vec<u8>>, clock: Arc<dyn Clock>) -> Result<Self, TransportError> {
        let agent = Agent::config_builder().tls_config(outgoing::tls()).timeout_global(Some(TIMEOUT)).max_redirects(0);
        let agent = match way(&options.url) {
            Way::Encrypted => agent.build().into(),
            // A proxy in the environment does not apply to this machine.
            Way::OnThisMachine => agent.proxy(None).build().into(),
            Way::InTheClear if options.allow_http => outgoing::private_agent(agent.proxy(None).build()),
            way => return Err(refused(&options.url, &way)),
        };
        Ok(Self { agent, url: options.url.clone(), key, clock })
    }
}

/// Which way a request to a receiver takes.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// By `https`.
    Encrypted,
    /// By `http`, where nobody else can read it.
    OnThisMachine,
    /// By `http`.
    InTheClear,
    /// None: it is no URL, or one of another kind.
    Nowhere,
}

fn way(url: &str) -> Way {
    let Ok(url) = url::Url::parse(url) else { return Way::Nowhere };
    let is_loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return Way::Nowhere,
    };
    match url.scheme() {
        "https" => Way::Encrypted,
        "http" if is_loopback => Way::OnThisMachine,
        "http" => Way::InTheClear,
        _ => Way::Nowhere,
    }
}

fn refused(url: &str, way: &Way) -> TransportError {
    // A receiver's path may be its secret.
    let origin = url::Url::parse(url).ok().map(|url| url.origin().ascii_serialization());
    let origin = origin.unwrap_or_else(|| "…".to_owned());
    let hint = if *way == Way::InTheClear {
        ". Write allow_http = true beside it for a receiver at a private address, as in a cluster"
    } else {
        ""
    };
    TransportError::passing(format!("the webhook's url at {origin} must be https, or http to this machine{hint}"))
}

/// The key of mails: the webhook's own secret, or one made from the server's `secret`, which the receiver never sees.
pub fn key_of_mails(options: &WebhookConfig, secret: &Secret<String>) -> Secret<Vec<u8>> {
    key(options, || Purpose::MailWebhook.key(secret))
}

/// As [`key_of_mails`], of the events of one script.
pub fn key_of_events(hook: &HookConfig, options: &WebhookConfig, secret: &Secret<String>) -> Secret<Vec<u8>> {
    key(options, || Purpose::EventWebhook(&hook.file).key(secret))
}

/// What is derived goes to people as hexadecimal text, and the text is the key.
fn key(options: &WebhookConfig, derive: impl Fn() -> Secret<Vec<u8>>) -> Secret<Vec<u8>> {
    let text = options.secret.as_ref().map(|source| source.value().to_owned());
    Secret::new(text.unwrap_or_else(|| hex(derive().expose())).into_bytes())
}

impl Webhook {
    async fn post(&self, body: String) -> Result<(), TransportError> {
        let at = self.clock.now().as_secs();
        let mac = hex(&hmac_sha256(self.key.expose(), format!("{at}.{body}").as_bytes()));
        let request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("doorward-signature", format!("t={at},v1={mac}"));
        let sent = tokio::task::spawn_blocking(move || request.send(body)).await;
        let answer = sent.map_err(|error| TransportError::passing(error.to_string()))?;
        let status = answer.map_err(|error| TransportError::passing(error.to_string()))?.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(TransportError::passing(format!("the receiver answered {status}")))
        }
    }
}

#[async_trait]
impl Transport for Webhook {
    async fn send(&self, mail: &Mail) -> Result<(), TransportError> {
        self.post(serde_json::to_string(mail).map_err(|error| TransportError::passing(error.to_string()))?).await
    }
}

/// The receivers of scripts' events, by the script's name in the configuration.
/// Clones share them.
#[derive(Clone, Default)]
pub struct EventHooks(Arc<ArcSwap<Receivers>>);

type Receivers = BTreeMap<String, Webhook>;

impl EventHooks {
    /// The receivers of the configured scripts. Events are signed as mails are.
    ///
    /// # Errors
    /// As [`Webhook::new`].
    pub fn new(hooks: &[HookConfig], secret: &Secret<String>, clock: &Arc<dyn Clock>) -> Result<Self, TransportError> {
        let mut receivers = BTreeMap::new();
        for hook in hooks {
            if let Some(options) = &hook.webhook {
                receivers.insert(
                    hook.file.clone(),
                    Webhook::new(options, key_of_events(hook, options, secret), Arc::clone(clock))?,
                );
            }
        }
        Ok(Self(Arc::new(ArcSwap::from_pointee(receivers))))
    }

    /// Puts the receivers of `others` in place of these, for all that share them.
    pub fn replace(&self, others: &Self) {
        self.0.store(others.0.load_full());
    }

    /// True if no script has a receiver.
    pub fn is_empty(&self) -> bool {
        self.0.load().is_empty()
    }

    /// Posts one event: `{"id", "event", "hook", "at", "data"}`.
    pub(super) async fn send(&self, delivery: &Delivery) -> Result<(), TransportError> {
        let part = |name: &str| delivery.payload().get(name).cloned().unwrap_or_default();
        let hook = part("hook");
        let receivers = self.0.load_full();
        let receiver = hook.as_str().and_then(|hook| receivers.get(hook));
        let receiver = receiver.ok_or_else(|| TransportError::lasting("its script has no webhook any more"))?;
        let at = delivery.created_at().to_iso();
        let body = json!({
            "id": delivery.id(), "event": part("event"), "hook": hook, "at": at, "data": part("data"),
        });
        receiver.post(body.to_string()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_do_not_travel_in_the_clear() {
        for (url, expected) in [
            ("https://hooks.example.com/mail", Way::Encrypted),
            ("http://127.0.0.1:4000/mail", Way::OnThisMachine),
            ("http://localhost/", Way::OnThisMachine),
            ("http://[::1]/", Way::OnThisMachine),
            ("http://hooks.example.com", Way::InTheClear),
            ("http://10.0.0.1/", Way::InTheClear),
            ("http://localhost.evil.example", Way::InTheClear),
            ("ftp://x", Way::Nowhere),
            ("", Way::Nowhere),
            ("x", Way::Nowhere),
        ] {
            assert_eq!(way(url), expected, "{url}");
        }
    }

    /// The reason why nothing arrives at this URL.
    async fn failure(url: &str) -> String {
        let options = WebhookConfig { url: url.to_owned(), allow_http: true, secret: None };
        let key = Secret::new(b"a key".to_vec());
        let receiver = Webhook::new(&options, key, Arc::new(crate::clock::SystemClock)).unwrap();
        receiver.post("{}".to_owned()).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn http_goes_to_private_addresses_alone() {
        for url in
            ["http://192.0.2.1:9/", "http://93.184.216.34/", "http://[2606:2800:220:1::1]/", "http://169.254.169.254/"]
        {
            assert!(failure(url).await.contains("is not private"), "{url}");
        }
        // This machine's own name in a cluster: nobody listens, and it is asked.
        assert!(!failure("http://127.0.0.1:1/").await.contains("is not private"));
    }
}
