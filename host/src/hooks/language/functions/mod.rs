//! The functions that scripts call beside those of the language: each ends at once, whatever it is given.

mod counters;
mod network;
mod secrets;
mod text;
mod time;

use std::sync::Arc;

use rhai::Engine;

pub use counters::{Counters, MemoryCounters};

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

/// Gives scripts all functions.
pub fn register(engine: &mut Engine, ports: &Ports) {
    time::register(engine, ports);
    text::register(engine);
    network::register(engine);
    secrets::register(engine, ports);
    counters::register(engine, ports);
}
