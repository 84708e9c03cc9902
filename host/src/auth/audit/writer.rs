//! Writes events beside the requests, several at once.
//!
//! A server that is told to stop writes what it has. One that is killed, or whose machine fails, loses what happened in the
//! last moment: the events of at most `GATHER_MS` and of the batch that is being written. While the database is away, events
//! wait; those that find no room are counted, and an event tells how many they were.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::append::write_now;
use super::chain::Keys;
use super::event::AuditEvent;
use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// How long an event waits for others, in milliseconds.
const GATHER_MS: u64 = 100;
/// Events of one batch.
const BATCH: usize = 256;
/// Events that wait.
const ROOM: usize = 8192;
/// Between two tries to write a batch, the first and the longest pause.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];
/// How often a batch is tried that the database refuses.
const MOST_REFUSALS: u32 = 5;
/// How long a server that stops waits for its last events.
const LAST_WAIT: Duration = Duration::from_secs(5);

enum Message {
    Event(Box<AuditEvent>),
    /// Answered when everything before it is stored.
    Flush(oneshot::Sender<()>),
}

/// Takes events and has them written. Clones of the handle share one writer.
pub struct AuditLog {
    sender: Option<mpsc::Sender<Message>>,
    receiver: Mutex<Option<mpsc::Receiver<Message>>>,
    lost: AtomicU64,
}

impl AuditLog {
    /// A log that writes once it is started; one that is off takes nothing.
    pub fn new(is_on: bool) -> Arc<Self> {
        let (sender, receiver) = mpsc::channel(ROOM);
        let lost = AtomicU64::new(0);
        Arc::new(match is_on {
            true => Self { sender: Some(sender), receiver: Mutex::new(Some(receiver)), lost },
            false => Self { sender: None, receiver: Mutex::new(None), lost },
        })
    }

    /// Whether events are stored.
    pub fn is_on(&self) -> bool {
        self.sender.is_some()
    }

    /// Has an event written soon. Never waits.
    pub fn record(&self, event: AuditEvent) {
        let Some(sender) = &self.sender else { return };
        if sender.try_send(Message::Event(Box::new(event))).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The number of events that found no room and are not told of yet.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Returns when what was recorded until now is stored, or after a while.
    pub async fn flush(&self) {
        let Some(sender) = &self.sender else { return };
        let (done, stored) = oneshot::channel();
        if sender.send(Message::Flush(done)).await.is_ok() {
            _ = tokio::time::timeout(LAST_WAIT, stored).await;
        }
    }

    /// Starts the writer; it ends when the log is dropped. The second call does nothing.
    pub fn start(self: &Arc<Self>, store: Store, keys: Keys, clock: Arc<dyn Clock>) {
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(receiver) = receiver else { return };
        let log = Arc::downgrade(self);
        let lost = move || log.upgrade().map_or(0, |log| log.lost.swap(0, Ordering::Relaxed));
        tokio::spawn(Writer { receiver, store, keys, clock }.run(lost));
    }
}

struct Writer {
    receiver: mpsc::Receiver<Message>,
    store: Store,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl Writer {
    async fn run(mut self, lost: impl Fn() -> u64) {
        while let Some(first) = self.receiver.recv().await {
            let (mut batch, mut waiting) = (Vec::new(), Vec::new());
            self.take(first, &mut batch, &mut waiting);
            if waiting.is_empty() {
                tokio::time::sleep(Duration::from_millis(GATHER_MS)).await;
            }
            while batch.len() < BATCH
                && let Ok(message) = self.receiver.try_recv()
            {
                self.take(message, &mut batch, &mut waiting);
            }
            let count = lost();
            if count > 0 {
                let mut event = AuditEvent::new("audit-events-lost", self.clock.now());
                event.details = Some(json!({ "count": count }));
                batch.push(event);
            }
            self.write(&batch).await;
            for done in waiting {
                _ = done.send(());
            }
        }
    }

    fn take(&self, message: Message, batch: &mut Vec<AuditEvent>, waiting: &mut Vec<oneshot::Sender<()>>) {
        match message {
            Message::Event(event) => batch.push(*event),
            Message::Flush(done) => waiting.push(done),
        }
    }

    /// Writes a batch, however long the database is away.
    async fn write(&self, batch: &[AuditEvent]) {
        let [mut pause, longest] = PAUSES;
        let mut refusals = 0;
        loop {
            let error = match write_now(&self.store, &self.keys, batch).await {
                Ok(()) => return,
                Err(error) => error,
            };
            if !matches!(error, StoreError::Unavailable(_) | StoreError::Conflict) {
                refusals += 1;
            }
            if refusals == MOST_REFUSALS {
                tracing::error!(%error, events = batch.len(), "events of the audit log could not be stored and are lost");
                return;
            }
            tracing::warn!(%error, events = batch.len(), "events of the audit log cannot be stored now");
            tokio::time::sleep(pause).await;
            pause = longest.min(pause * 2);
        }
    }
}
