//! Limits on how often one client may call a path.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::options::chosen;

/// At most `max` events, none more than `window_secs` after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Seconds.
    pub window_secs: u32,
    /// Events per window.
    pub max: u32,
}

/// A limit on how often one client may call a path.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct RateRule<S = &'static str> {
    /// Exact path.
    pub path: S,
    /// Seconds.
    pub window_secs: u64,
    /// Requests per window, client and path.
    pub max: u64,
    /// The name of an option that holds `{ window, max }` and replaces these numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<S>,
}

impl RateRule {
    /// At most `max` calls of `path` in `window_secs` seconds from one client.
    pub const fn new(path: &'static str, max: u64, window_secs: u64) -> Self {
        Self { path, window_secs, max, option: None }
    }

    /// The operator's option `name` (`{ window, max }`) replaces the numbers.
    pub const fn or_option(mut self, name: &'static str) -> Self {
        self.option = Some(name);
        self
    }
}

impl<S: AsRef<str>> RateRule<S> {
    /// The limit with the operator's numbers, where `options` hold some.
    pub fn limit(&self, options: &Map<String, Value>) -> RateLimit {
        let own = self.option.as_ref().and_then(|option| chosen(options, option.as_ref()));
        let number = |name: &str, declared: u64| {
            let number = own.and_then(|own| own.get(name)?.as_u64()).unwrap_or(declared);
            u32::try_from(number).unwrap_or(u32::MAX)
        };
        RateLimit { window_secs: number("window", self.window_secs), max: number("max", self.max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_replaces_the_numbers_that_it_holds() {
        let rule = RateRule::new("/a", 3, 10).or_option("limits.a");
        let limit = |json: &str| {
            let RateLimit { window_secs, max } = rule.limit(&serde_json::from_str(json).unwrap());
            (window_secs, max)
        };
        assert_eq!(limit("{}"), (10, 3));
        assert_eq!(limit(r#"{"limits":{"a":{"max":5}}}"#), (10, 5));
        assert_eq!(limit(r#"{"limits":{"a":{"max":"5","window":60}}}"#), (60, 3));
        assert_eq!(limit(r#"{"limits":{"a":{"max":99999999999}}}"#), (10, u32::MAX));
    }
}
