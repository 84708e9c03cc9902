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
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # sessions::open(&ada, "email")?;
/// let section = session_administration::list_of_user(&ada.id())?
///     .iter()
///     .filter_map(|session| session.get("id")?.as_str())
///     .fold(Section::titled("Sessions"), |section, id| section.row(Row::new(id)));
/// assert_eq!(section.rows.len(), 1);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn list_of_user(user_id: &str) -> Result<Vec<Map<String, Value>>> {
    rows(host::session_administration::list_of_user(user_id)?)
}

/// The live session with this id, whoever's it is, with its token.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # let id = sessions::open(&ada, "email")?.id().to_owned();
/// // An address of a page has the id, never the token.
/// if let Some(session) = session_administration::find(&id)? {
///     session_administration::end(session.token())?;
/// }
/// assert!(session_administration::find(&id)?.is_none());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn find(id: &str) -> Result<Option<Session>> {
    host::session_administration::find(id)?.map(|text| Session::parse(&text)).transpose()
}

/// Ends a session. False when there is none with this token.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// let session = sessions::open(&ada, "email")?;
/// assert!(session_administration::end(session.token())?);
/// assert!(!session_administration::end(session.token())?, "it has ended already");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn end(token: &str) -> Result<bool> {
    Ok(host::session_administration::end(token)?)
}

/// Ends all sessions of the user and returns their number.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # (0..2).try_for_each(|_| sessions::open(&ada, "email").map(drop))?;
/// let ended = session_administration::end_all(&ada.id())?;
/// assert_eq!(format!("Signed out of {ended} devices"), "Signed out of 2 devices");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the store is away.
pub fn end_all(user_id: &str) -> Result<u64> {
    Ok(host::session_administration::end_all(user_id)?)
}

/// Ends every session, of any user, in which this plugin's field has this value; returns how many.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # sessions::open(&ada, "sso")?;
/// sessions::update_current(&json!({ "ssoSession": "idp-42" }))?;
/// // The identity provider says that its session is over.
/// assert_eq!(session_administration::end_by_own_field("ssoSession", "idp-42")?, 1);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `denied` for a field that is not the plugin's.
pub fn end_by_own_field(field: &str, value: &str) -> Result<u64> {
    Ok(host::session_administration::end_by_own_field(field, value)?)
}

/// Opens a session of someone else in this browser, in place of the current one, which lives on. It lasts `ttl_secs`, ends
/// with the browser and carries `fields`, which this plugin adds to sessions. Gates are asked about the user.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # let (ada, bob) = (users::create(&json!({ "email": "a@x.org" }))?, users::create(&json!({ "email": "b@x.org" }))?);
/// # sessions::open(&ada, "email")?;
/// let support = sessions::require()?.user.id();
/// let fields = json!({ "impersonatedBy": support });
/// let session = session_administration::impersonate(&bob, "impersonation", 3600, &fields)?;
/// assert_eq!((session.user.email().as_str(), session.get("impersonatedBy")), ("b@x.org", Some(&json!(support))));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// What a gate answered instead; pass it on with `?`.
pub fn impersonate(user: &User, method: &str, ttl_secs: u64, fields: &Value) -> Result<Session> {
    let text = host::session_administration::impersonate(&user.id(), method, ttl_secs, &fields.to_string())?;
    Session::parse(&text)
}
