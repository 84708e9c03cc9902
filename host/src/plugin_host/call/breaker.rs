//! The circuit breaker of one plugin, and what is counted of its calls.
//!
//! Invariant: while a plugin is paused, at most one call in each pause reaches it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::config::BreakerConfig;
use crate::telemetry::{Distribution, Histogram};

/// Threads that read the clock at the same time differ by less.
const AHEAD_MS: i64 = 1000;

/// How often a plugin was called, and how that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginCounters {
    /// The plugin's id.
    pub plugin: String,
    /// Calls that reached it.
    pub calls: u64,
    /// Calls that ended in a trap, at a limit or with an answer that cannot be sent. Those that a client's input took to a
    /// limit are not among them.
    pub failures: u64,
    /// Calls that were not made because it had failed too often.
    pub paused_calls: u64,
    /// Hooks without which a request went on, by the operator's `on_failure`.
    pub skipped_hooks: u64,
    /// How long calls took, with what they waited for.
    pub took: Distribution,
    /// The most memory that one instance had, in bytes.
    pub most_bytes: u64,
    /// Failures at a limit, by the option that sets it.
    pub limit_hits: BTreeMap<&'static str, u64>,
    /// Whether it is paused.
    pub is_paused: bool,
}

/// Lets calls through, or not.
pub(in crate::plugin_host) struct Breaker {
    config: BreakerConfig,
    /// Milliseconds since 1970; 0 while calls go through.
    paused_until: AtomicI64,
    failed_at: Mutex<VecDeque<i64>>,
    calls: AtomicU64,
    failures: AtomicU64,
    paused_calls: AtomicU64,
    skipped_hooks: AtomicU64,
    limit_hits: Mutex<BTreeMap<&'static str, u64>>,
    took: Histogram,
    most_bytes: AtomicU64,
}

/// A call that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plugin_host) enum Passage {
    /// One among many.
    Usual,
    /// The one that tries whether the plugin works again.
    Probe,
}

/// What matters of a call when it fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    pub(super) passage: Passage,
    /// Whether the guest has read what the client sent.
    pub(super) has_read_input: bool,
}

impl Circumstances {
    pub(super) fn of(passage: Passage) -> Self {
        Self { passage, has_read_input: false }
    }
}

/// A call that may not be made, and when to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plugin_host) struct Paused {
    pub(in crate::plugin_host) retry_after_secs: u32,
}

impl Breaker {
    pub(in crate::plugin_host) fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            paused_until: AtomicI64::new(0),
            failed_at: Mutex::default(),
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            paused_calls: AtomicU64::new(0),
            skipped_hooks: AtomicU64::new(0),
            limit_hits: Mutex::default(),
            took: Histogram::default(),
            most_bytes: AtomicU64::new(0),
        }
    }

    /// Whether a call may be made now.
    ///
    /// # Errors
    /// `Paused` when it may not.
    pub(in crate::plugin_host) fn enter(&self, now: Timestamp) -> Result<Passage, Paused> {
        let until = self.paused_until.load(Ordering::Relaxed);
        if until == 0 {
            self.calls.fetch_add(1, Ordering::Relaxed);
            return Ok(Passage::Usual);
        }
        // Whoever moves the end of the pause has the right to the one call. It need not be given back: a probe that
        // never ends leaves the plugin paused until the next.
        let next = now.0 + i64::from(self.config.pause_secs) * 1000;
        // A pause that would last longer than a pause was begun before the clock stepped back.
        let is_over = now.0 >= until || until > next + AHEAD_MS;
        let is_probe =
            is_over && self.paused_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_probe {
            self.calls.fetch_add(1, Ordering::Relaxed);
            return Ok(Passage::Probe);
        }
        self.paused_calls.fetch_add(1, Ordering::Relaxed);
        let left = (until - now.0).max(0).unsigned_abs().div_ceil(1000).max(1);
        Err(Paused { retry_after_secs: u32::try_from(left).unwrap_or(u32::MAX) })
    }

    /// A call ended with the plugin's own answer. True when that ends a pause.
    pub(in crate::plugin_host) fn succeeded(&self, passage: Passage) -> bool {
        if passage == Passage::Usual {
            return false;
        }
        self.failed_at.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.paused_until.store(0, Ordering::Relaxed);
        true
    }

    /// A call ended in a way that says nothing of the plugin. If it was to try whether the plugin works, the next one is.
    pub(in crate::plugin_host) fn undecided(&self, passage: Passage) {
        let until = self.paused_until.load(Ordering::Relaxed);
        if passage == Passage::Probe && until != 0 {
            // Unless another call decided meanwhile.
            _ = self.paused_until.compare_exchange(until, 1, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// A call failed. True when that begins a pause.
    pub(in crate::plugin_host) fn failed(&self, now: Timestamp) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed);
        if self.config.failures == 0 {
            return false;
        }
        let mut failed_at = self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = now.0 - i64::from(self.config.window_secs) * 1000;
        failed_at.push_back(now.0);
        failed_at.retain(|at| *at > begin && *at <= now.0 + AHEAD_MS);
        if failed_at.len() < self.config.failures as usize || self.is_paused() {
            return false;
        }
        failed_at.clear();
        self.paused_until.store(now.0 + i64::from(self.config.pause_secs) * 1000, Ordering::Relaxed);
        true
    }

    /// A request went on without a hook.
    pub(in crate::plugin_host) fn skipped(&self) {
        self.skipped_hooks.fetch_add(1, Ordering::Relaxed);
    }

    /// A call ended at the limit that this option sets.
    pub(in crate::plugin_host) fn hit(&self, option: &'static str) {
        *self.limit_hits.lock().unwrap_or_else(PoisonError::into_inner).entry(option).or_default() += 1;
    }

    fn is_paused(&self) -> bool {
        self.paused_until.load(Ordering::Relaxed) != 0
    }

    /// Counts the time of a call and the memory of its instance.
    pub(in crate::plugin_host) fn took(&self, time: Duration, bytes: usize) {
        self.took.record(time);
        self.most_bytes.fetch_max(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What was counted since the plugin was loaded.
    pub(in crate::plugin_host) fn counters(&self, plugin: &str) -> PluginCounters {
        PluginCounters {
            plugin: plugin.to_owned(),
            calls: self.calls.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            paused_calls: self.paused_calls.load(Ordering::Relaxed),
            skipped_hooks: self.skipped_hooks.load(Ordering::Relaxed),
            took: self.took.read(),
            most_bytes: self.most_bytes.load(Ordering::Relaxed),
            limit_hits: self.limit_hits.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            is_paused: self.is_paused(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(failures: u32) -> Breaker {
        Breaker::new(BreakerConfig { failures, window_secs: 60, pause_secs: 10 })
    }

    const fn at(secs: i64) -> Timestamp {
        Timestamp(1_000_000 + secs * 1000)
    }

    #[test]
    fn failures_add_up_within_the_window_alone() {
        let breaker = breaker(3);
        assert_eq!([0, 1, 61, 62].map(|secs| breaker.failed(at(secs))), [false; 4]);
        assert_eq!(breaker.enter(at(62)), Ok(Passage::Usual));
        assert!(breaker.failed(at(63)), "the third within 60 s");
        assert_eq!(breaker.enter(at(64)), Err(Paused { retry_after_secs: 9 }));
    }

    #[test]
    fn after_a_pause_one_call_decides() {
        let breaker = breaker(1);
        assert!(breaker.failed(at(0)));
        assert!(breaker.enter(at(9)).is_err());
        assert_eq!(breaker.enter(at(10)), Ok(Passage::Probe));
        assert!(breaker.enter(at(10)).is_err(), "one probe, not two");
        assert!(!breaker.failed(at(11)), "paused already");
        assert!(breaker.enter(at(19)).is_err());
        assert_eq!(breaker.enter(at(20)), Ok(Passage::Probe));
        assert!(breaker.succeeded(Passage::Probe));
        assert_eq!(breaker.enter(at(20)), Ok(Passage::Usual));
        let counters = breaker.counters("x");
        assert_eq!((counters.calls, counters.failures, counters.paused_calls), (3, 2, 3));
    }

    #[test]
    fn a_probe_that_says_nothing_is_repeated() {
        let breaker = breaker(1);
        assert!(breaker.failed(at(0)));
        assert_eq!(breaker.enter(at(10)), Ok(Passage::Probe));
        breaker.undecided(Passage::Probe);
        assert_eq!(breaker.enter(at(10)), Ok(Passage::Probe), "paused still, and to be tried at once");
        assert!(breaker.enter(at(10)).is_err());
        breaker.undecided(Passage::Usual);
        assert!(breaker.enter(at(10)).is_err());
    }

    #[test]
    fn zero_switches_it_off() {
        let breaker = breaker(0);
        assert!((0..1000).all(|_| !breaker.failed(at(0))));
        assert_eq!(breaker.enter(at(0)), Ok(Passage::Usual));
    }
}
