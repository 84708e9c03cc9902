//! Sessions that the secondary storage holds: found, with all that tells whether one was ended.
//!
//! Invariant: no session lives that somebody ended, also where the storage lost what it was told: each end is noted in the
//! database too, and users are read there.

use super::{Auth, AuthError, Tag};
use crate::clock::Timestamp;
use crate::config::Home;
use crate::store::secondary::Secondary;
use crate::store::session::MODEL;
use crate::store::user::find_user_by_id;
use crate::store::{Database, Filter, Record, Session, StoreError, User, counter, eq};

/// The storage, when it tells which sessions live.
pub fn of(auth: &Auth) -> Option<&Secondary> {
    match auth.config.session_home() {
        Home::Secondary { .. } => auth.secondary.as_deref(),
        Home::Database | Home::DatabaseAndCopy => None,
    }
}

/// The session that matches and that nobody ended, with its user; it may have expired.
///
/// # Errors
/// When the storage or the database fails.
pub async fn find(
    auth: &Auth,
    (storage, db): (&Secondary, &dyn Database),
    filters: &[Filter],
) -> Result<Option<(Session, User)>, AuthError> {
    let Some(record) = storage.find(auth.schema(), MODEL, filters).await?.pop() else { return Ok(None) };
    let session = Session(record);
    let key = ended_key(auth, session.token());
    let (revoked, user, ends) = futures_util::try_join!(
        storage.revoked_before(session.user_id()),
        owner(auth, (storage, db), &session),
        counter::peek(db, &key, auth.now()),
    )?;
    let is_ended = ends > 0 || revoked.is_some_and(|moment| session.created_at() <= moment);
    Ok(user.filter(|_| !is_ended).map(|user| (session, user)))
}

/// The user of a session. Where there is no database, as it stands beside the session.
async fn owner(
    auth: &Auth,
    (storage, db): (&Secondary, &dyn Database),
    session: &Session,
) -> Result<Option<User>, StoreError> {
    match find_user_by_id(db, session.user_id()).await? {
        None if !auth.config.has_database() => Ok(storage.user_of(auth.schema(), session.token()).await?.map(User)),
        found => Ok(found),
    }
}

/// The sessions of a user that end after `moment`, newest first, at most as many as a list has.
///
/// # Errors
/// When the storage fails.
pub async fn list(
    auth: &Auth,
    storage: &Secondary,
    user_id: &str,
    moment: Timestamp,
) -> Result<Vec<Session>, AuthError> {
    let revoked = storage.revoked_before(user_id).await?;
    let found = storage.find(auth.schema(), MODEL, &[eq("userId", user_id)]).await?.into_iter().map(Session);
    let lives =
        |session: &Session| session.expires_at() > moment && revoked.is_none_or(|moment| session.created_at() > moment);
    let mut sessions: Vec<Session> = found.filter(lives).collect();
    sessions.sort_by_key(|session| std::cmp::Reverse(session.created_at().0));
    sessions.truncate(auth.config.advanced.database.default_find_many_limit as usize);
    Ok(sessions)
}

/// Notes in the database that a session was ended, for as long as it would have lived.
///
/// # Errors
/// When the database fails.
pub async fn note_end(auth: &Auth, db: &dyn Database, session: &Record) -> Result<(), AuthError> {
    let session = Session(session.clone());
    note_until(auth, db, session.token(), session.expires_at()).await
}

/// Notes that the session of `token` was ended, until `moment`.
///
/// # Errors
/// When the database fails.
pub async fn note_until(auth: &Auth, db: &dyn Database, token: &str, moment: Timestamp) -> Result<(), AuthError> {
    let left_secs = (moment.as_secs() - auth.now().as_secs()).saturating_add(1);
    let Ok(left_secs) = u32::try_from(left_secs) else { return Ok(()) };
    counter::hit(db, &auth.random.id(), &ended_key(auth, token), left_secs, auth.now()).await?;
    Ok(())
}

/// Whether an end was noted.
///
/// # Errors
/// When the database fails.
pub async fn was_ended(auth: &Auth, db: &dyn Database, token: &str) -> Result<bool, AuthError> {
    Ok(counter::peek(db, &ended_key(auth, token), auth.now()).await? > 0)
}

fn ended_key(auth: &Auth, token: &str) -> String {
    format!("ended|{}", auth.tag(Tag::Session, token))
}
