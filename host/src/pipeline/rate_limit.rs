//! Stage "rate limit": counts requests per client and path.
//!
//! Source: `defaults.md` of the wire contract, "Algorithm": the window restarts from the last counted request.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::clock::Timestamp;
use crate::config::{RateLimit, RateLimitRule};
use crate::crypto::sha256;
use crate::error::ApiError;
use crate::exchange::{Exchange, PathPattern, RateRule};

const SHARDS: usize = 16;
/// Keys kept per shard; a flood of new keys displaces the least active ones.
const KEYS_PER_SHARD: usize = 6_250;
/// Paths that start so are limited to 3 requests in 10 seconds.
const SENSITIVE: [&str; 4] = ["/sign-in", "/sign-up", "/change-password", "/change-email"];
/// Paths that start so make mail, and are limited to 3 requests in 60 seconds.
const MAILING: [&str; 5] = [
    "/request-password-reset",
    "/send-verification-email",
    "/forget-password",
    "/email-otp/send-verification-otp",
    "/email-otp/request-password-reset",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    window_secs: u32,
    max: u32,
}

/// The rules in force, most specific first.
pub struct RateRules {
    is_enabled: bool,
    custom: Vec<RateRule>,
    plugins: Vec<RateRule>,
    fallback: Limit,
}

impl RateRules {
    /// The operator's rules, and those of the plugins.
    pub fn new(options: &RateLimit, plugins: Vec<RateRule>) -> Self {
        let custom = options.custom_rules.iter().filter_map(|(path, rule)| {
            let path = PathPattern::new(path);
            match *rule {
                RateLimitRule::Switch(true) => None,
                RateLimitRule::Switch(false) => Some(RateRule { path, window_secs: 0, max: None }),
                RateLimitRule::Limit { window, max } => Some(RateRule { path, window_secs: window, max: Some(max) }),
            }
        });
        let fallback = Limit { window_secs: options.window, max: options.max };
        Self { is_enabled: options.enabled, custom: custom.collect(), plugins, fallback }
    }

    fn limit_of(&self, path: &str) -> Option<Limit> {
        let mut rules = self.custom.iter().chain(&self.plugins);
        if let Some(rule) = rules.find(|rule| rule.path.matches(path)) {
            return rule.max.map(|max| Limit { window_secs: rule.window_secs, max });
        }
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        Some(match path {
            _ if starts(&MAILING) => Limit { window_secs: 60, max: 3 },
            _ if starts(&SENSITIVE) => Limit { window_secs: 10, max: 3 },
            _ => self.fallback,
        })
    }
}

/// The counts of this process.
#[derive(Default)]
pub struct RateCounts {
    shards: [Mutex<HashMap<String, Count>>; SHARDS],
}

#[derive(Clone, Copy)]
struct Count {
    requests: u32,
    last: Timestamp,
    window_secs: u32,
}

/// Counts the request, or refuses it with 429.
///
/// # Errors
/// `429` with `X-Retry-After` in seconds.
pub fn count(exchange: &Exchange, rules: &RateRules, counts: &RateCounts) -> Result<(), ApiError> {
    if !rules.is_enabled {
        return Ok(());
    }
    let path = exchange.request.path.trim_end_matches('/');
    let Some(limit) = rules.limit_of(path) else { return Ok(()) };
    let client = exchange.request.client_address.as_deref().unwrap_or("no-trusted-ip");
    let key = format!("{client}|{path}");
    match counts.take(key, limit, exchange.auth().now()) {
        None => Ok(()),
        Some(retry_secs) => Err(ApiError::message(429, "Too many requests. Please try again later.")
            .header("x-retry-after", retry_secs.to_string())
            .header("retry-after", retry_secs.to_string())),
    }
}

impl RateCounts {
    /// Counts one request; when it is over the limit, the seconds after which to retry.
    fn take(&self, key: String, limit: Limit, now: Timestamp) -> Option<i64> {
        let shard = usize::from(sha256(key.as_bytes())[0]) % SHARDS;
        let mut counts = match self.shards.get(shard)?.lock() {
            Ok(counts) => counts,
            Err(poisoned) => poisoned.into_inner(),
        };
        if counts.len() >= KEYS_PER_SHARD && !counts.contains_key(&key) {
            make_room(&mut counts, now);
        }
        let window_ms = i64::from(limit.window_secs) * 1000;
        let fresh = Count { requests: 0, last: now, window_secs: limit.window_secs };
        let count = counts.entry(key).or_insert(fresh);
        if now.0 - count.last.0 >= window_ms {
            *count = fresh;
        }
        if count.requests >= limit.max {
            let left_ms = count.last.0 + window_ms - now.0;
            return Some((left_ms + 999).div_euclid(1000));
        }
        *count = Count { requests: count.requests + 1, ..fresh };
        None
    }
}

/// Drops what is over, then half of the keys: those with the fewest requests, so that an offender's count survives.
fn make_room(counts: &mut HashMap<String, Count>, now: Timestamp) {
    counts.retain(|_, count| now < count.last.plus_secs(i64::from(count.window_secs)));
    if counts.len() < KEYS_PER_SHARD {
        return;
    }
    let mut sizes: Vec<u32> = counts.values().map(|count| count.requests).collect();
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable(middle);
    let (median, mut surplus) = (*median, middle);
    counts.retain(|_, count| {
        let drops = count.requests <= median && surplus > 0;
        surplus -= usize::from(drops);
        !drops
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { window_secs: 10, max: 3 };

    fn rules(text: &str) -> RateRules {
        RateRules::new(&toml::from_str(text).unwrap(), vec![rule("/sign-in/magic-link", 60, 5)])
    }

    fn rule(path: &str, window_secs: u32, max: u32) -> RateRule {
        RateRule { path: PathPattern::new(path), window_secs, max: Some(max) }
    }

    #[test]
    fn the_window_restarts_from_the_last_counted_request() {
        let counts = RateCounts::default();
        let take = |at: i64| counts.take("a|/x".into(), LIMIT, Timestamp(at));
        assert_eq!([take(0), take(4_000), take(9_000)], [None; 3]);
        assert_eq!(take(9_001), Some(10));
        assert_eq!(take(18_999), Some(1));
        assert_eq!(take(19_000), None);
    }

    #[test]
    fn the_most_specific_rule_wins() {
        let rules = rules("custom_rules = { \"/sign-in/email\" = { window = 1, max = 9 }, \"/ok\" = false }");
        assert_eq!(rules.limit_of("/sign-in/email"), Some(Limit { window_secs: 1, max: 9 }));
        assert_eq!(rules.limit_of("/sign-in/magic-link"), Some(Limit { window_secs: 60, max: 5 }));
        assert_eq!(rules.limit_of("/sign-in/unknown"), Some(LIMIT));
        assert_eq!(rules.limit_of("/request-password-reset"), Some(Limit { window_secs: 60, max: 3 }));
        assert_eq!(rules.limit_of("/ok"), None);
        assert_eq!(rules.limit_of("/get-session"), Some(Limit { window_secs: 10, max: 100 }));
    }

    #[test]
    fn a_flood_of_keys_stays_bounded_and_spares_the_offender() {
        let counts = RateCounts::default();
        for _ in 0..3 {
            assert_eq!(counts.take("offender|/x".into(), LIMIT, Timestamp(0)), None);
        }
        for key in 0..200_000 {
            counts.take(format!("{key}|/x"), LIMIT, Timestamp(1));
        }
        let kept: usize = counts.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS * KEYS_PER_SHARD, "{kept}");
        assert!(counts.take("offender|/x".into(), LIMIT, Timestamp(2)).is_some());
    }
}
