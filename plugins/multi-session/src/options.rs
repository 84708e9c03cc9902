//! What the operator can set.

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How many sessions one browser keeps.
    pub maximum_sessions: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { maximum_sessions: 5 }
    }
}
