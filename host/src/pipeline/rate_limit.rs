//! Stage "rate limit": counts requests per client and path.
//!
//! Source: `defaults.md` of the wire contract, "rateLimit".

use std::sync::Arc;

use doorward_contract::RateLimit;

use crate::config::{CustomLimit, RateLimiter};
use crate::error::ApiError;
use crate::exchange::{Exchange, PathLimit, PathPattern, Route};
use crate::http::Mount;

/// These paths and all below them are limited to 3 requests in 10 seconds.
const SENSITIVE: [&str; 4] = ["/sign-in", "/sign-up", "/change-password", "/change-email"];
/// These make mail, and are limited to 3 requests in 60 seconds.
const MAILING: [&str; 2] = ["/request-password-reset", "/send-verification-email"];

/// The rules in force, most specific first.
pub struct RateRules {
    is_enabled: bool,
    custom: Vec<PathLimit>,
    plugins: Vec<PathLimit>,
    fallback: RateLimit,
}

impl RateRules {
    /// The operator's rules, and those of the plugins.
    pub fn new(options: &RateLimiter, plugins: Vec<PathLimit>) -> Self {
        let custom = options.custom_rules.0.iter().filter_map(|(path, rule)| {
            let of = |limit| Some(PathLimit { mount: Mount::Base, path: PathPattern::new(path), limit });
            match *rule {
                CustomLimit::Switch(true) => None,
                CustomLimit::Switch(false) => of(None),
                CustomLimit::Limit { window, max } => of(Some(RateLimit { window_secs: window, max })),
            }
        });
        let fallback = RateLimit { window_secs: options.window, max: options.max };
        Self { is_enabled: options.enabled, custom: custom.collect(), plugins, fallback }
    }

    fn limit_of(&self, mount: Mount, path: &str) -> Option<RateLimit> {
        let mut rules = self.custom.iter().chain(&self.plugins);
        if let Some(rule) = rules.find(|rule| rule.mount == mount && rule.path.matches(path)) {
            return rule.limit;
        }
        if mount == Mount::Root {
            return Some(self.fallback);
        }
        let is_below =
            |part: &&str| path.strip_prefix(*part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        Some(match path {
            _ if MAILING.iter().any(is_below) => RateLimit { window_secs: 60, max: 3 },
            _ if SENSITIVE.iter().any(is_below) => RateLimit { window_secs: 10, max: 3 },
            _ => self.fallback,
        })
    }
}

/// Counts the request, or refuses it with 429.
///
/// # Errors
/// `429` with `X-Retry-After` in seconds; when counts are kept in the database, its failure.
pub async fn count(exchange: &Exchange, rules: &RateRules) -> Result<(), ApiError> {
    if !rules.is_enabled {
        return Ok(());
    }
    let mount = exchange.request.mount;
    // At the root, pages of plugins and what operators do are counted; what else the server answers there costs it nothing.
    let is_counted = |route: &Arc<Route>| route.plugin.is_some() || route.is_for_operators;
    if mount == Mount::Root && !exchange.route.as_ref().is_some_and(is_counted) {
        return Ok(());
    }
    let path = exchange.request.path.trim_end_matches('/');
    let Some(limit) = rules.limit_of(mount, path) else { return Ok(()) };
    let client = exchange.request.client_address.as_deref().unwrap_or("no-trusted-ip");
    let auth = exchange.auth();
    // Not in a transaction: an attempt counts even if the request fails.
    let key = match mount {
        Mount::Base => format!("{client}|{path}"),
        Mount::Root => format!("{client}|page:{path}"),
    };
    match auth.rate_counts.take(auth, &*auth.store, key, limit).await? {
        None => Ok(()),
        Some(retry_secs) => Err(ApiError::too_many_requests(retry_secs)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { window_secs: 10, max: 3 };

    fn rules(text: &str) -> RateRules {
        RateRules::new(&toml::from_str(text).unwrap(), vec![rule("/sign-in/magic-link", 60, 5)])
    }

    fn rule(path: &str, window_secs: u32, max: u32) -> PathLimit {
        PathLimit { mount: Mount::Base, path: PathPattern::new(path), limit: Some(RateLimit { window_secs, max }) }
    }

    #[test]
    fn the_first_of_the_operators_rules_wins() {
        let rules = |order: &str| rules(&format!("[custom_rules]\n{order}"));
        let any = "\"/sign-in/*\" = { window = 1, max = 1 }";
        let exact = "\"/sign-in/email\" = { window = 2, max = 2 }";
        let limit = |order: String| rules(&order).limit_of(Mount::Base, "/sign-in/email").map(|limit| limit.max);
        assert_eq!(limit(format!("{any}\n{exact}")), Some(1));
        assert_eq!(limit(format!("{exact}\n{any}")), Some(2));
    }

    #[test]
    fn the_most_specific_rule_wins() {
        let rules = rules("custom_rules = { \"/sign-in/email\" = { window = 1, max = 9 }, \"/ok\" = false }");
        assert_eq!(rules.limit_of(Mount::Base, "/sign-in/email"), Some(RateLimit { window_secs: 1, max: 9 }));
        assert_eq!(rules.limit_of(Mount::Base, "/sign-in/magic-link"), Some(RateLimit { window_secs: 60, max: 5 }));
        assert_eq!(rules.limit_of(Mount::Base, "/sign-in/unknown"), Some(LIMIT));
        assert_eq!(rules.limit_of(Mount::Base, "/request-password-reset"), Some(RateLimit { window_secs: 60, max: 3 }));
        assert_eq!(rules.limit_of(Mount::Base, "/ok"), None);
        assert_eq!(rules.limit_of(Mount::Base, "/get-session"), Some(RateLimit { window_secs: 10, max: 100 }));
    }

    #[test]
    fn a_page_has_limits_of_its_own() {
        let page = PathLimit { mount: Mount::Root, ..rule("/waitlist", 60, 5) };
        let rules = RateRules::new(&toml::from_str("custom_rules = { \"/sign-in\" = false }").unwrap(), vec![page]);
        assert_eq!(rules.limit_of(Mount::Root, "/waitlist").map(|limit| limit.max), Some(5));
        assert_eq!(rules.limit_of(Mount::Root, "/sign-in").map(|limit| limit.max), Some(100));
        assert_eq!(rules.limit_of(Mount::Base, "/waitlist").map(|limit| limit.max), Some(100));
    }
}
