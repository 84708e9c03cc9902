//! What functions of scripts take from outside.

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::crypto::random::Random;
use crate::crypto::secret::Secret;

/// Where counts are kept. Scripts run on one thread from beginning to end, so that these calls must not wait long.
pub trait Counters: Send + Sync {
    /// Adds one, and returns the count: since the first of the window, which ends after `window_secs`.
    fn add(&self, key: &str, window_secs: i64, now: Timestamp) -> i64;

    /// The count now.
    fn get(&self, key: &str, now: Timestamp) -> i64;

    /// Forgets a count.
    fn reset(&self, key: &str);
}

/// What functions take from outside. Cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Counts that outlive a call.
    pub counters: Arc<dyn Counters>,
    /// Key that the keys of `sign` are derived from.
    pub signing_key: Secret<String>,
}
