//! Posts events: signed as Standard Webhooks has it, or as security event tokens.
//!
//! Source: the specification of Standard Webhooks 1.0; RFC 8935.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::{Value as Json, json};

use super::set::{self, SigningKeys};
use super::write::body;
use super::{check, kinds, syslog};
use crate::auth::Auth;
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, SECRET_PREFIX, SsfStream, Webhook, key_bytes};
use crate::crypto::purpose::Purpose;
use crate::crypto::random::Random;
use crate::crypto::secret::Secret;
use crate::crypto::{base64, hmac_sha256};
use crate::http::outgoing::{Client, Failure, Permits, Request, Response, Rules};
use crate::outbox::TransportError;
use crate::outbox::sealed::Opener;
use crate::store::outbox::Delivery;
use crate::store::{Store, Value, event};

/// Longest time of one delivery.
const LONGEST: Duration = Duration::from_secs(15);
/// The answer of a receiver that wants nothing any more.
const GONE: u16 = 410;
/// Letters that are kept of what a receiver says about an error.
const LONGEST_WORDS: usize = 200;

/// Everybody who gets events. Clones share them; a reload replaces them.
#[derive(Clone)]
pub struct Receivers(Arc<ArcSwap<Set>>);

/// The receivers of one configuration.
pub(super) struct Set {
    pub(super) config: Arc<Config>,
    pub(super) store: Arc<Store>,
    pub(super) random: Arc<dyn Random>,
    pub(super) clock: Arc<dyn Clock>,
    opener: Opener,
    signing: Option<SigningKeys>,
    by_name: BTreeMap<String, Receiver>,
    pub(super) syslog: Option<syslog::Target>,
}

struct Receiver {
    client: Client,
    url: String,
    form: Form,
    is_enabled: bool,
}

enum Form {
    Webhook(Vec<Secret<Vec<u8>>>),
    Stream(Box<SsfStream>),
}

/// The keys that sign for a webhook: its own, and the one before while that is given; without one, those that are made from the
/// server's secrets.
fn keys(config: &Config, hook: &Webhook) -> Vec<Secret<Vec<u8>>> {
    let own = [&hook.secret, &hook.previous_secret].map(|source| source.as_ref().and_then(|it| key_bytes(it.value())));
    let mut keys: Vec<Secret<Vec<u8>>> = own.into_iter().flatten().map(Secret::new).collect();
    if hook.secret.is_none() {
        let derived = config.all_secrets.iter().map(|secret| Purpose::Webhook(&hook.name).key(secret));
        keys = derived.chain(keys).collect();
    }
    keys
}

/// The secret that a webhook's receiver checks with, in the form of Standard Webhooks.
pub fn secret_of(config: &Config, hook: &Webhook) -> Option<Secret<String>> {
    keys(config, hook).first().map(|key| Secret::new(format!("{SECRET_PREFIX}{}", base64(key.expose()))))
}

impl Receivers {
    /// Those of a configuration.
    ///
    /// # Errors
    /// Names what cannot be used.
    pub fn new(config: &Arc<Config>, auth: &Auth) -> Result<Self, String> {
        if let Some(problem) = check::problem(config) {
            return Err(problem);
        }
        let permits = Permits::default();
        let mut by_name = BTreeMap::new();
        for hook in config.all_webhooks() {
            let client = client(&hook.url, hook.allow_private, &permits)?;
            let keys = keys(config, &hook);
            let (name, url, is_enabled) = (hook.name.clone(), hook.url.clone(), hook.enabled);
            by_name.insert(name, Receiver { client, url, form: Form::Webhook(keys), is_enabled });
        }
        for stream in config.ssf.iter().flat_map(|ssf| &ssf.streams).cloned() {
            let client = client(&stream.url, stream.allow_private, &permits)?;
            let (name, url, is_enabled) = (stream.name.clone(), stream.url.clone(), stream.enabled);
            by_name.insert(name, Receiver { client, url, form: Form::Stream(Box::new(stream)), is_enabled });
        }
        let target = config.audit.syslog.as_deref().map(syslog::Target::parse).transpose()?;
        let set = Set {
            opener: Opener::of(&config.all_secrets),
            signing: config.ssf.as_ref().map(|ssf| SigningKeys::new(config, ssf, &auth.random)),
            config: Arc::clone(config),
            store: Arc::clone(&auth.store),
            random: Arc::clone(&auth.random),
            clock: Arc::clone(&auth.clock),
            by_name,
            syslog: target,
        };
        Ok(Self(Arc::new(ArcSwap::from_pointee(set))))
    }

    /// Nobody.
    #[cfg(test)]
    pub(in crate::outbox) fn none(store: Arc<Store>) -> Self {
        let set = Set {
            config: Arc::new(Config {
                audit: crate::config::Audit { enabled: false, ..Default::default() },
                ..Config::default()
            }),
            store,
            random: Arc::new(crate::crypto::random::SystemRandom),
            clock: Arc::new(crate::clock::SystemClock),
            opener: Opener::unlocked(),
            signing: None,
            by_name: BTreeMap::new(),
            syslog: None,
        };
        Self(Arc::new(ArcSwap::from_pointee(set)))
    }

    /// Puts `others` in place of these, for all that share them.
    pub fn replace(&self, others: &Self) {
        self.0.store(others.0.load_full());
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        let set = self.0.load();
        set.by_name.is_empty() && set.syslog.is_none()
    }

    /// The names of those who get something.
    pub fn names(&self) -> Vec<String> {
        let set = self.0.load();
        set.by_name.iter().filter(|(_, receiver)| receiver.is_enabled).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn set(&self) -> Arc<Set> {
        self.0.load_full()
    }

    /// Makes one delivery.
    ///
    /// # Errors
    /// When the receiver did not take it. A receiver that is gone gets nothing more until an operator enables it.
    pub async fn send(&self, delivery: &Delivery) -> Result<(), TransportError> {
        let set = self.set();
        let name = delivery.receiver();
        let Some(receiver) = set.by_name.get(name) else {
            return Err(TransportError::passing("its receiver is not in the configuration"));
        };
        let known = event::find_receiver(&*set.store, name).await.map_err(store_failed)?;
        if known.is_some_and(|known| known.timestamp("disabledAt").is_some()) {
            let text = "the receiver is disabled, since it answered 410. Run: doorward webhooks enable";
            return Err(TransportError::lasting(format!("{text} {name}")));
        }
        let unreadable = || TransportError::lasting("it was sealed with a secret that is gone");
        let payload = set.opener.whole(delivery.payload()).ok_or_else(unreadable)?;
        let answer = set.post(receiver, (delivery.event(), delivery.created_at()), &payload).await?;
        if answer.status == GONE {
            set.disable(name).await?;
        }
        receiver.judge(&answer)
    }

    /// Sends an event that only tries the receiver, past the queue. What it answered, in words.
    ///
    /// # Errors
    /// When there is no such receiver, or it did not take the event.
    pub async fn test(&self, name: &str) -> Result<String, TransportError> {
        let set = self.set();
        let Some(receiver) = set.by_name.get(name) else {
            return Err(TransportError::lasting(format!(
                "there is no receiver `{name}`. `doorward webhooks list` shows those that there are"
            )));
        };
        let (id, now) = (format!("msg_{}", set.random.id()), set.clock.now());
        let payload = match &receiver.form {
            Form::Webhook(..) => body(kinds::TEST, now, &json!({ "message": "This event tries the webhook." })),
            Form::Stream(stream) => set::verification(stream, &set.random.id()),
        };
        let answer = set.post(receiver, (&id, now), &payload).await?;
        receiver.judge(&answer)?;
        Ok(format!("{name} took {id}: {}", answer.status))
    }

    /// The public keys of security event tokens; none without a stream.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn jwks(config: &Config, auth: &Auth) -> Result<Option<Json>, crate::auth::AuthError> {
        let Some(ssf) = &config.ssf else { return Ok(None) };
        let keys = SigningKeys::new(config, ssf, &auth.random);
        keys.jwks(&*auth.store, auth.now()).await.map(Some)
    }

    /// Makes a new key for security event tokens; none without a stream.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rotate_key(&self) -> Result<Option<String>, crate::auth::AuthError> {
        let set = self.set();
        let Some(signing) = &set.signing else { return Ok(None) };
        signing.rotate(&*set.store, set.clock.now()).await.map(Some)
    }
}

impl Set {
    /// Posts a payload. `event` is its id and the moment that it tells of, the same at every attempt.
    async fn post(
        &self,
        receiver: &Receiver,
        (id, at): (&str, Timestamp),
        payload: &Json,
    ) -> Result<Response, TransportError> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (headers, body) = match &receiver.form {
            Form::Webhook(keys) => {
                let (now, body) = (self.clock.now().as_secs(), payload.to_string());
                let signed = format!("{id}.{now}.{body}");
                let sign =
                    |key: &Secret<Vec<u8>>| format!("v1,{}", base64(&hmac_sha256(key.expose(), signed.as_bytes())));
                let signatures: Vec<String> = keys.iter().map(sign).collect();
                let headers = vec![
                    header("content-type", "application/json"),
                    header("webhook-id", id),
                    header("webhook-timestamp", &now.to_string()),
                    header("webhook-signature", &signatures.join(" ")),
                ];
                (headers, body)
            }
            Form::Stream(stream) => {
                let claims = set::whole(&self.config, stream, (id, at), payload);
                let Some(signing) = &self.signing else { return Err(TransportError::passing("there is no [ssf]")) };
                let token = signing.sign(&*self.store, &claims, self.clock.now()).await;
                let token = token.map_err(|error| TransportError::passing(error.to_string()))?;
                let mut headers =
                    vec![header("content-type", "application/secevent+jwt"), header("accept", "application/json")];
                if let Some(authorization) = &stream.authorization {
                    headers.push(header("authorization", authorization.value()));
                }
                (headers, token)
            }
        };
        let (method, url) = ("POST".to_owned(), receiver.url.clone());
        let request = Request { method, url, headers, body: Some(body.into_bytes()), timeout: LONGEST };
        receiver.client.send(request).await.map_err(|failure| match failure {
            // A name can lead elsewhere tomorrow, and an operator can mend the rest.
            Failure::Denied(_) => TransportError::passing("its address is not public (`allow_private`)"),
            other => TransportError::passing(other.to_string()),
        })
    }

    async fn disable(&self, name: &str) -> Result<(), TransportError> {
        let now = self.clock.now();
        tracing::error!(receiver = name, "the receiver of events answered 410 and is disabled");
        let reason = "it answered 410".into();
        let values = [("disabledAt", Value::Timestamp(now)), ("reason", reason)];
        event::set_receiver(&*self.store, name, &values).await.map_err(store_failed)
    }
}

fn store_failed(error: crate::store::StoreError) -> TransportError {
    TransportError::passing(format!("the database failed: {error}"))
}

impl Receiver {
    fn judge(&self, answer: &Response) -> Result<(), TransportError> {
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        let text = match self.words(answer) {
            Some(words) => format!("the receiver answered {}: {words}", answer.status),
            None => format!("the receiver answered {}", answer.status),
        };
        match answer.status {
            GONE => Err(TransportError::lasting(text)),
            _ => Err(TransportError::passing(text)),
        }
    }

    /// The error of RFC 8935 §2.4 in the answer of a stream, without what would be the stream's secret.
    fn words(&self, answer: &Response) -> Option<String> {
        let Form::Stream(stream) = &self.form else { return None };
        let said: Json = serde_json::from_slice(&answer.body).ok()?;
        let part = |name: &str| said.get(name).and_then(Json::as_str).unwrap_or_default();
        let mut words = format!("{} {}", part("err"), part("description"));
        if let Some(secret) = stream.authorization.as_ref().map(|source| source.value()).filter(|text| !text.is_empty())
        {
            let bare = secret.rsplit(' ').next().unwrap_or(secret);
            words = words.replace(secret, "…").replace(bare, "…");
        }
        let words: String = words.chars().filter(|letter| !letter.is_control()).take(LONGEST_WORDS).collect();
        Some(words.trim().to_owned()).filter(|words| !words.is_empty())
    }
}

/// A client that reaches this URL's host alone. Without TLS, it goes to private addresses alone.
fn client(url: &str, allows_private: bool, permits: &Permits) -> Result<Client, String> {
    let parsed = url::Url::parse(url).map_err(|_| "the URL of a receiver of events is none".to_owned())?;
    let host = parsed.host_str().unwrap_or_default();
    let host = parsed.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let is_http = parsed.scheme() == "http";
    let rules = Rules::new([host.as_str()], allows_private, is_http)?;
    let permits = permits.clone();
    let client = if is_http { Client::in_own_network(rules, permits) } else { Client::new(rules, permits) };
    Ok(client.patient(LONGEST))
}
