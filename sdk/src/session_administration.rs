//! What administrators do to other people's sessions.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # let user = users::create(&json!({ "email": "ada@example.com" }))?;
//! # sessions::open(&user, "email")?;
//! let live = session_administration::list_of_user(&user.id())?;
//! assert_eq!(live.len(), 1);
//! assert_eq!(session_administration::end_all(&user.id())?, 1);
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;
use crate::models::rows;
use crate::sessions::Session;
use crate::users::User;
use serde_json::{Map, Value};

/// The user's live sessions, oldest first, with tokens.
///
/// # Errors
/// When the store is away.
pub fn list_of_user(user_id: &str) -> Result<Vec<Map<String, Value>>> {
    rows(host::session_administration::list_of_user(user_id)?)
}

/// The live session with this id, whoever's it is, with its token.
///
/// # Errors
/// When the store is away.
pub fn find(id: &str) -> Result<Option<Session>> {
    host::session_administration::find(id)?.map(|text| Session::parse(&text)).transpose()
}

/// Ends a session. False when there is none with this token.
///
/// # Errors
/// When the store is away.
pub fn end(token: &str) -> Result<bool> {
    Ok(host::session_administration::end(token)?)
}

/// Ends all sessions of the user and returns their number.
///
/// # Errors
/// When the store is away.
pub fn end_all(user_id: &str) -> Result<u64> {
    Ok(host::session_administration::end_all(user_id)?)
}

/// Ends every session, of any user, in which this plugin's field has this value; returns how many.
///
/// # Errors
/// `denied` for a field that is not the plugin's.
pub fn end_by_own_field(field: &str, value: &str) -> Result<u64> {
    Ok(host::session_administration::end_by_own_field(field, value)?)
}

/// Opens a session of someone else in this browser, in place of the current one, which lives on. It lasts `ttl_secs`, ends
/// with the browser and carries `fields`, which this plugin adds to sessions. Gates are asked about the user.
///
/// # Errors
/// What a gate answered instead; pass it on with `?`.
pub fn impersonate(user: &User, method: &str, ttl_secs: u64, fields: &Value) -> Result<Session> {
    let text = host::session_administration::impersonate(&user.id(), method, ttl_secs, &fields.to_string())?;
    Session::parse(&text)
}
