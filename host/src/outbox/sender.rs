//! Sends what lies in the outbox: one task looks for what is due, and each delivery has a task of its own.
//!
//! Invariant: a delivery in flight is leased, and the lease is renewed until its outcome is recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::events::{self, Receivers};
use super::jobs::{self, Runner};
use super::pulse::Pulse;
use super::retry::{LEASE_SECS, longest_wait_secs, retry_at, too_late};
use super::sealed::Opener;
use super::{CurrentMailer, DECOY, EVENT, EventHooks, TransportError};
use crate::auth::Auth;
use crate::clock::{Clock, Timestamp};
use crate::mail::Mail;
use crate::store::event::State;
use crate::store::outbox::{self, Delivery, EVENTS, JOBS, OUTBOX};
use crate::store::{Filter, Store, StoreError, eq, ne, none_of};

/// Deliveries in flight at once: mails have these, and events and jobs as many of their own.
const AT_ONCE: usize = 20;
const IDLE: Duration = Duration::from_secs(1);
/// A few times in each lease.
const RENEW_EVERY: Duration = Duration::from_secs(10);
/// Longer than a slow mail server needs.
const LONGEST_TRY: Duration = Duration::from_secs(120);
/// How long deliveries in flight may go on when the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// A sender that did not look for so long hangs.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// Stands among the ids of what is in flight while rows are taken.
const LOOKING: &str = "";

/// Sends the rows of the outbox.
pub struct Sender {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    ways: Ways,
    opener: Opener,
    wake: Arc<Notify>,
    pulse: Arc<Pulse>,
    /// The ids of what is in flight: a clock that jumps ahead ends leases, and nothing is to be sent twice at once.
    in_flight: Arc<InFlight>,
}

type InFlight = Mutex<BTreeSet<String>>;
/// The ways out.
pub struct Ways {
    /// Of mails, when there are some.
    pub mailer: Option<CurrentMailer>,
    /// Of scripts' events.
    pub scripts: EventHooks,
    /// Of events for other systems.
    pub receivers: Receivers,
    /// Who does jobs, when there is somebody.
    pub runner: Option<Arc<dyn Runner>>,
}

/// A delivery in flight, until this is dropped.
struct Flight {
    sender: Arc<Sender>,
    delivery: Delivery,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.sender.in_flight().remove(self.delivery.id());
    }
}

/// The sender that runs. It stops when this is dropped.
pub struct Deliveries {
    task: Mutex<Option<JoinHandle<()>>>,
    stop: watch::Sender<bool>,
    pulse: Arc<Pulse>,
    in_flight: Arc<InFlight>,
}

impl Deliveries {
    /// Whether nothing is in flight just now.
    pub fn is_idle(&self) -> bool {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// True while the sender looks for what is due.
    pub fn is_alive(&self) -> bool {
        !*self.stop.borrow() && self.pulse.last().elapsed() < LONGEST_SILENCE
    }

    /// Takes nothing more, lets what is in flight end for ten seconds, and gives the rest back to the outbox.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // A task that panicked has nothing in flight.
            _ = task.await;
        }
    }
}

/// How a try ended.
enum Outcome {
    /// The row is done with.
    Done,
    /// Somebody may try again.
    Failed(TransportError),
    /// The server stops.
    GivenBack,
}

impl Sender {
    /// A sender. [`Sender::start`] starts it. `auth.mail_queued` wakes it after a commit.
    pub fn new(auth: &Auth, ways: Ways) -> Self {
        let (store, clock, wake) = (auth.store.clone(), Arc::clone(&auth.clock), Arc::clone(&auth.mail_queued));
        let pulse = Arc::<Pulse>::default();
        let (opener, in_flight) = (Opener::new(auth), Arc::default());
        Self { store, clock, ways, opener, wake, pulse, in_flight }
    }

    fn in_flight(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends until it is told to stop. A sender that panics is started again.
    pub fn start(self) -> Deliveries {
        let (stop, stopped) = watch::channel(false);
        let (pulse, in_flight) = (Arc::clone(&self.pulse), Arc::clone(&self.in_flight));
        let sender = Arc::new(self);
        let task = tokio::spawn(async move {
            while let Err(error) = tokio::spawn(Arc::clone(&sender).run(stopped.clone())).await {
                tracing::error!(is_panic = error.is_panic(), "the sender of mail failed and is started again");
                tokio::time::sleep(IDLE).await;
            }
        });
        Deliveries { task: Mutex::new(Some(task)), stop, pulse, in_flight }
    }

    async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut mails = JoinSet::new();
        let mut events = JoinSet::new();
        let mut running = JoinSet::new();
        let mut told: BTreeMap<String, JoinSet<()>> = BTreeMap::new();
        let mut following = JoinSet::new();
        let mut planned = Vec::new();
        let mut seen = Timestamp(i64::MAX);
        while !is_stopped(&stop) {
            self.pulse.beat();
            if following.is_empty() {
                following.spawn(follow(self.ways.receivers.clone()));
            }
            let looked = async {
                self.release_held(&mut seen).await?;
                if self.ways.mailer.is_some() {
                    self.fill(OUTBOX, &mut mails, &[ne("kind", EVENT)], &stop).await?;
                }
                self.fill(OUTBOX, &mut events, &[eq("kind", EVENT)], &stop).await?;
                for receiver in self.ways.receivers.names() {
                    let which = [eq("receiver", receiver.as_str()), eq("state", State::Waiting.name())];
                    self.fill(EVENTS, told.entry(receiver).or_default(), &which, &stop).await?;
                }
                let Some(runner) = &self.ways.runner else { return Ok(()) };
                let known = jobs::plan(&*self.store, &runner.kinds(), &mut planned, self.clock.now()).await?;
                match known {
                    Some(known) => self.fill(JOBS, &mut running, &known, &stop).await,
                    None => Ok(()),
                }
            };
            if let Err(error) = looked.await {
                tracing::warn!(%error, "the outbox cannot be read");
            }
            // Whatever ends makes room for one more at once.
            told.values_mut().for_each(|flying| {
                while let Some(ended) = flying.try_join_next() {
                    note(&ended);
                }
            });
            tokio::select! {
                Some(ended) = mails.join_next() => note(&ended),
                Some(ended) = events.join_next() => note(&ended),
                Some(ended) = running.join_next() => note(&ended),
                Some(ended) = following.join_next() => note(&ended),
                () = self.wake.notified() => {}
                () = tokio::time::sleep(IDLE) => {}
                _ = stop.changed() => {}
            }
        }
        following.abort_all();
        for mut flying in [mails, events, running].into_iter().chain(told.into_values()) {
            while let Some(ended) = flying.join_next().await {
                note(&ended);
            }
        }
    }

    /// After a clock that stepped back, lets rows that would wait longer than any retry be taken at once.
    async fn release_held(&self, seen: &mut Timestamp) -> Result<(), StoreError> {
        let now = self.clock.now();
        if now < *seen {
            outbox::release_held(&*self.store, now, longest_wait_secs).await?;
        }
        *seen = now;
        Ok(())
    }

    /// Takes as many rows as there is room for. Meanwhile the sender is not idle.
    async fn fill(
        self: &Arc<Self>,
        table: &str,
        flying: &mut JoinSet<()>,
        kinds: &[Filter],
        stop: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        self.in_flight().insert(LOOKING.to_owned());
        let filled = self.take(table, flying, kinds, stop).await;
        self.in_flight().remove(LOOKING);
        filled
    }

    async fn take(
        self: &Arc<Self>,
        table: &str,
        flying: &mut JoinSet<()>,
        kinds: &[Filter],
        stop: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let room = u32::try_from(AT_ONCE.saturating_sub(flying.len())).unwrap_or(0);
        if room == 0 {
            return Ok(());
        }
        let in_flight = self.in_flight().iter().map(|id| id.as_str().into()).collect();
        let which = [kinds, &[none_of("id", in_flight)]].concat();
        for delivery in outbox::take_due(&*self.store, table, &which, self.clock.now(), (LEASE_SECS, room)).await? {
            self.in_flight().insert(delivery.id().to_owned());
            let flight = Flight { sender: Arc::clone(self), delivery };
            flying.spawn(deliver(flight, stop.clone()));
        }
        Ok(())
    }

    async fn attempt(&self, delivery: &Delivery, stop: watch::Receiver<bool>) -> Outcome {
        if let Some(reason) = too_late(delivery, self.clock.now()) {
            tracing::warn!(kind = delivery.kind(), attempts = delivery.attempts(), reason, "a delivery was dropped");
            return Outcome::Done;
        }
        let sending = tokio::time::timeout(LONGEST_TRY, self.send(delivery));
        let grace_over = grace_over(stop);
        tokio::pin!(sending, grace_over);
        loop {
            tokio::select! {
                biased;
                sent = &mut sending => return match sent {
                    Ok(Ok(())) => Outcome::Done,
                    Ok(Err(error)) => Outcome::Failed(error),
                    Err(_) => Outcome::Failed(TransportError::passing("it took too long")),
                },
                () = &mut grace_over => return Outcome::GivenBack,
                () = tokio::time::sleep(RENEW_EVERY) => {
                    let until = self.clock.now().plus_secs(LEASE_SECS);
                    if let Err(error) = outbox::postpone(&*self.store, delivery, until, None).await {
                        tracing::warn!(%error, "the lease of a delivery cannot be renewed");
                    }
                }
            }
        }
    }

    /// Removes the row, or says when it may be taken again.
    async fn record(&self, delivery: &Delivery, outcome: &Outcome) -> Result<(), StoreError> {
        let now = self.clock.now();
        let error = match outcome {
            Outcome::Done => return jobs::done(&*self.store, delivery, now).await,
            Outcome::GivenBack => return outbox::postpone(&*self.store, delivery, now, None).await,
            Outcome::Failed(error) => error,
        };
        let (kind, attempts) = (delivery.kind(), delivery.attempts());
        match retry_at(delivery, error, now) {
            Some(again) => {
                tracing::warn!(kind, attempts, %error, "a delivery was not made");
                outbox::postpone(&*self.store, delivery, again, Some(&error.to_string())).await
            }
            None => {
                tracing::error!(kind, attempts, %error, "a delivery was given up");
                jobs::give_up(&*self.store, delivery, now, &error.to_string()).await
            }
        }
    }

    async fn send(&self, delivery: &Delivery) -> Result<(), TransportError> {
        match delivery.kind() {
            _ if delivery.is_event() => self.ways.receivers.send(delivery).await,
            _ if delivery.is_job() => jobs::run(self.ways.runner.as_deref(), &self.opener, delivery).await,
            DECOY => Ok(()),
            EVENT => self.ways.scripts.send(delivery).await,
            _ => self.send_mail(delivery).await,
        }
    }

    async fn send_mail(&self, delivery: &Delivery) -> Result<(), TransportError> {
        let Some(mailer) = self.ways.mailer.as_ref().map(|mailer| mailer.load_full()) else {
            return Err(TransportError::passing("there is no [mail] section"));
        };
        let payload = delivery.payload();
        let unreadable = || TransportError::lasting("its data was sealed with a secret that is gone");
        let data = self.opener.data(payload).ok_or_else(unreadable)?;
        let filled = mailer.templates.render(delivery.kind(), &data);
        let filled =
            filled.map_err(|error| TransportError::passing(format!("its template cannot be filled: {error}")))?;
        let mail = Mail {
            id: delivery.id().to_owned(),
            kind: delivery.kind().to_owned(),
            to: payload.get("to").and_then(Json::as_str).unwrap_or_default().to_owned(),
            subject: filled.subject,
            text: filled.text,
            html: filled.html,
            data,
        };
        let screened = match (mailer.filter)() {
            Some(filter) => filter.look(mail).await?,
            None => Some(mail),
        };
        match screened {
            Some(mail) => mailer.transport.send(&mail).await,
            None => Ok(()),
        }
    }
}

/// Makes one delivery and records its outcome.
async fn deliver(flight: Flight, stop: watch::Receiver<bool>) {
    let Flight { sender, delivery } = &flight;
    let _woken = Woken(delivery.is_event().then(|| Arc::clone(&sender.wake)));
    let outcome = sender.attempt(delivery, stop).await;
    // What was sent and cannot be recorded would be sent twice.
    for _ in 0..LEASE_SECS / 2 {
        match sender.record(delivery, &outcome).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "the outcome of a delivery cannot be recorded yet"),
        }
        tokio::time::sleep(IDLE).await;
    }
}

/// Lets receivers have what the audit log has got, and rests. A syslog server that is slow holds nothing else up.
async fn follow(receivers: Receivers) {
    loop {
        match events::follow(&receivers).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                tracing::warn!(%error, "the audit log cannot be followed now");
                break;
            }
        }
    }
    tokio::time::sleep(IDLE).await;
}

/// Wakes the sender when it is dropped: nobody waits for the ends of events one by one.
struct Woken(Option<Arc<Notify>>);

impl Drop for Woken {
    fn drop(&mut self) {
        if let Some(wake) = &self.0 {
            wake.notify_one();
        }
    }
}

/// A handle that is gone means stop, too.
fn is_stopped(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

/// Ends a while after the server was told to stop.
async fn grace_over(mut stop: watch::Receiver<bool>) {
    _ = stop.wait_for(|is_stopped| *is_stopped).await;
    tokio::time::sleep(GRACE).await;
}

/// A delivery that panicked waits for the end of its lease.
fn note(ended: &Result<(), JoinError>) {
    if ended.is_err() {
        tracing::error!("a delivery panicked and is tried again later");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use arc_swap::ArcSwap;

    use super::*;
    use crate::outbox::Mailer;
    use crate::outbox::Templates;
    use crate::outbox::mailbox::Mailbox;
    use crate::store::{Schema, StoreOptions};

    /// A clock that panics the first times that it is asked.
    struct Broken(AtomicU32);

    impl Clock for Broken {
        fn now(&self) -> Timestamp {
            let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            assert!(left.is_err(), "the test wants a panic");
            Timestamp(1_767_225_600_000)
        }
    }

    #[tokio::test]
    async fn a_sender_that_panics_is_started_again() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let store = Store::open(&url, Arc::new(Schema::core()), StoreOptions::default()).unwrap();
        store.migrate().await.unwrap();
        let payload = serde_json::json!({ "to": "ada@example.com", "data": {} });
        outbox::enqueue(&store, "m1", "note", payload, Timestamp(1_767_225_600_000)).await.unwrap();
        let mailbox = Arc::<Mailbox>::default();
        let templates = Templates::new("Acme", None).unwrap();
        let transport = Arc::<Mailbox>::clone(&mailbox);
        let sender = Sender {
            store: Arc::new(store.clone()),
            clock: Arc::new(Broken(AtomicU32::new(1))),
            ways: Ways {
                mailer: Some(Arc::new(ArcSwap::from_pointee(Mailer {
                    templates,
                    transport,
                    filter: Box::new(|| None),
                }))),
                scripts: EventHooks::default(),
                receivers: Receivers::none(Arc::new(store.clone())),
                runner: None,
            },
            opener: Opener::unlocked(),
            wake: Arc::default(),
            pulse: Arc::default(),
            in_flight: Arc::default(),
        };
        let deliveries = sender.start();
        for _ in 0..1000 {
            if outbox::depth(&store).await.unwrap() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(mailbox.mails().len(), 1);
        assert!(deliveries.is_alive());
    }
}
