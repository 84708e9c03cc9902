//! What scripts take from outside while their cases run: a clock that stands still, and counters that a case sets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value as Json;

use super::super::functions::{Counters, Ports};
use crate::clock::{Clock, Timestamp};
use crate::random::SystemRandom;
use crate::secret::Secret;

/// The ports of one run.
pub struct CasePorts {
    script: String,
    clock: Arc<FixedClock>,
    counters: Arc<FixedCounters>,
}

impl CasePorts {
    /// Ports for the script of this name.
    pub fn new(script: &str) -> Self {
        Self { script: script.to_owned(), clock: Arc::default(), counters: Arc::default() }
    }

    /// As the engine takes them.
    pub fn engine_ports(&self) -> Ports {
        Ports {
            clock: Arc::<FixedClock>::clone(&self.clock),
            random: Arc::new(SystemRandom),
            counters: Arc::<FixedCounters>::clone(&self.counters),
            signing_key: Secret::new(b"the key of cases".to_vec()),
        }
    }

    /// Sets the moment and the counters of one case.
    pub fn set(&self, now: Timestamp, counters: &BTreeMap<String, i64>) {
        self.clock.0.store(now.0, Ordering::Relaxed);
        *self.counters.lock() = counters.iter().map(|(key, count)| (self.own(key), *count)).collect();
    }

    /// The counters now, by the keys that the script uses.
    pub fn counted(&self) -> Json {
        let prefix = self.own("");
        let counters = self.counters.lock();
        let own = counters.iter().filter_map(|(key, count)| Some((key.strip_prefix(&prefix)?.to_owned(), *count)));
        Json::Object(own.map(|(key, count)| (key, count.into())).collect())
    }

    fn own(&self, key: &str) -> String {
        format!("{}\n{key}", self.script)
    }
}

#[derive(Default)]
struct FixedClock(AtomicI64);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Default)]
struct FixedCounters(Mutex<BTreeMap<String, i64>>);

impl FixedCounters {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters for FixedCounters {
    fn add(&self, key: &str, _window_secs: i64, _now: Timestamp) -> i64 {
        let mut counts = self.lock();
        let count = counts.entry(key.to_owned()).or_default();
        *count += 1;
        *count
    }

    fn get(&self, key: &str, _now: Timestamp) -> i64 {
        self.lock().get(key).copied().unwrap_or_default()
    }

    fn reset(&self, key: &str) {
        self.lock().remove(key);
    }
}
