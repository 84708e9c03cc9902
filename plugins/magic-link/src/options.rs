//! What the operator can set.

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Seconds until a link is worthless.
    pub expires_in: u64,
    /// Refuse addresses without a user.
    pub disable_sign_up: bool,
    pub store_token: StoreToken,
    /// Read by the host.
    rate_limit: RateLimit,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreToken {
    Plain,
    /// The database holds SHA-256 of the token: who reads it cannot use it.
    Hashed,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RateLimit {
    window: u64,
    max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            expires_in: 5 * 60,
            disable_sign_up: false,
            store_token: StoreToken::Plain,
            rate_limit: RateLimit::default(),
        }
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        RateLimit { window: 60, max: 5 }
    }
}
