//! The administrator behind a session: who acts as someone else, and the end of it.

use crate::options::Options;
use doorward_sdk::prelude::*;

/// The field of a session that holds the administrator's id.
pub const FIELD: &str = "impersonatedBy";

/// The administrator behind a session.
pub fn impersonator(session: &Map<String, Value>) -> Option<&str> {
    session.get(FIELD).and_then(Value::as_str).filter(|id| !id.is_empty())
}

/// Ends every session that someone else opened as this user.
pub fn end_all_of(user_id: &str) -> Result<()> {
    for session in session_administration::list_of_user(user_id)? {
        if let (Some(_), Some(token)) = (impersonator(&session), session.get("token").and_then(Value::as_str)) {
            session_administration::end(token)?;
        }
    }
    Ok(())
}

/// Ends every session that this user opened as someone else.
pub fn end_all_by(admin_id: &str) -> Result<()> {
    if config::options::<Options>()?.strict_impersonation {
        session_administration::end_by_own_field(FIELD, admin_id)?;
    }
    Ok(())
}
