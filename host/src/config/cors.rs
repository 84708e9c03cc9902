//! `[cors]`: pages of which other origins may call and read the answers.

use serde::{Deserialize, Serialize};

/// `[cors]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cors {
    /// Lets pages of other origins read answers.
    pub enabled: bool,
    /// Their origins, with wildcards as in `trusted_origins`; absent means `trusted_origins` and the server's own.
    pub origins: Option<Vec<String>>,
    /// How long a browser may remember that a page may call, in seconds.
    pub max_age: u32,
}

impl Default for Cors {
    fn default() -> Self {
        Self { enabled: true, origins: None, max_age: 600 }
    }
}
