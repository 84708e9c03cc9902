//! A live session and its user, as one value.

use serde_json::{Map, Value as Json};

use crate::store::{Record, Session, User};

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

    /// `{session, user}` as the client sees it; of a copy, in the order in which the reference reads copies.
    pub fn output(&self) -> Map<String, Json> {
        const SESSION: [&str; 8] =
            ["id", "createdAt", "updatedAt", "userId", "expiresAt", "token", "ipAddress", "userAgent"];
        const USER: [&str; 7] = ["id", "createdAt", "updatedAt", "email", "emailVerified", "name", "image"];
        let ordered = |record: &Record, names: &[&str]| {
            let output = record.output();
            if self.is_cached { with_first(output, names) } else { output }
        };
        let session = ordered(&self.session.0, &SESSION);
        let user = ordered(&self.user.0, &USER);
        Map::from_iter([("session".to_owned(), session.into()), ("user".to_owned(), user.into())])
    }
}

fn with_first(mut fields: Map<String, Json>, names: &[&str]) -> Map<String, Json> {
    let first = names.iter().filter_map(|name| fields.shift_remove_entry(*name));
    let mut ordered: Map<String, Json> = first.collect();
    ordered.extend(fields);
    ordered
}
