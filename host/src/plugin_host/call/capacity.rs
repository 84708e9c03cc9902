//! How much plugins may do at once: in the whole server, and each by itself, so that none takes all of it.
//!
//! A turn is the right to run. It is not held while a guest waits for another server or for a password's hash.
//!
//! Invariant: it outlives a reload, so that the calls of old and new plugins count together.
//! Invariant: whoever has a turn of the server waits for nobody's turn: a request that must wait gives its own back first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;
use crate::http::outgoing;
use crate::plugin_host::engine::REQUESTS_AT_ONCE;

/// Maximum changes of requests that run plugin events at once. One more is refused rather than queued: a running event may
/// wait for a lock held by the transaction that would queue.
pub(in crate::plugin_host) const CHANGES_AT_ONCE: usize = 32;
/// Maximum changes that cause each other.
pub(in crate::plugin_host) const DEEPEST: usize = 4;
/// Maximum events that run at once.
pub(in crate::plugin_host) const EVENTS_AT_ONCE: usize = CHANGES_AT_ONCE * DEEPEST;
/// Requests that one plugin lets wait for others at once. One more is refused.
pub(in crate::plugin_host) const WAITING_AT_ONCE: usize = 128;

/// Requests that may run in one plugin at once; the next ones wait.
const OF_ONE_PLUGIN: usize = REQUESTS_AT_ONCE / 2;
/// Free turns below which a request keeps none between its calls.
const ROOM: usize = REQUESTS_AT_ONCE / 2;
const LONGEST_QUEUE: Duration = Duration::from_secs(5);

/// The permits that plugins share. Clones share them.
#[derive(Clone)]
pub struct Capacity {
    /// Requests inside plugins.
    requests: Arc<Semaphore>,
    /// Plugin events.
    pub(in crate::plugin_host) changes: Arc<Semaphore>,
    /// Requests to other servers.
    pub(in crate::plugin_host) outgoing: outgoing::Permits,
    /// Of each plugin, by its id.
    plugins: Arc<Mutex<HashMap<String, Arc<Turns>>>>,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            requests: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)),
            changes: Arc::new(Semaphore::new(EVENTS_AT_ONCE)),
            outgoing: outgoing::Permits::default(),
            plugins: Arc::default(),
        }
    }
}

impl Capacity {
    /// Plugins reach no other server: this answers in place of all.
    pub fn with_upstream(upstream: Arc<dyn outgoing::Upstream>) -> Self {
        Self { outgoing: outgoing::Permits::answered_by(upstream), ..Self::default() }
    }

    /// The turns of the plugin `id`.
    pub(in crate::plugin_host) fn turns(&self, id: &str) -> Arc<Turns> {
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let server = Arc::clone(&self.requests);
            let [plugin, waiting] = [OF_ONE_PLUGIN, WAITING_AT_ONCE].map(|most| Arc::new(Semaphore::new(most)));
            Arc::new(Turns { server, plugin, waiting, longest_queue: LONGEST_QUEUE })
        };
        Arc::clone(plugins.entry(id.to_owned()).or_insert_with(made))
    }
}

/// What one plugin may do at once.
pub(in crate::plugin_host) struct Turns {
    /// Of the server, for all plugins.
    server: Arc<Semaphore>,
    plugin: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// How long a request waits for a turn before it is refused.
    longest_queue: Duration,
}

impl Turns {
    /// Waits for a turn.
    ///
    /// # Errors
    /// 503 when there was none for long.
    pub(in crate::plugin_host) async fn take(self: &Arc<Self>) -> Result<Turn, ApiError> {
        if let Some(turn) = self.take_at_once() {
            return Ok(turn);
        }
        let both = async {
            // First its own: while it waits for that, it keeps nothing from other plugins.
            let of_plugin = Arc::clone(&self.plugin).acquire_owned().await?;
            Ok::<_, AcquireError>((of_plugin, Arc::clone(&self.server).acquire_owned().await?))
        };
        match tokio::time::timeout(self.longest_queue, both).await {
            Ok(Ok((of_plugin, of_server))) => Ok(self.turn(of_plugin, of_server)),
            _ => Err(ApiError::busy()),
        }
    }

    fn take_at_once(self: &Arc<Self>) -> Option<Turn> {
        let of_plugin = Arc::clone(&self.plugin).try_acquire_owned().ok()?;
        Some(self.turn(of_plugin, Arc::clone(&self.server).try_acquire_owned().ok()?))
    }

    fn turn(self: &Arc<Self>, of_plugin: OwnedSemaphorePermit, of_server: OwnedSemaphorePermit) -> Turn {
        Turn { turns: Arc::clone(self), of_plugin: Some(of_plugin), _of_server: of_server }
    }

    /// A place among the requests that wait for others; none when too many do.
    pub(in crate::plugin_host) fn wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.waiting).try_acquire_owned().ok()
    }
}

/// A request's right to run in guests.
pub(in crate::plugin_host) struct Turn {
    /// Of the plugin in which it runs, or ran last.
    pub(in crate::plugin_host) turns: Arc<Turns>,
    /// While it runs in one.
    of_plugin: Option<OwnedSemaphorePermit>,
    _of_server: OwnedSemaphorePermit,
}

impl Turn {
    /// Goes on in another plugin, or again in the same. False when that has no turn left.
    pub(in crate::plugin_host) fn resume(&mut self, turns: &Arc<Turns>) -> bool {
        self.of_plugin = Arc::clone(&turns.plugin).try_acquire_owned().ok();
        self.turns = Arc::clone(turns);
        self.of_plugin.is_some()
    }

    /// Ends the run in its plugin. False when the request should give the rest back too.
    pub(in crate::plugin_host) fn pause(&mut self) -> bool {
        self.of_plugin = None;
        self.has_room()
    }

    /// Whether so few requests are inside plugins that each may keep its instances.
    pub(in crate::plugin_host) fn has_room(&self) -> bool {
        self.turns.server.available_permits() >= ROOM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_plugin_does_not_take_all_turns() {
        let capacity = Capacity::default();
        let (greedy, other) = (capacity.turns("greedy"), capacity.turns("other"));
        let mut taken = Vec::new();
        for _ in 0..OF_ONE_PLUGIN {
            taken.push(greedy.take().await.unwrap());
        }
        let mut more = Box::pin(greedy.take());
        assert!(futures_util::FutureExt::now_or_never(&mut more).is_none());
        let mut turn = other.take().await.unwrap();
        assert!(!turn.resume(&greedy), "nor by way of another");
        assert!(turn.resume(&other));
        drop(taken.pop());
        assert!(more.await.is_ok());
        assert!(Arc::ptr_eq(&greedy, &capacity.turns("greedy")), "a reload finds the same");
    }

    #[tokio::test]
    async fn who_waits_for_a_turn_is_refused_in_the_end() {
        let [server, plugin, waiting] = [1, 0, 1].map(|most| Arc::new(Semaphore::new(most)));
        let turns = Arc::new(Turns { server, plugin, waiting, longest_queue: Duration::ZERO });
        let refused = turns.take().await.err().unwrap();
        assert_eq!((refused.status, refused.code()), (503, Some("SERVER_BUSY")));
        assert!(refused.headers.iter().any(|(name, _)| *name == "retry-after"));
        assert_eq!(turns.server.available_permits(), 1);
    }

    #[test]
    fn the_waiting_are_few() {
        let turns = Capacity::default().turns("x");
        let waiting: Vec<_> = std::iter::from_fn(|| turns.wait()).collect();
        assert_eq!(waiting.len(), WAITING_AT_ONCE);
    }
}
