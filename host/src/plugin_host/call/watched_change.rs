//! The row that an event is about.

use crate::auth::lifecycle::Action;
use crate::store::{Record, Value};

/// The row of one call of a guest.
pub(in crate::plugin_host) struct WatchedChange {
    pub(in crate::plugin_host) action: Action,
    /// Creating and deleting, the row; updating, the row with what is set.
    pub(in crate::plugin_host) row: Record,
    /// The names of what an update sets; none shows the whole row.
    pub(in crate::plugin_host) shown: Option<Vec<String>>,
    /// What the guest sets before the change; none after it.
    pub(in crate::plugin_host) sets: Option<Vec<(String, Value)>>,
}
