//! `[secondary_storage]`: Redis or Valkey beside the database, and what is kept there.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::{Config, ConfigError, RateLimitStorage, SecretSource};
use crate::http::shown_url;

/// `[secondary_storage]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SecondaryStorage {
    /// `redis://user:password@host:6379/0`; `rediss://` with TLS, `redis-sentinel://host,host/name`,
    /// `redis-cluster://host,host`.
    #[serde(serialize_with = "without_password")]
    pub url: String,
    /// The password, where it does not stand in `url`.
    pub password: Option<SecretSource>,
    /// Begins every key. The default is that of the reference's own Redis storage.
    #[serde(default = "of_the_reference")]
    pub key_prefix: String,
    /// How long a new connection may take, in milliseconds.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// How long one command may take, in milliseconds.
    #[serde(default = "command_timeout_ms")]
    pub command_timeout_ms: u64,
}

impl fmt::Debug for SecondaryStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecondaryStorage({})", shown_url(&self.url))
    }
}

fn without_password<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown_url(url))
}

fn of_the_reference() -> String {
    "better-auth:".to_owned()
}

fn connect_timeout_ms() -> u64 {
    2_000
}

fn command_timeout_ms() -> u64 {
    1_000
}

/// Where rows of a kind are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In the database alone.
    Database,
    /// In the database, with a copy in the secondary storage for other servers.
    DatabaseAndCopy,
    /// In the secondary storage. A row in the database, if any, is a record that nobody asks.
    Secondary {
        /// Whether each also leaves a row in the database, which stays.
        keeps_rows: bool,
    },
}

impl Config {
    /// Where sessions are kept.
    pub fn session_home(&self) -> Home {
        let session = &self.session;
        match (&self.secondary_storage, session.store_session_in_database, session.preserve_session_in_database) {
            (None, ..) => Home::Database,
            (Some(_), true, false) => Home::DatabaseAndCopy,
            (Some(_), keeps_rows, _) => Home::Secondary { keeps_rows },
        }
    }

    /// Where verifications are kept.
    pub fn verification_home(&self) -> Home {
        match (&self.secondary_storage, self.verification.store_in_database.unwrap_or(false)) {
            (None, _) | (Some(_), true) => Home::Database,
            (Some(_), false) => Home::Secondary { keeps_rows: false },
        }
    }

    /// Where the limiter counts.
    pub fn rate_limit_storage(&self) -> RateLimitStorage {
        let by_itself = if self.secondary_storage.is_some() {
            RateLimitStorage::SecondaryStorage
        } else {
            RateLimitStorage::Memory
        };
        self.rate_limit.storage.unwrap_or(by_itself)
    }

    /// Checks what needs a secondary storage, and the storage's own options.
    pub(super) fn check_secondary(&self) -> Result<(), ConfigError> {
        let Some(storage) = &self.secondary_storage else {
            let asked = [
                (self.session.store_session_in_database, "session.store_session_in_database = true"),
                (self.session.preserve_session_in_database, "session.preserve_session_in_database = true"),
                (
                    self.rate_limit.storage == Some(RateLimitStorage::SecondaryStorage),
                    "rate_limit.storage = \"secondary-storage\"",
                ),
                (self.verification.store_in_database == Some(false), "verification.store_in_database = false"),
            ];
            return match asked.iter().find(|(is_asked, _)| *is_asked) {
                Some((_, option)) => invalid(format!(
                    "{option} needs a secondary storage. Add secondary_storage.url = \"redis://host:6379\", or remove the line"
                )),
                None => Ok(()),
            };
        };
        if self.session.preserve_session_in_database && !self.session.store_session_in_database {
            return invalid(
                "session.preserve_session_in_database = true keeps rows of ended sessions, and \
                 session.store_session_in_database makes none. Set both, or neither"
                    .to_owned(),
            );
        }
        if [storage.connect_timeout_ms, storage.command_timeout_ms].contains(&0) {
            return invalid("a time limit of [secondary_storage] is 0: it must be at least 1 millisecond".to_owned());
        }
        Ok(())
    }
}

fn invalid<T>(text: String) -> Result<T, ConfigError> {
    Err(ConfigError::Invalid(text))
}
