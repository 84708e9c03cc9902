//! `database.url = "none"`: a server that keeps no rows. Sessions live in sealed cookies, or in the secondary storage.

use super::session::{CookieCacheStrategy, RefreshCache};
use super::{Config, ConfigError, RateLimitStorage, StateStrategy};

/// The URL that means that there is no database.
pub const NO_DATABASE: &str = "none";

impl Config {
    /// Whether rows outlive the process.
    pub fn has_database(&self) -> bool {
        self.database.url != NO_DATABASE
    }

    /// Whether a session is what its sealed copy in the browser says.
    pub fn is_stateless(&self) -> bool {
        !self.has_database() && self.secondary_storage.is_none()
    }

    /// Sets what a server without any storage needs, where nothing else is set, as the reference does.
    pub(super) fn fill_stateless(&mut self) {
        if !self.is_stateless() {
            return;
        }
        let is_set = |option: &str| self.sources.contains_key(option);
        let (enabled, strategy) = (is_set("session.cookie_cache.enabled"), is_set("session.cookie_cache.strategy"));
        let (max_age, refresh) = (is_set("session.cookie_cache.max_age"), is_set("session.cookie_cache.refresh_cache"));
        let refresh = refresh || is_set("session.cookie_cache.refresh_cache.update_age");
        let (cookie, state) = (is_set("account.store_account_cookie"), is_set("account.store_state_strategy"));
        let cache = &mut self.session.cookie_cache;
        cache.enabled |= !enabled;
        if !strategy {
            cache.strategy = CookieCacheStrategy::Jwe;
        }
        if !max_age {
            cache.max_age = self.session.expires_in;
        }
        if !refresh {
            cache.refresh_cache = Some(RefreshCache::Switch(true));
        }
        self.account.store_account_cookie |= !cookie;
        if !state {
            self.account.store_state_strategy = StateStrategy::Cookie;
        }
    }

    /// Refuses what needs rows where there are none, and what is there for servers without rows where there are.
    pub(super) fn check_stateless(&self) -> Result<(), ConfigError> {
        let refresh = self.session.cookie_cache.refresh_cache;
        if !self.is_stateless() {
            return match refresh {
                Some(RefreshCache::Switch(true) | RefreshCache::Before { .. }) => invalid(
                    "session.cookie_cache.refresh_cache makes copies anew where database.url is \"none\" alone. Remove it"
                        .to_owned(),
                ),
                _ => self.check_rows(),
            };
        }
        if !self.session.cookie_cache.enabled {
            return invalid(
                "session.cookie_cache.enabled = false: with database.url = \"none\", sessions are nowhere but in that cookie. \
                 Remove the line, or name a database"
                    .to_owned(),
            );
        }
        if self.account.store_state_strategy == StateStrategy::Database {
            return invalid(
                "account.store_state_strategy = \"database\" needs a database, and database.url is \"none\". \
                 Write \"cookie\""
                    .to_owned(),
            );
        }
        if let Some(RefreshCache::Before { update_age }) = refresh
            && !(1..self.session.cookie_cache.max_age).contains(&update_age)
        {
            return invalid(
                "session.cookie_cache.refresh_cache.update_age must be at least 1 and less than max_age".to_owned(),
            );
        }
        self.check_rows()
    }

    fn check_rows(&self) -> Result<(), ConfigError> {
        if self.has_database() {
            return Ok(());
        }
        let asked = [
            (self.email_and_password.enabled, "email_and_password.enabled = true"),
            (self.user.change_email.enabled, "user.change_email.enabled = true"),
            (self.user.delete_user.enabled, "user.delete_user.enabled = true"),
            (self.session.store_session_in_database, "session.store_session_in_database = true"),
            (self.verification.store_in_database == Some(true), "verification.store_in_database = true"),
            (self.rate_limit.storage == Some(RateLimitStorage::Database), "rate_limit.storage = \"database\""),
        ];
        match asked.iter().find(|(is_asked, _)| *is_asked) {
            Some((_, option)) => invalid(format!(
                "{option} needs a database, and database.url is \"none\". Name one, or remove the line"
            )),
            None => Ok(()),
        }
    }
}

fn invalid<T>(text: String) -> Result<T, ConfigError> {
    Err(ConfigError::Invalid(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let text = format!("secret = \"0123456789abcdef0123456789abcdef\"\ndatabase.url = \"none\"\n{text}");
        Config::parse(&text, Path::new("."), &BTreeMap::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_set_is_as_a_server_without_rows_needs_it() {
        let config = parse("session.expires_in = 1000").unwrap();
        let cache = &config.session.cookie_cache;
        assert!(cache.enabled && config.account.store_account_cookie);
        assert_eq!((cache.strategy, cache.max_age), (CookieCacheStrategy::Jwe, 1000));
        assert_eq!(cache.refresh_cache.and_then(|refresh| refresh.before_end_secs(1000)), Some(200));
        assert_eq!(config.account.store_state_strategy, StateStrategy::Cookie);
        let own = "session.cookie_cache = { strategy = \"jwt\", max_age = 60, refresh_cache = { update_age = 20 } }";
        let config = parse(own).unwrap();
        let cache = &config.session.cookie_cache;
        assert_eq!((cache.strategy, cache.max_age), (CookieCacheStrategy::Jwt, 60));
        assert_eq!(cache.refresh_cache.and_then(|refresh| refresh.before_end_secs(60)), Some(20));
        assert!(parse("session.cookie_cache.refresh_cache = false").is_ok());
        let beside = parse("secondary_storage.url = \"redis://localhost\"").unwrap();
        assert!(!beside.session.cookie_cache.enabled && beside.account.store_state_strategy == StateStrategy::Database);
    }

    #[test]
    fn what_needs_rows_is_named() {
        for option in [
            "email_and_password.enabled = true",
            "user.change_email.enabled = true",
            "user.delete_user.enabled = true",
            "verification.store_in_database = true",
            "rate_limit.storage = \"database\"",
            "account.store_state_strategy = \"database\"",
            "session.cookie_cache.enabled = false",
        ] {
            let error = parse(option).unwrap_err();
            assert!(error.contains(option) && error.contains("database.url"), "{error}");
        }
        let error = parse("session.cookie_cache = { max_age = 60, refresh_cache = { update_age = 60 } }").unwrap_err();
        assert!(error.contains("less than max_age"), "{error}");
        let text = "secret = \"0123456789abcdef0123456789abcdef\"\nsession.cookie_cache.refresh_cache = true";
        let error = Config::parse(text, Path::new("."), &BTreeMap::new()).unwrap_err().to_string();
        assert!(error.contains("refresh_cache"), "{error}");
    }
}
