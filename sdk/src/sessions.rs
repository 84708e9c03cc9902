//! Sessions. Every one that is opened passes the session gates.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # let user = users::create(&json!({ "email": "ada@example.com" }))?;
//! // A gate may refuse, or demand another proof: `?` passes its answer on.
//! let session = sessions::open(&user, "magic-link")?;
//! assert_eq!(sessions::require()?.id(), session.id());
//! sessions::end_current()?;
//! assert!(sessions::current()?.is_none());
//! # Ok::<(), Error>(())
//! ```

use crate::bindings::doorward::plugin::sessions::Freshness;
use crate::error::Result;
use crate::host;
use crate::users::User;
use doorward_contract::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A session and its user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    session: Map<String, Value>,
    /// Whose session it is.
    pub user: User,
}

impl Session {
    /// The session's id, which is no secret.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// The secret of the session's cookie.
    pub fn token(&self) -> &str {
        self.text("token")
    }

    /// Any field of the session, by its name on the wire.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.session.get(field)
    }

    /// The session's fields, as the client gets them.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.session
    }

    pub(crate) fn parse(text: &str) -> Result<Session> {
        Ok(serde_json::from_str(text)?)
    }

    fn text(&self, field: &str) -> &str {
        self.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The request's session with its token. A route gets it from the store; a hook may get a copy from the browser.
///
/// # Errors
/// When the session cannot be read.
pub fn current() -> Result<Option<Session>> {
    host::sessions::current(Freshness::Usual)?.map(|text| Session::parse(&text)).transpose()
}

/// The request's session as the store has it: neither ended nor over.
///
/// # Errors
/// When the store is away.
pub fn stored() -> Result<Option<Session>> {
    host::sessions::current(Freshness::Stored)?.map(|text| Session::parse(&text)).transpose()
}

/// The request's session from the store: not revoked, not expired.
///
/// # Errors
/// 401 `UNAUTHORIZED` when there is none.
pub fn require() -> Result<Session> {
    required(Freshness::Stored)
}

/// The request's session from the store, younger than `session.fresh_age`.
///
/// # Errors
/// 401 `UNAUTHORIZED` when there is none, `SESSION_NOT_FRESH` when it is older.
pub fn require_fresh() -> Result<Session> {
    required(Freshness::Fresh)
}

fn required(freshness: Freshness) -> Result<Session> {
    match host::sessions::current(freshness)? {
        Some(text) => Session::parse(&text),
        None => Err(ErrorCode::UNAUTHORIZED.into()),
    }
}

/// The session that this request opened.
///
/// # Errors
/// When the host's text is no session.
pub fn opened() -> Result<Option<Session>> {
    host::sessions::opened()?.map(|text| Session::parse(&text)).transpose()
}

/// Whether the browser keeps its session when it is closed, as it was chosen at the sign-in.
///
/// # Errors
/// When too many calls were made.
pub fn is_remembered() -> Result<bool> {
    Ok(host::sessions::is_remembered()?)
}

/// Signs the user in and sets the cookies. `method` is how they proved who they are: `magic-link`. The session outlives the
/// browser.
///
/// # Errors
/// What a gate answered instead; pass it on with `?`.
pub fn open(user: &User, method: &str) -> Result<Session> {
    Session::parse(&host::sessions::open(&user.id(), method, Some(true))?)
}

/// As [`open`], for a session that is short and ends with the browser.
///
/// # Errors
/// As [`open`].
pub fn open_briefly(user: &User, method: &str) -> Result<Session> {
    Session::parse(&host::sessions::open(&user.id(), method, Some(false))?)
}

/// As [`open`], with the life that the browser chose when its sign-in began: for the second step of a sign-in.
///
/// # Errors
/// As [`open`].
pub fn open_as_chosen(user: &User, method: &str) -> Result<Session> {
    Session::parse(&host::sessions::open(&user.id(), method, None)?)
}

/// Opens a session in place of the request's own, for the same user and as long-lived, with what the application stored in its
/// fields, and ends the old one: for changes after which the old token is worth nothing.
///
/// # Errors
/// As [`open`]; `invalid` without a session.
pub fn replace_current(method: &str) -> Result<Session> {
    Session::parse(&host::sessions::replace_current(method)?)
}

/// Removes the browser's mark that its session shall end with it: what was chosen holds for the present session alone.
///
/// # Errors
/// When too many calls were made.
pub fn forget_choice() -> Result<()> {
    Ok(host::sessions::forget_choice()?)
}

/// Sets fields of the request's session that the plugin declares and renews its cookies. None when there is no session.
///
/// # Errors
/// `denied` for a field that is not declared.
pub fn update_current(fields: &Value) -> Result<Option<Session>> {
    host::sessions::update_current(&fields.to_string())?.map(|text| Session::parse(&text)).transpose()
}

/// Ends the request's session and deletes its cookies.
///
/// # Errors
/// When the store is away.
pub fn end_current() -> Result<()> {
    Ok(host::sessions::end_current()?)
}

/// Reads the request's session and user from the store again and renews its cookies, after the plugin changed them.
///
/// # Errors
/// When the store is away.
pub fn refresh_current() -> Result<()> {
    Ok(host::sessions::refresh_current()?)
}
