//! The outbox: mails and scripts' events are rows, written in the transaction that causes them, sent after its commit.

pub mod dev_mailbox;
pub mod mailbox;
pub mod smtp;
mod template;
pub mod webhook;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use doorward_contract::RateLimit;
use futures_util::future::join_all;
use serde_json::{Map, Value as Json, json};
use tokio::sync::Notify;

use crate::auth::{Auth, AuthError};
use crate::clock::{Clock, Timestamp};
use crate::mail::Mail;
use crate::store::outbox::{self, Delivery};
use crate::store::{Database, Store, StoreError};

pub use template::{TemplateError, Templates};
pub use webhook::EventHooks;

/// The kind of a decoy: a row that is dropped instead of sent, so that timing does not reveal whether mail was queued.
pub use crate::mail::kind::DECOY;

/// The kind of a script's event. Kinds of mail have no colon.
const EVENT: &str = "script:event";

const DAY_SECS: u32 = 86_400;
const BATCH: u32 = 20;
/// Longer than any transport tries, so that no other process sends the same mail meanwhile.
const LEASE_SECS: i64 = 60;
const IDLE: Duration = Duration::from_secs(1);
const FIRST_RETRY_SECS: i64 = 5;
const LAST_RETRY_SECS: i64 = 3600;

/// Delivers mails.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Delivers one mail.
    ///
    /// # Errors
    /// When the mail was not accepted. It is tried again later.
    async fn send(&self, mail: &Mail) -> Result<(), TransportError>;
}

/// Why a mail was not accepted. Its text must not contain the mail's content.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TransportError(pub String);

/// Sees every mail before it is sent, with its template filled.
#[async_trait]
pub trait MailFilter: Send + Sync {
    /// Returns the mail to send, or `None` to drop it.
    ///
    /// # Errors
    /// When the filter cannot decide now. The mail is tried again later.
    async fn look(&self, mail: Mail) -> Result<Option<Mail>, TransportError>;
}

/// Where the filter stands; swapped when extensions are loaded again.
pub type MailFilterSlot = ArcSwapOption<Arc<dyn MailFilter>>;

/// A row that has not been written yet.
#[derive(Clone, Debug)]
pub struct Draft {
    kind: String,
    payload: Json,
}

impl Draft {
    /// A mail.
    pub fn mail(kind: &str, to: &str, data: &Map<String, Json>) -> Self {
        Self { kind: kind.to_owned(), payload: json!({ "to": to, "data": data }) }
    }

    /// An event for the webhook of a script.
    pub fn event(hook: &str, name: &str, data: &Map<String, Json>) -> Self {
        Self { kind: EVENT.to_owned(), payload: json!({ "hook": hook, "event": name, "data": data }) }
    }
}

/// Writes a row. `db` is the transaction that causes it. A mail becomes a decoy when its recipient already got
/// `rate_limit.per_recipient.max` mails today, so that nobody can flood a mailbox through this server.
///
/// # Errors
/// When the store fails.
pub async fn write(auth: &Auth, db: &dyn Database, draft: &Draft) -> Result<(), AuthError> {
    let to = draft.payload.get("to").and_then(Json::as_str).unwrap_or_default();
    let is_sent = draft.kind == EVENT || may_get_more(auth, db, to).await?;
    let kind = if is_sent { &draft.kind } else { DECOY };
    Ok(outbox::enqueue(db, &auth.random.id(), kind, draft.payload.clone(), auth.now()).await?)
}

/// Writes a mail into the outbox. `db` is the transaction that causes it.
///
/// # Errors
/// When the store fails.
pub async fn enqueue(
    auth: &Auth,
    db: &dyn Database,
    kind: &str,
    to: &str,
    data: &Map<String, Json>,
) -> Result<(), AuthError> {
    write(auth, db, &Draft::mail(kind, to, data)).await
}

/// What sending mail needs.
pub struct Mailer {
    /// The templates of all kinds.
    pub templates: Templates,
    /// The way out.
    pub transport: Arc<dyn Transport>,
    /// Sees each mail first.
    pub filter: Arc<MailFilterSlot>,
}

/// Counts a mail to the address and says whether it may be sent. Without an address (see [`DECOY`]) it takes as long.
async fn may_get_more(auth: &Auth, db: &dyn Database, to: &str) -> Result<bool, AuthError> {
    let options = &auth.config.rate_limit;
    if !options.enabled || !options.per_recipient.enabled {
        return Ok(true);
    }
    let day = auth.now().as_secs().div_euclid(i64::from(DAY_SECS));
    let account = if to.is_empty() { auth.random.id() } else { auth.tag("account", to) };
    let limit = RateLimit { window_secs: DAY_SECS, max: options.per_recipient.max };
    let is_over = auth.rate_counts.take(auth, db, format!("mail|{day}|{account}"), limit).await?.is_some();
    if is_over {
        tracing::warn!(target: "audit", event = "mail-withheld", account);
    }
    Ok(!is_over)
}

/// Sends the rows of the outbox until the process ends.
pub struct Sender {
    store: Store,
    clock: Arc<dyn Clock>,
    mailer: Option<Mailer>,
    events: EventHooks,
    wake: Arc<Notify>,
}

impl Sender {
    /// A sender. [`Sender::run`] starts it. `auth.mail_queued` wakes it after a commit.
    pub fn new(auth: &Auth, mailer: Option<Mailer>, events: EventHooks) -> Self {
        let (store, clock, wake) = (auth.store.clone(), Arc::clone(&auth.clock), Arc::clone(&auth.mail_queued));
        Self { store, clock, mailer, events, wake }
    }

    /// Sends, waits for more, and never returns.
    pub async fn run(self) {
        loop {
            match self.send_due().await {
                Ok(0) => _ = tokio::time::timeout(IDLE, self.wake.notified()).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read");
                    tokio::time::sleep(IDLE).await;
                }
            }
        }
    }

    /// Sends one batch and returns how many deliveries it took.
    async fn send_due(&self) -> Result<usize, StoreError> {
        let deliveries = outbox::take_due(&self.store, self.clock.now(), LEASE_SECS, BATCH).await?;
        // All at once, so that a slow receiver delays no other mail of the batch.
        for finished in join_all(deliveries.iter().map(|delivery| self.deliver(delivery))).await {
            finished?;
        }
        Ok(deliveries.len())
    }

    /// Makes one delivery, then removes its row or schedules another try.
    async fn deliver(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let Err(error) = self.send(delivery).await else { return outbox::delete(&self.store, delivery.id()).await };
        tracing::warn!(kind = delivery.kind(), attempts = delivery.attempts(), %error, "a delivery was not made");
        let again = retry_at(self.clock.now(), delivery.attempts());
        outbox::reschedule(&self.store, delivery.id(), again, &error.to_string()).await
    }

    async fn send(&self, delivery: &Delivery) -> Result<(), TransportError> {
        match delivery.kind() {
            DECOY => Ok(()),
            EVENT => self.events.send(delivery).await,
            _ => self.send_mail(delivery).await,
        }
    }

    async fn send_mail(&self, delivery: &Delivery) -> Result<(), TransportError> {
        let Some(mailer) = &self.mailer else { return Err(TransportError("there is no [mail] section".into())) };
        let payload = delivery.payload();
        let data = payload.get("data").and_then(Json::as_object).cloned().unwrap_or_default();
        let filled = mailer.templates.render(delivery.kind(), &data);
        let filled = filled.map_err(|error| TransportError(format!("its template cannot be filled: {error}")))?;
        let mail = Mail {
            id: delivery.id().to_owned(),
            kind: delivery.kind().to_owned(),
            to: payload.get("to").and_then(Json::as_str).unwrap_or_default().to_owned(),
            subject: filled.subject,
            text: filled.text,
            html: filled.html,
            data,
        };
        let screened = match mailer.filter.load_full() {
            Some(filter) => filter.look(mail).await?,
            None => Some(mail),
        };
        match screened {
            Some(mail) => mailer.transport.send(&mail).await,
            None => Ok(()),
        }
    }
}

/// The time of the next try: the delay doubles from five seconds to an hour.
fn retry_at(now: Timestamp, attempts: i64) -> Timestamp {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    now.plus_secs((FIRST_RETRY_SECS << doublings).min(LAST_RETRY_SECS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_back_off_to_an_hour() {
        let delays: Vec<i64> = [1, 2, 3, 10, 11, 99].iter().map(|n| retry_at(Timestamp(0), *n).as_secs()).collect();
        assert_eq!(delays, [5, 10, 20, 2560, 3600, 3600]);
    }
}
