//! How much plugins may do at once, in the whole server.
//!
//! Invariant: it is made once and outlives a reload: what the old plugins still do counts together with what the new ones do.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::events::{CHANGES_AT_ONCE, DEEPEST};
use crate::http::outgoing;
use crate::plugin_host::engine::REQUESTS_AT_ONCE;

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
