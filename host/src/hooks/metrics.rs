//! What each script did and what it cost, since the start.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::telemetry::{Distribution, Histogram};

/// The counters of one script.
#[derive(Default)]
pub struct ScriptMetrics {
    calls: AtomicU64,
    outcomes: AtomicU64,
    failures: AtomicU64,
    slow_calls: AtomicU64,
    took: Histogram,
}

/// The counters of one script at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptCounts {
    /// The script, as the configuration names it.
    pub script: String,
    /// Calls of its hooks.
    pub calls: u64,
    /// Calls that ended with an outcome: refused, answered, sent elsewhere.
    pub outcomes: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Calls on the threads for slow scripts.
    pub slow_calls: u64,
    /// How long calls took.
    pub took: Distribution,
}

impl ScriptCounts {
    /// Time in calls, in microseconds.
    pub fn micros(&self) -> u64 {
        u64::try_from(Duration::from_secs_f64(self.took.sum_secs).as_micros()).unwrap_or(u64::MAX)
    }
}

/// How one call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    /// To its end.
    On,
    /// To an outcome.
    Out,
    /// Wrong.
    Wrong,
}

impl ScriptMetrics {
    /// Counts one call.
    pub fn add(&self, went: Went, spent: Duration) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match went {
            Went::On => {}
            Went::Out => _ = self.outcomes.fetch_add(1, Ordering::Relaxed),
            Went::Wrong => _ = self.failures.fetch_add(1, Ordering::Relaxed),
        }
        self.took.record(spent);
    }

    /// Counts one call as one of a slow script.
    pub fn add_slow(&self) {
        self.slow_calls.fetch_add(1, Ordering::Relaxed);
    }

    /// The counters now.
    pub fn read(&self, script: &str) -> ScriptCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ScriptCounts {
            script: script.to_owned(),
            calls: of(&self.calls),
            outcomes: of(&self.outcomes),
            failures: of(&self.failures),
            slow_calls: of(&self.slow_calls),
            took: self.took.read(),
        }
    }
}
