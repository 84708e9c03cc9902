//! Options of Doorward's own: server, database, hashing, rate limit and scripts.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::WebhookConfig;
use super::models::{ColumnNames, InOrder};
use super::secret_source::SecretSource;
use crate::crypto::secret::Secret;
use crate::http::shown_url;

/// One entry of `secrets`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VersionedSource {
    /// Names the secret in what it sealed.
    pub version: u32,
    /// The secret.
    pub value: SecretSource,
}

/// `[management]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Management {
    /// Address and port of the management API; never the public one.
    pub address: String,
    /// Who may call its functions.
    #[serde(default)]
    pub keys: Vec<ManagementKeySource>,
}

/// One entry of `management.keys`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ManagementKeySource {
    /// Stands in audit events.
    pub name: String,
    /// The key itself.
    pub value: SecretSource,
    /// Names of functions, or `*` for all.
    pub scopes: Vec<String>,
}

/// A key of the management API with its value.
#[derive(Clone, Debug)]
pub struct ManagementKey {
    /// Stands in audit events.
    pub name: String,
    /// The key itself.
    pub value: Secret<String>,
    /// Names of functions, or `*` for all.
    pub scopes: Vec<String>,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub address: String,
    /// Threads that serve requests; 0 means one a core.
    pub workers: usize,
    /// Longest request body, in bytes.
    pub max_body_bytes: usize,
    /// Longest time a client may take to send its body, in milliseconds.
    pub body_timeout_ms: u64,
    /// Connections of one address at once; 0 means 512, and for this machine itself half of the files that the system
    /// allows. Trusted proxies always have that half.
    pub max_connections_per_address: usize,
    /// TLS of this address, where no proxy does it.
    pub tls: Option<Tls>,
}

/// `[server.tls]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The file with the certificate and those above it, in PEM; seen from the configuration file.
    pub certificate: String,
    /// The file with its private key, in PEM.
    pub key: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:3000".into(),
            workers: 0,
            max_body_bytes: 65_536,
            body_timeout_ms: 10_000,
            max_connections_per_address: 0,
            tls: None,
        }
    }
}

/// `[database]`
#[derive(Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite://file.db` (seen from the configuration file), `postgres://user@host/name` or `mysql://user@host/name`, which
    /// is MariaDB's too; `none` for a server that keeps no rows. `postgres://user@one,two/name` names several servers, of which
    /// the one that takes writes is used.
    #[serde(serialize_with = "without_password")]
    pub url: String,
    /// The password of the user in `url`, and in those of `replicas`, where it does not stand there.
    pub password: Option<SecretSource>,
    /// URLs of copies of a PostgreSQL or MySQL database. They answer what may be old: lists and counts for administrators, and
    /// the audit log.
    #[serde(serialize_with = "without_passwords")]
    pub replicas: Vec<String>,
    /// A replica that is further behind than so many milliseconds is left out.
    pub replica_lag_ms: u64,
    /// Connections (PostgreSQL, MySQL) or reader threads (SQLite); 0 means the backend's default.
    pub pool_size: usize,
    /// How long a request waits for a free connection or for its turn to write, in milliseconds.
    pub acquire_timeout_ms: u64,
    /// How long a new connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one statement may take, in milliseconds.
    pub statement_timeout_ms: u64,
}

/// URLs may hold passwords.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("url", &shown_url(&self.url)).finish_non_exhaustive()
    }
}

fn without_password<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown_url(url))
}

fn without_passwords<S: Serializer>(urls: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(urls.iter().map(|url| shown_url(url)))
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: "sqlite://doorward.db".into(),
            password: None,
            replicas: Vec::new(),
            replica_lag_ms: 10_000,
            pool_size: 0,
            acquire_timeout_ms: 5_000,
            connect_timeout_ms: 5_000,
            statement_timeout_ms: 10_000,
        }
    }
}

/// `[password_hashing]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordHashing {
    /// Hashes that run at once; 0 means one a core.
    pub concurrency: usize,
    /// Hashes that may wait; one more is answered 503.
    pub queue: usize,
    /// argon2id memory in KiB.
    pub memory_kib: u32,
    /// argon2id passes.
    pub iterations: u32,
    /// Makes new hashes with the reference's scrypt, so that it can open the database afterwards. argon2id is stronger.
    pub keep_scrypt: bool,
}

impl Default for PasswordHashing {
    fn default() -> Self {
        Self { concurrency: 0, queue: 256, memory_kib: 19_456, iterations: 2, keep_scrypt: false }
    }
}

/// `[rate_limit]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimiter {
    /// Switches the limiter on.
    pub enabled: bool,
    /// Seconds.
    pub window: u32,
    /// Requests per window, client and path.
    pub max: u32,
    /// Where counts are kept; absent means in `secondary_storage` if there is one, else in this process.
    pub storage: Option<RateLimitStorage>,
    /// Name of the table, when counts are kept in the database.
    pub model_name: Option<String>,
    /// Names of its columns.
    pub fields: ColumnNames,
    /// The limit on failed sign-ins of one account.
    pub per_account: PerAccountLimit,
    /// How much mail goes to one address.
    pub per_recipient: PerRecipientLimit,
    /// Path or wildcard → a rule, or `false` for none. The first that matches wins over every other rule.
    pub custom_rules: InOrder<CustomLimit>,
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self {
            enabled: true,
            window: 10,
            max: 100,
            storage: None,
            model_name: None,
            fields: ColumnNames::new(),
            per_account: PerAccountLimit::default(),
            per_recipient: PerRecipientLimit::default(),
            custom_rules: InOrder::default(),
        }
    }
}

/// `[rate_limit.per_account]`
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerAccountLimit {
    /// Switches it on, together with `rate_limit.enabled`.
    pub enabled: bool,
    /// Seconds.
    pub window: u32,
    /// Failed sign-ins by password per window, from all addresses together.
    pub max: u32,
}

impl Default for PerAccountLimit {
    fn default() -> Self {
        Self { enabled: true, window: 900, max: 20 }
    }
}

/// `[rate_limit.per_recipient]`
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerRecipientLimit {
    /// Switches it on, together with `rate_limit.enabled`.
    pub enabled: bool,
    /// Mails to one address per day (UTC), whoever asked for them; more are not sent.
    pub max: u32,
    /// Of these, mails of one kind that requests from one address cause.
    pub per_requester: u32,
    /// Of these, mails that only the owner causes, signed in or on a known device; at most a quarter.
    pub reserve: u32,
}

impl Default for PerRecipientLimit {
    fn default() -> Self {
        Self { enabled: true, max: 20, per_requester: 10, reserve: 5 }
    }
}

/// Where the limiter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RateLimitStorage {
    /// In this process.
    Memory,
    /// In the table `rateLimit`, together with all other processes.
    Database,
    /// In the secondary storage, together with all other processes.
    #[serde(rename = "secondary-storage")]
    SecondaryStorage,
}

/// One entry of `rate_limit.custom_rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected false, or { window = SECONDS, max = REQUESTS }")]
pub enum CustomLimit {
    /// `false`: no limit.
    Switch(bool),
    /// A limit of its own.
    Limit {
        /// Seconds.
        window: u32,
        /// Requests per window.
        max: u32,
    },
}

/// `[[hooks]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookConfig {
    /// The script, seen from the configuration file.
    pub file: String,
    /// Lets a request pass when the script itself fails; the default refuses it.
    #[serde(default)]
    pub fail_open: bool,
    /// Constants that the script reads as `config`.
    #[serde(default)]
    pub config: toml::Table,
    /// Patterns of paths where it reads secrets: passwords, tokens, codes. Everywhere else they are redacted.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Fields that no client sets and this script may: `user.plan`. Those of the core stay closed.
    #[serde(default)]
    pub sets: Vec<String>,
    /// Plugins whose challenge it may waive at sign-ins, such as `two-factor`.
    #[serde(default)]
    pub waives: Vec<String>,
    /// Tables of plugins that it reads with `rows`, such as `invite-codes.invite`.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Where `webhook(…)` posts the script's events: `https`, or `http` to this machine.
    pub webhook: Option<WebhookConfig>,
}

impl HookConfig {
    /// A script with nothing set.
    pub fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            fail_open: false,
            config: toml::Table::new(),
            secrets: Vec::new(),
            sets: Vec::new(),
            waives: Vec::new(),
            reads: Vec::new(),
            webhook: None,
        }
    }
}
