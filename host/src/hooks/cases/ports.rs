//! What scripts take from outside while their cases run: a clock that stands still, and counters that a case sets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value as Json;

use crate::clock::{Clock, Timestamp};
use crate::crypto::random::SystemRandom;
use crate::crypto::secret::Secret;
use crate::hooks::language::functions::{Counters, Ports};

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
            signing_key: Secret::new("the key of cases".to_owned()),
        }
    }

    /// Sets the moment.
    pub fn set_now(&self, now: Timestamp) {
        self.clock.0.store(now.0, Ordering::Relaxed);
    }

    /// Sets all counters; they end when no case would.
    pub fn set_counters(&self, counters: &BTreeMap<String, i64>) {
        let count = |(key, count): (&String, &i64)| (self.own(key), (*count, Timestamp(i64::MAX)));
        *self.counters.lock() = counters.iter().map(count).collect();
    }

    /// The counters now, by the keys that the script uses.
    pub fn counted(&self) -> Json {
        let prefix = self.own("");
        let counters = self.counters.lock();
        let own = counters.iter().filter_map(|(key, (count, _))| Some((key.strip_prefix(&prefix)?.to_owned(), *count)));
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

/// Counts and when they end.
#[derive(Default)]
struct FixedCounters(Mutex<BTreeMap<String, (i64, Timestamp)>>);

impl FixedCounters {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, (i64, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters for FixedCounters {
    fn add(&self, key: &str, window_secs: i64, now: Timestamp) -> i64 {
        let mut counts = self.lock();
        let fresh = (0, now.plus_secs(window_secs));
        let count = counts.entry(key.to_owned()).or_insert(fresh);
        if count.1 <= now {
            *count = fresh;
        }
        count.0 += 1;
        count.0
    }

    fn get(&self, key: &str, now: Timestamp) -> i64 {
        self.lock().get(key).filter(|(_, ends)| *ends > now).map_or(0, |(count, _)| *count)
    }

    fn reset(&self, key: &str) {
        self.lock().remove(key);
    }
}
