//! Decides: passwords, sessions, verifications. Knows no HTTP and no SQL.
//!
//! Flat: one file for each thing that is decided about, and they call each other freely.

pub mod account;
mod active_session;
pub mod additional_fields;
pub mod audit;
pub mod credential;
pub mod email_token;
mod error;
pub mod known_device;
pub mod lifecycle;
pub mod ownership;
pub mod password;
pub mod provider_tokens;
pub mod rate_counts;
pub mod seals;
mod secondary_sessions;
pub mod session;
pub mod session_cache;
pub mod session_token;
pub mod settings;
pub mod sweeper;
pub mod user;
pub mod user_change;
pub mod user_total;
pub mod verification;
pub mod version;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

pub use error::AuthError;
pub use lifecycle::{Cause, Happening, Scope, UnitOfWork};

use crate::clock::{Clock, Timestamp};
use crate::config::{Config, GenerateId};
use crate::cookie::Cookies;
use crate::crypto::purpose::Purpose;
use crate::crypto::random::Random;
use crate::crypto::secret::Secret;
use crate::crypto::{base64_url, hmac_sha256};
use crate::http::origin::TrustedOrigins;
use crate::http::shown_url;
use crate::store::secondary::{Secondary, SecondaryOptions};
use crate::store::{Database, Schema, Store, StoreError};

/// What a tag stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// A session's token.
    Session,
    /// An e-mail address.
    Account,
}

/// The keys of tags, derived once.
struct TagKeys {
    session: Secret<Vec<u8>>,
    account: Secret<Vec<u8>>,
}

impl TagKeys {
    fn of(secret: &Secret<String>) -> Self {
        let key = |of| Purpose::Tag(of).key(secret);
        Self { session: key("session"), account: key("account") }
    }
}

fn secondary_of(config: &Config) -> Result<Option<Arc<Secondary>>, AuthError> {
    let Some(options) = &config.secondary_storage else { return Ok(None) };
    let options = SecondaryOptions {
        url: options.url.clone(),
        key_prefix: options.key_prefix.clone(),
        connect_timeout: Duration::from_millis(options.connect_timeout_ms),
        command_timeout: Duration::from_millis(options.command_timeout_ms),
    };
    Ok(Some(Arc::new(Secondary::open(&options)?)))
}

/// What every decision needs: the configuration and the ports.
pub struct Auth {
    /// What the operator set.
    pub config: Arc<Config>,
    /// The rows. What reads and writes them gets a [`Scope`], which may be a transaction.
    pub store: Arc<Store>,
    /// Redis or Valkey, when the operator has one.
    pub secondary: Option<Arc<Secondary>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Password hashes.
    pub passwords: Arc<password::PasswordHasher>,
    /// Names, attributes and signatures of cookies.
    pub cookies: Cookies,
    /// Copies of sessions in cookies, when the operator switched them on.
    pub session_cache: Option<session_cache::SessionCache>,
    /// Origins and redirect targets that are trusted.
    pub origins: TrustedOrigins,
    /// How often what was tried, for limits.
    pub rate_counts: Arc<rate_counts::RateCounts>,
    /// Where events of the audit log go.
    pub audit: Arc<audit::AuditLog>,
    /// Woken when a mail was committed.
    pub mail_queued: Arc<Notify>,
    /// How many users there are.
    pub user_total: Arc<user_total::UserTotal>,
    tag_keys: TagKeys,
}

impl Auth {
    /// Puts the parts together; starts the hashing threads.
    ///
    /// # Errors
    /// When the hashing threads cannot be started, or a key cannot be derived.
    pub fn new(
        config: Arc<Config>,
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, AuthError> {
        let passwords = password::PasswordHasher::start(&config.password_hashing, random.clone())?;
        Ok(Self {
            cookies: Cookies::new(&config),
            session_cache: session_cache::SessionCache::new(&config, &config.secret_value)?,
            rate_counts: Arc::new(rate_counts::RateCounts::new(config.rate_limit_storage())),
            secondary: secondary_of(&config)?,
            tag_keys: TagKeys::of(&config.secret_value),
            audit: audit::AuditLog::new(config.audit.enabled),
            origins: trusted_origins(&config),
            config,
            store: Arc::new(store),
            clock,
            random,
            passwords: Arc::new(passwords),
            mail_queued: Arc::default(),
            user_total: Arc::default(),
        })
    }

    /// Asks the secondary storage, if there is one, whether it works.
    ///
    /// # Errors
    /// Where it is and why it does not.
    pub async fn try_secondary(&self) -> Result<(), String> {
        let (Some(storage), Some(options)) = (&self.secondary, &self.config.secondary_storage) else { return Ok(()) };
        let failed = |error| match error {
            StoreError::Unavailable(why) => why,
            other => other.to_string(),
        };
        let url = shown_url(&options.url);
        storage.ping().await.map_err(|error| format!("secondary_storage.url {url} cannot be used: {}", failed(error)))
    }

    /// The same with other settings: what is counted, stored and hashed stays one.
    ///
    /// # Errors
    /// When a key cannot be derived.
    pub fn with_config(&self, config: Arc<Config>) -> Result<Self, AuthError> {
        Ok(Self {
            cookies: Cookies::new(&config),
            session_cache: session_cache::SessionCache::new(&config, &config.secret_value)?,
            rate_counts: Arc::clone(&self.rate_counts),
            tag_keys: TagKeys::of(&config.secret_value),
            audit: Arc::clone(&self.audit),
            origins: trusted_origins(&config),
            config,
            store: Arc::clone(&self.store),
            secondary: self.secondary.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            passwords: Arc::clone(&self.passwords),
            mail_queued: Arc::clone(&self.mail_queued),
            user_total: Arc::clone(&self.user_total),
        })
    }

    /// An id for a new row, in the configured form. Where the database makes ids, it is for rows that are not there.
    pub fn new_id(&self) -> String {
        match self.config.advanced.database.generate_id {
            GenerateId::Random | GenerateId::Serial | GenerateId::Column => self.random.id(),
            GenerateId::Uuid => self.random.uuid(),
        }
    }

    /// A keyed hash that stands for `value` in tables and logs that must not hold it: 22 characters.
    pub fn tag(&self, of: Tag, value: &str) -> String {
        let key = match of {
            Tag::Session => &self.tag_keys.session,
            Tag::Account => &self.tag_keys.account,
        };
        let mut tag = base64_url(&hmac_sha256(key.expose(), value.as_bytes()));
        tag.truncate(22);
        tag
    }

    /// The models of the database.
    pub fn schema(&self) -> &Schema {
        self.store.schema()
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn trusted_origins(config: &Config) -> TrustedOrigins {
    let own = config.origin();
    TrustedOrigins::new(config.trusted_origins.iter().map(String::as_str).chain([own.as_str()]))
}
