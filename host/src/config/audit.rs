//! `[audit]`: whether events are stored, and for how long.

use serde::{Deserialize, Serialize};

/// `[audit]`
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Stores events in the table `doorward_audit`. The lines of the log are written all the same.
    pub enabled: bool,
    /// Days that an event is kept; 0 means for ever.
    pub retention: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Self { enabled: true, retention: 365 }
    }
}
