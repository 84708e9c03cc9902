//! The time, as the host keeps it.

use crate::host;

/// Milliseconds since 1970-01-01 UTC.
pub fn now_millis() -> u64 {
    host::clock::now_millis()
}
