//! `[session]`: sessions, where they are kept, and their copies in cookies.

use serde::{Deserialize, Serialize};

use super::models::{AdditionalFields, ColumnNames};

/// `[session]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// Name of the table.
    pub model_name: Option<String>,
    /// Names of columns.
    pub fields: ColumnNames,
    /// Fields beside the core's.
    pub additional_fields: AdditionalFields,
    /// Life of a session in seconds.
    pub expires_in: i64,
    /// A session is extended when this many seconds of its life are used.
    pub update_age: i64,
    /// A session counts as fresh for this many seconds; 0 means always.
    pub fresh_age: i64,
    /// Lets the list of sessions say of each whether it is the caller's own (`isCurrent`).
    pub mark_current: bool,
    /// Never extends a session.
    pub disable_session_refresh: bool,
    /// `GET` never writes; `POST /get-session` extends.
    pub defer_session_refresh: bool,
    /// A signed copy of the session in a cookie.
    pub cookie_cache: CookieCache,
    /// How tokens of sessions are stored.
    pub token_storage: TokenStorage,
    /// With a `secondary_storage`, keeps sessions in the database, and a copy there for other servers.
    pub store_session_in_database: bool,
    /// Keeps the rows of sessions that were ended. Whether a session lives is then told by the secondary storage.
    pub preserve_session_in_database: bool,
}

/// `session.token_storage`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenStorage {
    /// As they are, like the reference: who reads the table can sign nothing, but has the tokens.
    #[default]
    Plain,
    /// As their SHA-256. Lists of sessions show the hash, which ends a session as its token does. Sessions from before stay.
    Hashed,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            model_name: None,
            fields: ColumnNames::new(),
            additional_fields: AdditionalFields::default(),
            expires_in: 604_800,
            update_age: 86_400,
            fresh_age: 86_400,
            mark_current: false,
            disable_session_refresh: false,
            defer_session_refresh: false,
            cookie_cache: CookieCache::default(),
            token_storage: TokenStorage::default(),
            store_session_in_database: false,
            preserve_session_in_database: false,
        }
    }
}

/// `[session.cookie_cache]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CookieCache {
    /// Switches the cache on.
    pub enabled: bool,
    /// Life of a copy in seconds.
    pub max_age: i64,
    /// How the copy is protected.
    pub strategy: CookieCacheStrategy,
    /// Copies of another version are discarded.
    pub version: String,
    /// Without a database: `true` makes a copy anew in the last fifth of its life, `{ update_age = SECONDS }` that long before
    /// its end.
    pub refresh_cache: Option<RefreshCache>,
}

impl Default for CookieCache {
    fn default() -> Self {
        Self {
            enabled: false,
            max_age: 300,
            strategy: CookieCacheStrategy::default(),
            version: "1".into(),
            refresh_cache: None,
        }
    }
}

/// How the cached session is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CookieCacheStrategy {
    /// Base64url JSON with an HMAC.
    #[default]
    Compact,
    /// A signed JWT.
    Jwt,
    /// An encrypted JWT.
    Jwe,
}

/// `session.cookie_cache.refresh_cache`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected true, false, or { update_age = SECONDS }")]
pub enum RefreshCache {
    /// `true`: in the last fifth of its life.
    Switch(bool),
    /// From a moment of its own.
    Before {
        /// This many seconds before the copy ends.
        update_age: i64,
    },
}

impl RefreshCache {
    /// How long before its end a copy that lives `max_age_secs` is made anew, in seconds. `None` means never.
    pub fn before_end_secs(self, max_age_secs: i64) -> Option<i64> {
        match self {
            Self::Switch(true) => Some(max_age_secs / 5),
            Self::Switch(false) => None,
            Self::Before { update_age } => Some(update_age),
        }
    }
}
