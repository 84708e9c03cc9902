//! What happened during a request that its answer does not tell and the audit log wants to know.

use crate::store::Session;

/// Notes for the audit log; nothing is decided by them.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// The error code of the answer, when it is a refusal.
    pub refused: Option<String>,
    /// True if the answer is a page that asks whether to follow the link: nothing was done.
    pub asks_to_confirm: bool,
    /// True if the request was refused because of too many failed sign-ins to its account.
    pub is_locked_out: bool,
    /// True if the request carried a correctly signed token whose session has expired or been revoked.
    pub has_dead_session: bool,
    /// True if the endpoint wrote the events of what it did itself.
    pub is_told: bool,
    /// The name of the management API's key that the request came with.
    pub key: Option<String>,
    /// The session that this request ended.
    pub ended: Option<Session>,
}
