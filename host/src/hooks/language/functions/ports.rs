//! What functions of scripts take from outside.

use std::sync::Arc;

use super::counters::Counters;
use crate::clock::Clock;
use crate::crypto::random::Random;
use crate::crypto::secret::Secret;

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
    pub signing_key: Secret<Vec<u8>>,
}
