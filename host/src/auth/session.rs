//! Sessions: made, found, extended and ended.

use super::user::new_row;
use super::{Auth, AuthError, Scope, lifecycle, secondary_sessions, session_token, version};
use crate::clock::Timestamp;
use crate::crypto::random::ALPHANUMERIC;
use crate::store::session;
use crate::store::user::find_user_by_id;
use crate::store::{Database, Filter, Models, Record, Session, Sort, Value, eq, gt};

pub use super::active_session::ActiveSession;

/// Life of a session that ends with the browser, in seconds.
const UNREMEMBERED_SECS: i64 = 86_400;
/// Between the moments at which a server notes the beginning and the end of a session.
const CLOCK_STEP_SECS: i64 = 10;
const TOKEN_LENGTH: usize = 32;
/// Of a `User-Agent`, in characters: those of browsers have less.
const LONGEST_AGENT: usize = 512;

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
    record.set("userAgent", beginning(client.user_agent))?;
    Ok(record)
}

/// As much of a `User-Agent` as a session keeps.
fn beginning(user_agent: &str) -> &str {
    user_agent.char_indices().nth(LONGEST_AGENT).and_then(|(end, _)| user_agent.get(..end)).unwrap_or(user_agent)
}

/// The live session of `token`. An expired one counts as none and stays where it is.
///
/// # Errors
/// When the store fails.
pub async fn find_active(auth: &Auth, db: &dyn Database, token: &str) -> Result<Option<ActiveSession>, AuthError> {
    let found = session_token::find(auth, db, token).await?;
    let live = found.filter(|(session, _)| session.expires_at() > auth.now());
    Ok(live.map(|(session, user)| ActiveSession::stored(session, user)))
}

/// The live session with this id, whoever's it is.
///
/// # Errors
/// When the store fails.
pub async fn find_active_by_id(auth: &Auth, db: &dyn Database, id: &str) -> Result<Option<ActiveSession>, AuthError> {
    if let Some(storage) = secondary_sessions::of(auth) {
        let own = [eq("id", id)];
        let found = Box::pin(secondary_sessions::find(auth, (storage, db), &own)).await?;
        let live = found.filter(|(session, _)| session.expires_at() > auth.now());
        return Ok(live.map(|(session, user)| ActiveSession::stored(session, user)));
    }
    let found = db.find_one(session::MODEL, &[eq("id", id)]).await?.map(Session);
    let Some(session) = found.filter(|session| session.expires_at() > auth.now()) else { return Ok(None) };
    let user = find_user_by_id(db, session.user_id()).await?;
    Ok(user.map(|user| ActiveSession::stored(session, user)))
}

/// As [`find_active`]; an expired session is ended.
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn find_active_or_end(auth: &Auth, scope: &Scope, token: &str) -> Result<Option<ActiveSession>, AuthError> {
    let Some((session, user)) = session_token::find(auth, scope, token).await? else { return Ok(None) };
    if session.expires_at() <= auth.now() {
        end(auth, scope, token).await?;
        return Ok(None);
    }
    Ok(Some(ActiveSession::stored(session, user)))
}

/// Whether enough of the session's life is used for it to be extended.
pub fn is_refresh_due(auth: &Auth, session: &Session) -> bool {
    let options = &auth.config.session;
    let due_at = session.expires_at().plus_secs(options.update_age - options.expires_in);
    !options.disable_session_refresh && due_at <= auth.now() && !is_never_refreshed(session) && !is_brief(auth, session)
}

/// Whether the session was opened to end with the browser, as its life tells: such a session has a day and gets no more,
/// with whatever cookies it comes. Where sessions last a day anyway, the life does not tell.
pub fn is_brief(auth: &Auth, session: &Session) -> bool {
    let life_secs = (session.expires_at().0 - session.created_at().0) / 1000;
    is_a_day(life_secs) && !lasts_a_day(auth)
}

/// Whether remembered sessions last as long as those that end with the browser.
pub fn lasts_a_day(auth: &Auth) -> bool {
    is_a_day(auth.config.session.expires_in)
}

fn is_a_day(secs: i64) -> bool {
    (secs - UNREMEMBERED_SECS).abs() <= CLOCK_STEP_SECS
}

/// Whether a plugin opened the session for a time of its own: it ends when it was to end.
fn is_never_refreshed(session: &Session) -> bool {
    let mut fields = session.0.model().fields.iter().zip(session.0.values());
    fields.any(|(field, value)| field.never_refreshed && !value.is_null())
}

/// Extends the session to its full life. `None` when it was ended meanwhile.
///
/// # Errors
/// When the store fails.
pub async fn refresh(auth: &Auth, scope: &Scope, session: &Session) -> Result<Option<Session>, AuthError> {
    let now = auth.now();
    let until = now.plus_secs(auth.config.session.expires_in);
    let changes = [("expiresAt", until.into()), ("updatedAt", now.into())];
    let extended = lifecycle::update(auth, scope, session::MODEL, &[eq("id", session.id())], &changes).await?;
    renewed(extended, session)
}

/// The changed row of a session, with the token itself.
fn renewed(changed: Vec<Record>, session: &Session) -> Result<Option<Session>, AuthError> {
    let changed = changed.into_iter().next().map(Session);
    Ok(changed.map(|changed| session_token::with_token(changed, session.token())).transpose()?)
}

/// Whether the session was opened recently enough for sensitive steps.
pub fn is_fresh(auth: &Auth, session: &Session) -> bool {
    let fresh_secs = auth.config.session.fresh_age;
    fresh_secs == 0 || auth.now() < session.created_at().plus_secs(fresh_secs)
}

/// Ends the session of `token` and returns it, if there was one.
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn end(auth: &Auth, scope: &Scope, token: &str) -> Result<Option<Session>, AuthError> {
    let ended = lifecycle::consume(auth, scope, session::MODEL, &[session_token::is(token)]).await?;
    Ok(ended.map(|row| session_token::with_token(Session(row), token)).transpose()?)
}

/// Whether this process, or any of those that share the database, was told that the session of `token` is ended.
///
/// # Errors
/// When the store fails.
pub async fn was_ended(auth: &Auth, db: &dyn Database, token: &str) -> Result<bool, AuthError> {
    secondary_sessions::was_ended(auth, db, token).await
}

/// Notes that the session of `token`, of which there is no row, is ended.
///
/// # Errors
/// When the store fails.
pub async fn note_end(auth: &Auth, scope: &Scope, token: &str) -> Result<(), AuthError> {
    secondary_sessions::note_until(auth, scope, token, auth.now().plus_secs(auth.config.session.expires_in)).await
}

/// Ends all sessions of the user, but for the one with the token `except`, and returns how many there were. Known and trusted
/// devices end with them.
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn end_all(auth: &Auth, scope: &Scope, user_id: &str, except: Option<&str>) -> Result<u64, AuthError> {
    let mut filters = vec![eq("userId", user_id)];
    filters.extend(except.map(session_token::is_not));
    let unit = scope.begin(auth).await?;
    version::bump(auth, &*unit, user_id).await?;
    let ended = end_where(auth, &unit, &filters).await?;
    unit.commit().await?;
    Ok(ended)
}

/// Ends all sessions that match and returns how many there were.
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn end_where(auth: &Auth, scope: &Scope, filters: &[Filter]) -> Result<u64, AuthError> {
    lifecycle::delete(auth, scope, session::MODEL, filters).await
}

/// The live sessions of a user, oldest first; of more than `DEFAULT_LIMIT`, the newest.
///
/// # Errors
/// When the store fails.
pub async fn list(auth: &Auth, db: &dyn Database, user_id: &str) -> Result<Vec<Session>, AuthError> {
    let mut sessions = newest(auth, db, user_id).await?;
    sessions.reverse();
    Ok(sessions)
}

/// As [`list`], newest first.
///
/// # Errors
/// When the store fails.
pub async fn newest(auth: &Auth, db: &dyn Database, user_id: &str) -> Result<Vec<Session>, AuthError> {
    match secondary_sessions::of(auth) {
        Some(storage) => Box::pin(secondary_sessions::list(auth, storage, user_id, auth.now())).await,
        None => Ok(session::list_sessions(db, user_id, auth.now()).await?),
    }
}

/// The live sessions of all users, or of one, the one that was renewed last first, and how many there are: at most `limit`
/// after `offset`. `None` where a secondary storage keeps them, which lists those of one user alone.
///
/// # Errors
/// When the store fails.
pub async fn list_all(
    auth: &Auth,
    db: &dyn Database,
    user_id: Option<&str>,
    (limit, offset): (u32, u32),
) -> Result<Option<(Vec<Session>, u64)>, AuthError> {
    if let Some(storage) = secondary_sessions::of(auth) {
        let Some(user_id) = user_id else { return Ok(None) };
        let mut own = Box::pin(secondary_sessions::list(auth, storage, user_id, auth.now())).await?;
        own.sort_by_key(|session| std::cmp::Reverse(session.updated_at().0));
        let total = own.len() as u64;
        return Ok(Some((own.into_iter().skip(offset as usize).take(limit as usize).collect(), total)));
    }
    let mut filters = vec![gt("expiresAt", auth.now())];
    filters.extend(user_id.map(|id| eq("userId", id.to_owned())));
    let total = db.count(session::MODEL, &filters).await?;
    let latest = Some(Sort::descending("updatedAt"));
    let found = db.find_many(session::MODEL, &filters, latest, Some(limit), Some(offset)).await?;
    Ok(Some((found.into_iter().map(Session).collect(), total)))
}

/// Sets fields of a session. `None` when it was ended meanwhile.
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn update(
    auth: &Auth,
    scope: &Scope,
    session: &Session,
    fields: Vec<(String, Value)>,
) -> Result<Option<Session>, AuthError> {
    let mut values: Vec<(&str, Value)> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    values.push(("updatedAt", auth.now().into()));
    let changed = lifecycle::update(auth, scope, session::MODEL, &[eq("id", session.id())], &values).await?;
    renewed(changed, session)
}

/// Ends the session of `token` when it is the user's; no error when it is not.
///
/// # Errors
/// When the store fails.
pub async fn end_of_user(auth: &Auth, scope: &Scope, user_id: &str, token: &str) -> Result<(), AuthError> {
    let own = [eq("userId", user_id), session_token::is(token)];
    lifecycle::delete(auth, scope, session::MODEL, &own).await?;
    Ok(())
}

/// Seconds until `moment`, at least 0.
pub fn secs_until(auth: &Auth, moment: Timestamp) -> i64 {
    (moment.as_secs() - auth.now().as_secs()).max(0)
}
