//! A live session and its user, as one value.

use crate::store::{Session, User};

/// A live session and its user.
#[derive(Clone, Debug)]
pub struct ActiveSession {
    /// The session's row.
    pub session: Session,
    /// The user's row.
    pub user: User,
    /// Whether both come from the browser's copy: possibly out of date, and without the fields that never leave the
    /// server.
    pub is_cached: bool,
}

impl ActiveSession {
    /// A session whose rows come from the store.
    pub fn stored(session: Session, user: User) -> Self {
        Self { session, user, is_cached: false }
    }

    /// Whether this field of the session has a value.
    pub fn has_value(&self, field: &str) -> bool {
        !self.session.0.get(field).is_null()
    }
}
