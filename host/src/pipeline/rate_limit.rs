//! Stage "rate limit": counts requests per client and path.
//!
//! Source: `defaults.md` of the wire contract, "rateLimit".

use crate::auth::rate_counts::Limit;
use crate::config::{RateLimit, RateLimitRule};
use crate::error::ApiError;
use crate::exchange::{Exchange, PathPattern, RateRule};

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
        let custom = options.custom_rules.0.iter().filter_map(|(path, rule)| {
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

/// Counts the request, or refuses it with 429.
///
/// # Errors
/// `429` with `X-Retry-After` in seconds; when counts are kept in the database, its failure.
pub async fn count(exchange: &Exchange, rules: &RateRules) -> Result<(), ApiError> {
    if !rules.is_enabled {
        return Ok(());
    }
    let path = exchange.request.path.trim_end_matches('/');
    let Some(limit) = rules.limit_of(path) else { return Ok(()) };
    let client = exchange.request.client_address.as_deref().unwrap_or("no-trusted-ip");
    let auth = exchange.auth();
    // Beside any transaction: what was tried counts, whatever comes of it.
    match auth.rate_counts.take(auth, &*auth.store, format!("{client}|{path}"), limit).await? {
        None => Ok(()),
        Some(retry_secs) => Err(ApiError::too_many_requests(retry_secs)),
    }
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
    fn the_first_of_the_operators_rules_wins() {
        let rules = |order: &str| rules(&format!("[custom_rules]\n{order}"));
        let any = "\"/sign-in/*\" = { window = 1, max = 1 }";
        let exact = "\"/sign-in/email\" = { window = 2, max = 2 }";
        let limit = |order: String| rules(&order).limit_of("/sign-in/email").map(|limit| limit.max);
        assert_eq!(limit(format!("{any}\n{exact}")), Some(1));
        assert_eq!(limit(format!("{exact}\n{any}")), Some(2));
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
}
