//! How long something took, counted by length.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper ends of the lengths that are told apart, in seconds: from a call of a script to a request that hangs.
pub const BOUNDS: [f64; 16] =
    [0.00001, 0.000025, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Counts lengths.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each bound, and one for what is longer.
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// What a histogram has counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// How many were no longer than the bound of the same place, and longer than the bound before it.
    pub counts: [u64; BOUNDS.len() + 1],
    /// All of them together, in seconds.
    pub sum_secs: f64,
}

impl Histogram {
    /// Counts one.
    pub fn record(&self, spent: Duration) {
        let secs = spent.as_secs_f64();
        let place = BOUNDS.iter().position(|bound| secs <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.nanos.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn read(&self) -> Distribution {
        Distribution {
            counts: self.counts.each_ref().map(|count| count.load(Ordering::Relaxed)),
            sum_secs: self.secs(),
        }
    }

    /// All of them together, in seconds.
    pub fn secs(&self) -> f64 {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_counted_at_the_first_bound_that_holds_it() {
        let histogram = Histogram::default();
        for micros in [10, 11, 5_000_000, 5_000_001] {
            histogram.record(Duration::from_micros(micros));
        }
        let read = histogram.read();
        assert_eq!(read.counts.iter().sum::<u64>(), 4);
        assert_eq!((read.counts[0], read.counts[1], read.counts[15], read.counts[16]), (1, 1, 1, 1));
        assert!((read.sum_secs - 10.000_022).abs() < 1e-9);
    }
}
