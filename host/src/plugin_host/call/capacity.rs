//! How much plugins may do at once, in the whole server.
//!
//! Invariant: it outlives a reload, so that the calls of old and new plugins count together.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::http::outgoing;
use crate::plugin_host::engine::REQUESTS_AT_ONCE;

/// Maximum changes of requests that run plugin events at once. One more is refused rather than queued: a running event may
/// wait for a lock held by the transaction that would queue.
pub(in crate::plugin_host) const CHANGES_AT_ONCE: usize = 32;
/// Maximum changes that cause each other.
pub(in crate::plugin_host) const DEEPEST: usize = 4;

/// The permits that plugins share. Clones share them.
#[derive(Clone)]
pub struct Capacity {
    /// Requests inside plugins.
    pub(in crate::plugin_host) requests: Arc<Semaphore>,
    /// Plugin events.
    pub(in crate::plugin_host) changes: Arc<Semaphore>,
    /// Requests to other servers.
    pub(in crate::plugin_host) outgoing: outgoing::Permits,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            requests: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)),
            changes: Arc::new(Semaphore::new(CHANGES_AT_ONCE * DEEPEST)),
            outgoing: outgoing::Permits::default(),
        }
    }
}
