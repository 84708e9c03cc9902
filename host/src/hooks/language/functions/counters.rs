//! `counter`, `count` and `reset_counter`: what scripts count from one request to the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::Engine;

use super::ports::{Counters, Ports};
use crate::clock::Timestamp;
use crate::crypto::sha256;
use crate::hooks::language::native::Native;
use crate::hooks::language::running;

const SHARDS: usize = 16;
/// Counts kept per shard; a flood of new keys displaces the smallest ones.
const KEYS_PER_SHARD: usize = 4096;
const MAX_KEY_BYTES: usize = 512;
const MAX_WINDOW_SECS: i64 = 30 * 86_400;

/// Gives scripts the functions; the keys of one script are unknown to the others.
pub fn register(engine: &mut Engine, ports: &Ports) {
    let (counters, clock) = (Arc::clone(&ports.counters), Arc::clone(&ports.clock));
    engine.register_fn("counter", move |key: &str, window_secs: i64| -> Native<i64> {
        if !(1..=MAX_WINDOW_SECS).contains(&window_secs) {
            return Err(format!("counter: the window is 1 to {MAX_WINDOW_SECS} seconds").into());
        }
        let key = own(key)?;
        running::heavy(|| running::once(|| counters.add(&key, window_secs, clock.now())))
    });
    let (counters, clock) = (Arc::clone(&ports.counters), Arc::clone(&ports.clock));
    engine.register_fn("count", move |key: &str| -> Native<i64> {
        let key = own(key)?;
        running::heavy(|| running::once(|| counters.get(&key, clock.now())))
    });
    let counters = Arc::clone(&ports.counters);
    engine.register_fn("reset_counter", move |key: &str| -> Native<()> {
        let key = own(key)?;
        running::heavy(|| running::once(|| counters.reset(&key)))
    });
}

fn own(key: &str) -> Native<String> {
    if key.len() > MAX_KEY_BYTES {
        return Err(format!("the key of a counter has at most {MAX_KEY_BYTES} bytes").into());
    }
    let script = running::script().ok_or("call this inside of a script")?;
    Ok(format!("{script}\n{key}"))
}

/// Counts in this process, bounded in number.
#[derive(Default)]
pub struct MemoryCounters {
    shards: [Mutex<HashMap<String, Count>>; SHARDS],
}

#[derive(Clone, Copy)]
struct Count {
    count: i64,
    ends: Timestamp,
}

impl MemoryCounters {
    fn shard(&self, key: &str) -> Option<MutexGuard<'_, HashMap<String, Count>>> {
        let shard = self.shards.get(usize::from(sha256(key.as_bytes())[0]) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Counters for MemoryCounters {
    fn add(&self, key: &str, window_secs: i64, now: Timestamp) -> i64 {
        let Some(mut counts) = self.shard(key) else { return 0 };
        if counts.len() >= KEYS_PER_SHARD && !counts.contains_key(key) {
            make_room(&mut counts, now);
        }
        let fresh = Count { count: 0, ends: now.plus_secs(window_secs) };
        let count = counts.entry(key.to_owned()).or_insert(fresh);
        if count.ends <= now {
            *count = fresh;
        }
        count.count += 1;
        count.count
    }

    fn get(&self, key: &str, now: Timestamp) -> i64 {
        let counts = self.shard(key);
        counts
            .and_then(|counts| counts.get(key).copied())
            .filter(|count| count.ends > now)
            .map_or(0, |count| count.count)
    }

    fn reset(&self, key: &str) {
        if let Some(mut counts) = self.shard(key) {
            counts.remove(key);
        }
    }
}

/// Drops what is over, then half of the counts: the smallest, so that an offender's count survives.
fn make_room(counts: &mut HashMap<String, Count>, now: Timestamp) {
    counts.retain(|_, count| count.ends > now);
    if counts.len() < KEYS_PER_SHARD {
        return;
    }
    let mut sizes: Vec<i64> = counts.values().map(|count| count.count).collect();
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable(middle);
    let (median, mut surplus) = (*median, middle);
    counts.retain(|_, count| {
        let drops = count.count <= median && surplus > 0;
        surplus -= usize::from(drops);
        !drops
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_ends_with_its_window() {
        let counters = MemoryCounters::default();
        let at = |secs: i64| Timestamp(secs * 1000);
        assert_eq!((0..3).map(|second| counters.add("a", 10, at(second))).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((counters.get("a", at(9)), counters.get("a", at(10)), counters.get("b", at(0))), (3, 0, 0));
        assert_eq!(counters.add("a", 10, at(10)), 1);
        counters.reset("a");
        assert_eq!(counters.get("a", at(10)), 0);
    }

    #[test]
    fn a_flood_of_keys_is_bounded_and_spares_offenders() {
        let counters = MemoryCounters::default();
        let now = Timestamp(0);
        for _ in 0..5 {
            counters.add("offender", 600, now);
        }
        for key in 0..200_000 {
            counters.add(&key.to_string(), 600, now);
        }
        let kept: usize = counters.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS * KEYS_PER_SHARD, "{kept}");
        assert_eq!(counters.get("offender", now), 5);
    }
}
