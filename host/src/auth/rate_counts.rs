//! Counts events per key against a limit, in this process, in the database or in the secondary storage.
//!
//! Source: `defaults.md` of the wire contract, "Algorithm": the window restarts from the last counted event. In a secondary
//! storage it begins with the first, as the reference counts there.

use std::collections::HashMap;
use std::sync::Mutex;

use doorward_contract::RateLimit;

use super::{Auth, AuthError};
use crate::clock::Timestamp;
use crate::config::RateLimitStorage;
use crate::crypto::{base64_url, sha256};
use crate::store::Database;
use crate::store::rate_limit::{count_request, forget};
use crate::store::secondary::Secondary;

const SHARDS: usize = 16;
/// Keys kept per shard; a flood of new keys displaces the least active ones.
const KEYS_PER_SHARD: usize = 6_250;
/// Longer keys are kept as their hashes, in bytes.
const LONGEST_KEY: usize = 255;
/// A last event further ahead than this was counted before the clock stepped back, not by a thread that was faster.
const AHEAD_MS: i64 = 1000;

/// The counts.
pub struct RateCounts {
    storage: RateLimitStorage,
    shards: [Mutex<HashMap<String, Count>>; SHARDS],
}

#[derive(Clone, Copy)]
struct Count {
    events: u32,
    last: Timestamp,
    window_secs: u32,
}

impl RateCounts {
    /// No counts yet.
    pub fn new(storage: RateLimitStorage) -> Self {
        Self { storage, shards: Default::default() }
    }

    /// Counts one event; when it is over the limit, the seconds after which to retry, and it does not count. A rollback
    /// takes counts back, so guesses must not be counted in a transaction.
    ///
    /// # Errors
    /// When counts are kept in the database and it fails.
    pub async fn take(
        &self,
        auth: &Auth,
        db: &dyn Database,
        key: String,
        limit: RateLimit,
    ) -> Result<Option<i64>, AuthError> {
        // Long keys are hashed, so that clients cannot inflate memory.
        let key = if key.len() > LONGEST_KEY { base64_url(&sha256(key.as_bytes())) } else { key };
        let now = auth.now();
        match self.storage {
            RateLimitStorage::Memory => Ok(self.take_here(key, limit, now)),
            RateLimitStorage::Database => {
                let window_ms = i64::from(limit.window_secs) * 1000;
                let numbers = (window_ms, i64::from(limit.max));
                let last = count_request(db, &auth.new_id(), &key, numbers, now).await?;
                Ok(last.map(|last| secs_left(last, window_ms, now)))
            }
            RateLimitStorage::SecondaryStorage => {
                let numbers = (i64::from(limit.window_secs) * 1000, i64::from(limit.max));
                let left_ms = Box::pin(storage(auth)?.count(&key, numbers)).await?;
                Ok(left_ms.map(|left_ms| (left_ms + 999).div_euclid(1000)))
            }
        }
    }

    /// Resets the count of the key. A rollback takes the reset back.
    ///
    /// # Errors
    /// When counts are kept in the database and it fails.
    pub async fn forget(&self, auth: &Auth, db: &dyn Database, key: &str) -> Result<(), AuthError> {
        match self.storage {
            RateLimitStorage::Memory => _ = self.shard(key).remove(key),
            RateLimitStorage::Database => forget(db, key).await?,
            RateLimitStorage::SecondaryStorage => Box::pin(storage(auth)?.forget_count(key)).await?,
        }
        Ok(())
    }

    fn take_here(&self, key: String, limit: RateLimit, now: Timestamp) -> Option<i64> {
        let mut counts = self.shard(&key);
        if counts.len() >= KEYS_PER_SHARD && !counts.contains_key(&key) {
            make_room(&mut counts, now);
        }
        let window_ms = i64::from(limit.window_secs) * 1000;
        let fresh = Count { events: 0, last: now, window_secs: limit.window_secs };
        let count = counts.entry(key).or_insert(fresh);
        let since_last = now.0 - count.last.0;
        if since_last >= window_ms || since_last < -AHEAD_MS {
            *count = fresh;
        }
        if count.events >= limit.max {
            return Some(secs_left(count.last, window_ms, now));
        }
        *count = Count { events: count.events + 1, ..fresh };
        None
    }

    fn shard(&self, key: &str) -> std::sync::MutexGuard<'_, HashMap<String, Count>> {
        let index = usize::from(sha256(key.as_bytes())[0]) % SHARDS;
        #[expect(clippy::indexing_slicing, reason = "the index is a remainder of the length")]
        match self.shards[index].lock() {
            Ok(counts) => counts,
            Err(poisoned) => poisoned.into_inner(),
        }
    }
}

fn storage(auth: &Auth) -> Result<&Secondary, AuthError> {
    auth.secondary.as_deref().ok_or_else(|| AuthError::Internal("there is no secondary storage to count in".into()))
}

/// Whole seconds until the window that began at `last` is over, rounded up, and never more than the window.
fn secs_left(last: Timestamp, window_ms: i64, now: Timestamp) -> i64 {
    (last.0.min(now.0) + window_ms - now.0 + 999).div_euclid(1000)
}

/// Drops what is over, then half of the keys: those with the fewest events, so that an offender's count survives.
fn make_room(counts: &mut HashMap<String, Count>, now: Timestamp) {
    counts.retain(|_, count| now < count.last.plus_secs(i64::from(count.window_secs)));
    if counts.len() < KEYS_PER_SHARD {
        return;
    }
    let mut sizes: Vec<u32> = counts.values().map(|count| count.events).collect();
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable(middle);
    let (median, mut surplus) = (*median, middle);
    counts.retain(|_, count| {
        let drops = count.events <= median && surplus > 0;
        surplus -= usize::from(drops);
        !drops
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { window_secs: 10, max: 3 };

    fn counts() -> RateCounts {
        RateCounts::new(RateLimitStorage::Memory)
    }

    #[test]
    fn the_window_restarts_from_the_last_counted_event() {
        let counts = counts();
        let take = |at: i64| counts.take_here("a|/x".into(), LIMIT, Timestamp(at));
        assert_eq!([take(0), take(4_000), take(9_000)], [None; 3]);
        assert_eq!(take(9_001), Some(10));
        assert_eq!(take(18_999), Some(1));
        assert_eq!(take(19_000), None);
    }

    #[test]
    fn a_clock_that_steps_back_ends_the_window() {
        let counts = counts();
        let take = |at: i64| counts.take_here("a|/x".into(), LIMIT, Timestamp(at));
        assert_eq!([3_600_000; 3].map(take), [None; 3]);
        assert_eq!(take(3_599_500), Some(10), "a thread that was a little slower does not end it");
        assert_eq!([0; 3].map(take), [None; 3]);
        assert_eq!(take(0), Some(10));
    }

    #[test]
    fn a_flood_of_keys_stays_bounded_and_spares_the_offender() {
        let counts = counts();
        for _ in 0..3 {
            assert_eq!(counts.take_here("offender|/x".into(), LIMIT, Timestamp(0)), None);
        }
        for key in 0..200_000 {
            counts.take_here(format!("{key}|/x"), LIMIT, Timestamp(1));
        }
        let kept: usize = counts.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS * KEYS_PER_SHARD, "{kept}");
        assert!(counts.take_here("offender|/x".into(), LIMIT, Timestamp(2)).is_some());
    }
}
