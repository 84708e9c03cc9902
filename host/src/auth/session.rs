//! Sessions: made, found, extended and ended.

use super::user::new_row;
use super::{Auth, AuthError};
use crate::clock::Timestamp;
use crate::random::ALPHANUMERIC;
use crate::store::session;
use crate::store::{Database, Models, Record, Session, User, eq};

/// Life of a session that ends with the browser, in seconds.
const UNREMEMBERED_SECS: i64 = 86_400;
const TOKEN_LENGTH: usize = 32;

/// A live session and its user.
#[derive(Clone, Debug)]
pub struct ActiveSession {
    /// The session's row.
    pub session: Session,
    /// The user's row.
    pub user: User,
}

/// What a new session records about the client.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// Address by the configured rule; empty when unknown.
    pub address: &'a str,
    /// `User-Agent`; empty when unknown.
    pub user_agent: &'a str,
}

/// The row of a new session of `user_id`. Only the session gate may store it.
///
/// # Errors
/// When the schema has no such session fields.
pub fn new_record(auth: &Auth, user_id: &str, remember: bool, client: Client<'_>) -> Result<Record, AuthError> {
    let life_secs = if remember { auth.config.session.expires_in } else { UNREMEMBERED_SECS };
    let mut record = new_row(auth, "session")?;
    record.set("token", auth.random.string(ALPHANUMERIC, TOKEN_LENGTH))?;
    record.set("userId", user_id)?;
    record.set("expiresAt", auth.now().plus_secs(life_secs))?;
    record.set("ipAddress", client.address)?;
    record.set("userAgent", client.user_agent)?;
    Ok(record)
}

/// The live session of `token`; an expired one counts as none, and is removed when `may_write`.
///
/// # Errors
/// When the store fails.
pub async fn find_active(auth: &Auth, token: &str, may_write: bool) -> Result<Option<ActiveSession>, AuthError> {
    let Some((session, user)) = session::find_session_with_user(&auth.store, token).await? else { return Ok(None) };
    if session.expires_at() <= auth.now() {
        if may_write {
            session::delete_session_by_token(&auth.store, token).await?;
        }
        return Ok(None);
    }
    Ok(Some(ActiveSession { session, user }))
}

/// Whether enough of the session's life is used for it to be extended.
pub fn is_refresh_due(auth: &Auth, session: &Session) -> bool {
    let options = &auth.config.session;
    let due_at = session.expires_at().plus_secs(options.update_age - options.expires_in);
    !options.disable_session_refresh && due_at <= auth.now()
}

/// Extends the session to its full life. `None` when it was ended meanwhile.
///
/// # Errors
/// When the store fails.
pub async fn refresh(auth: &Auth, session: &Session) -> Result<Option<Session>, AuthError> {
    let now = auth.now();
    let until = now.plus_secs(auth.config.session.expires_in);
    let changes = [("expiresAt", until.into()), ("updatedAt", now.into())];
    let extended = auth.store.update(session::MODEL, &[eq("id", session.id())], &changes).await?;
    Ok(extended.into_iter().next().map(Session))
}

/// Whether the session was opened recently enough for sensitive steps.
pub fn is_fresh(auth: &Auth, session: &Session) -> bool {
    let fresh_secs = auth.config.session.fresh_age;
    fresh_secs == 0 || auth.now() < session.created_at().plus_secs(fresh_secs)
}

/// Ends the session of `token`; no error when there is none.
///
/// # Errors
/// When the store fails.
pub async fn end(db: &dyn Database, token: &str) -> Result<(), AuthError> {
    session::delete_session_by_token(db, token).await?;
    Ok(())
}

/// Ends all sessions of the user, but for the one with the token `except`, and returns how many there were.
///
/// # Errors
/// When the store fails.
pub async fn end_all(
    _auth: &Auth,
    db: &dyn Database,
    user_id: &str,
    except: Option<&str>,
) -> Result<u64, AuthError> {
    Ok(session::delete_sessions_of_user(db, user_id, except).await?)
}

/// Seconds until `moment`, at least 0.
pub fn secs_until(auth: &Auth, moment: Timestamp) -> i64 {
    (moment.as_secs() - auth.now().as_secs()).max(0)
}
