//! What the operator can set.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const COOKIE: &str = "better-auth.last_used_login_method";

/// The name of the option that adds the field.
pub const STORES: &str = "store_in_database";

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The cookie's whole name.
    pub cookie_name: String,
    /// Seconds.
    pub max_age: u64,
    /// Adds and fills `user.lastLoginMethod`.
    pub store_in_database: bool,
    /// Names by path that go before the built-in ones.
    pub custom_resolve_method: BTreeMap<String, String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            cookie_name: COOKIE.to_owned(),
            max_age: 30 * 24 * 60 * 60,
            store_in_database: false,
            custom_resolve_method: BTreeMap::new(),
        }
    }
}
