//! How much plugins may do at once, in the whole server.
//!
//! Invariant: it is made once and outlives a reload: what the old plugins still do counts together with what the new ones do.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::http::outgoing;
use crate::plugin_host::engine::REQUESTS_AT_ONCE;

/// Changes of requests beneath which guests run at once. Nobody waits for a permit: whoever has one may wait for the row that
/// the waiting transaction holds.
pub(in crate::plugin_host) const CHANGES_AT_ONCE: usize = 32;
/// Changes that cause changes.
pub(in crate::plugin_host) const DEEPEST: usize = 4;

/// The permits that plugins share. Clones share them too.
#[derive(Clone)]
pub struct Capacity {
    /// Requests inside plugins.
    pub(in crate::plugin_host) requests: Arc<Semaphore>,
    /// Guests beneath changes.
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
