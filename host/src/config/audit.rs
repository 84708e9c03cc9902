//! `[audit]`: whether events are stored, for how long, and where else they go.

use serde::{Deserialize, Serialize};

use super::webhooks::AuditWebhook;

/// `[audit]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Stores events in the table `doorward_audit`. The lines of the log are written all the same.
    pub enabled: bool,
    /// Days that an event is kept; 0 means for ever.
    pub retention: u32,
    /// Posts every event to another system, signed as webhooks are.
    pub webhook: Option<AuditWebhook>,
    /// Sends every event to a syslog server: `udp://host:514`, `tcp://host:601`, `tls://host:6514` or `unix:///dev/log`.
    pub syslog: Option<String>,
}

impl Default for Audit {
    fn default() -> Self {
        Self { enabled: true, retention: 365, webhook: None, syslog: None }
    }
}
