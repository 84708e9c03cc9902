//! The configuration: one TOML file, with environment variables that override options.
//!
//! Variables reach the options in sections and those at the top, not `[[plugins]]` and other lists of tables. Options of
//! the core have the reference's names in snake_case.
//!
//! Flat: one file for each group of sections, and few for reading them.

mod accent;
mod account;
mod address_rule;
mod audit;
mod changes;
mod check;
mod components;
mod cors;
mod error;
mod load;
mod log;
mod mail;
mod models;
mod options;
mod pages;
mod parse_error;
mod parts;
mod plugins;
mod public_facts;
mod secondary;
mod secret_source;
mod secrets;
mod session;
mod settings;
mod stateless;
mod telemetry;
mod url_password;
mod variables;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use account::{Account, AccountLinking, StateStrategy};
pub use audit::Audit;
pub use components::folder_beside_binary;
pub use cors::Cors;
pub use error::ConfigError;
pub use log::{Log, LogFormat};
pub use mail::{MailConfig, MailTransport, SmtpConfig, SmtpTls, WebhookConfig};
pub use models::{
    AdditionalField, AdditionalFields, AdvancedDatabase, ColumnNames, GenerateId, IdentifierForm, InOrder,
    StoreIdentifier, Verification,
};
pub use options::{
    Advanced, ChangeEmail, CookieAttributes, CookieOptions, CrossSubDomainCookies, DeleteUser, EmailAndPassword,
    EmailVerification, IpAddress, OnApiError, SameSite, User,
};
pub use pages::{ASSETS, Pages, SiteFiles};
pub use parse_error::{is_at_top, misplaced, nearest, nearest_at_top};
pub use parts::{
    CustomLimit, Database, HookConfig, Management, ManagementKey, ManagementKeySource, PasswordHashing,
    PerAccountLimit, PerRecipientLimit, RateLimitStorage, RateLimiter, Server, Tls, VersionedSource,
};
pub use plugins::{
    BreakerConfig, FailurePolicy, OnFailure, PluginConfig, PluginHttp, PluginLimits, PluginNames, PluginTrust,
};
pub use secondary::{Home, SecondaryStorage};
pub use secret_source::SecretSource;
pub use session::{CookieCache, CookieCacheStrategy, RefreshCache, Session, TokenStorage};
pub use settings::{DATABASE, Fault, Setting, SettingKind};
pub use stateless::NO_DATABASE;
pub use telemetry::Telemetry;
pub use webhooks::{
    AUDIT as AUDIT_RECEIVER, AuditWebhook, SECRET_PREFIX, Ssf, SsfAlgorithm, SsfStream, SubjectFormat, Webhook,
    key_bytes, kind_fits, shown_origin,
};

use crate::crypto::seal::Secrets;
use crate::crypto::secret::Secret;

/// Everything an operator can set.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of the application, shown in mails and authenticator apps.
    pub app_name: String,
    /// Public origin, for example `https://auth.example.com`.
    pub base_url: String,
    /// Prefix of every route.
    pub base_path: String,
    /// Endpoints for operators stand below it. Absent means `/api`, or `/operator` where `base_path` is `/api`.
    pub operator_path: Option<String>,
    /// The secret that signs cookies and seals values: text, `{ env = "NAME" }`, `{ file = "PATH" }` or `{ credential = "NAME" }`.
    pub secret: SecretSource,
    /// Secrets with versions, for rotation: the first signs and seals, all of them are accepted; `secret` then is the
    /// one from before there were versions.
    pub secrets: Vec<VersionedSource>,
    /// Lets the server start with a short or well-known secret.
    pub allow_insecure_secret: bool,
    /// Origins beside `base_url` that may call and be redirected to; `*` and `?` are wildcards.
    pub trusted_origins: Vec<String>,
    /// Pages of other origins that may read answers.
    pub cors: Cors,
    /// Paths below the base path that answer 404.
    pub disabled_paths: Vec<String>,
    /// Where and how the server listens.
    pub server: Server,
    /// Where rows are kept.
    pub database: Database,
    /// Redis or Valkey, for sessions, verifications and limits.
    pub secondary_storage: Option<SecondaryStorage>,
    /// How passwords are hashed.
    pub password_hashing: PasswordHashing,
    /// Sign-up and sign-in by password.
    pub email_and_password: EmailAndPassword,
    /// Mails that prove an address.
    pub email_verification: EmailVerification,
    /// User records.
    pub user: User,
    /// Sessions and their cookies.
    pub session: Session,
    /// Linked accounts.
    pub account: Account,
    /// Verification rows.
    pub verification: Verification,
    /// Limits on requests of one client.
    pub rate_limit: RateLimiter,
    /// Cookies, addresses, checks.
    pub advanced: Advanced,
    /// What becomes of errors on redirects.
    pub on_api_error: OnApiError,
    /// How lines of the log look.
    pub log: Log,
    /// The audit log as a table.
    pub audit: Audit,
    /// Numbers and traces by OpenTelemetry.
    pub telemetry: Telemetry,
    /// Other systems that are told of events.
    pub webhooks: Vec<Webhook>,
    /// Security events for other services, as the Shared Signals Framework of OpenID has them.
    pub ssf: Option<Ssf>,
    /// Pages of plugins.
    pub pages: Pages,
    /// The management API; absent means that there is none.
    pub management: Option<Management>,
    /// How mail leaves; absent means that features which need mail are off.
    pub mail: Option<MailConfig>,
    /// Where the components of plugins without a `path` lie, seen from the configuration file; absent means `plugins/dist`
    /// there, then the folders of the binary.
    pub plugin_folder: Option<String>,
    /// Whose plugins are loaded.
    #[serde(skip_serializing)]
    pub plugin_trust: PluginTrust,
    /// Plugins, in the order their hooks run.
    #[serde(skip_serializing)]
    pub plugins: Vec<PluginConfig>,
    /// Scripts, in the order they run.
    #[serde(skip_serializing)]
    pub hooks: Vec<HookConfig>,
    /// Whether `doorward dev` serves: mail may go to the development mailbox. Not an option.
    #[serde(skip)]
    pub is_development: bool,
    /// Where each option was set that was set at all. Not an option.
    #[serde(skip)]
    pub sources: BTreeMap<String, String>,
    /// Variables that begin as ours do and set nothing. Not an option.
    #[serde(skip)]
    pub unused_variables: Vec<String>,
    /// Folder that relative paths are resolved against: where the file lies. Not an option.
    #[serde(skip)]
    pub folder: PathBuf,
    /// Files that secrets were read from. Not an option.
    #[serde(skip)]
    pub secret_files: BTreeSet<PathBuf>,
    /// The current secret's value, read once. Not an option.
    #[serde(skip)]
    pub secret_value: Secret<String>,
    /// The values of all secrets. Not an option.
    #[serde(skip)]
    pub all_secrets: Secrets,
    /// The keys of the management API. Not an option.
    #[serde(skip)]
    pub management_keys: Vec<ManagementKey>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            app_name: "Doorward".into(),
            base_url: "http://localhost:3000".into(),
            base_path: "/api/auth".into(),
            operator_path: None,
            secret: SecretSource::default(),
            secrets: Vec::new(),
            allow_insecure_secret: false,
            trusted_origins: Vec::new(),
            cors: Cors::default(),
            disabled_paths: Vec::new(),
            server: Server::default(),
            database: Database::default(),
            secondary_storage: None,
            password_hashing: PasswordHashing::default(),
            email_and_password: EmailAndPassword::default(),
            email_verification: EmailVerification::default(),
            user: User::default(),
            session: Session::default(),
            account: Account::default(),
            verification: Verification::default(),
            rate_limit: RateLimiter::default(),
            advanced: Advanced::default(),
            on_api_error: OnApiError::default(),
            log: Log::default(),
            audit: Audit::default(),
            telemetry: Telemetry::default(),
            webhooks: Vec::new(),
            ssf: None,
            pages: Pages::default(),
            management: None,
            mail: None,
            plugin_folder: None,
            plugin_trust: PluginTrust::default(),
            plugins: Vec::new(),
            hooks: Vec::new(),
            is_development: false,
            sources: BTreeMap::new(),
            unused_variables: Vec::new(),
            folder: PathBuf::from("."),
            secret_files: BTreeSet::new(),
            secret_value: Secret::default(),
            all_secrets: Secrets::default(),
            management_keys: Vec::new(),
        }
    }
}

impl Config {
    /// Scheme, host and port of the server, without a trailing slash: `http://localhost:3000`.
    pub fn origin(&self) -> String {
        url::Url::parse(&self.base_url)
            .map_or_else(|_| self.base_url.trim_end_matches('/').to_owned(), |url| url.origin().ascii_serialization())
    }

    /// Public address of the base path: `http://localhost:3000/api/auth`.
    pub fn endpoint_base(&self) -> String {
        format!("{}{}", self.origin(), self.base_path)
    }

    /// Where endpoints for operators stand.
    pub fn operator_path(&self) -> &str {
        let usual = if self.base_path == "/api" { "/operator" } else { "/api" };
        self.operator_path.as_deref().unwrap_or(usual)
    }

    /// Whether mails that prove an address are sent.
    pub fn sends_verification_email(&self) -> bool {
        self.mail.is_some() && self.email_verification.send_verification_email
    }

    /// Whether a new user gets a mail that proves the address.
    pub fn sends_verification_on_sign_up(&self) -> bool {
        let asked = self.email_verification.send_on_sign_up;
        self.sends_verification_email() && asked.unwrap_or(self.email_and_password.require_email_verification)
    }

    /// Whether mails with a link to set a new password are sent.
    pub fn sends_reset_password(&self) -> bool {
        self.mail.is_some() && self.email_and_password.send_reset_password
    }

    /// Whether cookies are `Secure` and their names start with `__Secure-`.
    pub fn uses_secure_cookies(&self) -> bool {
        self.advanced.use_secure_cookies.unwrap_or_else(|| self.base_url.starts_with("https://"))
    }

    /// `path`, seen from the folder of the configuration file.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// The database's URL, with a relative SQLite path seen from the configuration's folder.
    pub fn database_url(&self) -> String {
        match self.database.url.strip_prefix("sqlite://") {
            Some(path) => format!("sqlite://{}", self.resolve(path).display()),
            None => self.database.url.clone(),
        }
    }
}
