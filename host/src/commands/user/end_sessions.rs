//! `doorward user end-sessions`: signs a user out everywhere, or everybody.
//!
//! Invariant: sessions end by `auth::session` alone, so a secondary storage, plugins and scripts hear of each end.

use serde_json::json;

use super::{Desk, refusal, say};
use crate::auth::{AuthError, session};
use crate::commands::CommandResult;
use crate::commands::terminal::shown;
use crate::commands::trail::{self, Deed};
use crate::store::user::MODEL;
use crate::store::{Filter, Models, Sort, User, gt};

/// Users whose sessions end in one transaction.
const BATCH: u32 = 100;

/// Ends the sessions of one user.
pub async fn of_user(desk: &Desk, who: &str) -> CommandResult {
    let user = desk.find(who).await?;
    let ended = session::end_all(&desk.auth, &desk.scope, user.id(), None).await.map_err(refusal)?;
    desk.note("sessions-end", user.id(), json!({ "sessions": ended })).await?;
    say(&format!("{} is signed out; ended sessions: {ended}", shown(user.email())));
    tell_of_copies(desk);
    Ok(())
}

/// What became of everybody.
#[derive(Default)]
struct Tally {
    users: u64,
    sessions: u64,
    refused: u64,
}

/// Ends the sessions of everybody, batch by batch. A user for whom a plugin or a script refuses it is named, and the others are
/// signed out all the same.
pub async fn of_all(desk: &Desk) -> CommandResult {
    let mut tally = Tally::default();
    let mut last: Option<String> = None;
    loop {
        let after: Vec<Filter> = last.as_deref().map(|id| gt("id", id)).into_iter().collect();
        let found = desk.scope.find_many(MODEL, &after, Some(Sort::ascending("id")), Some(BATCH), None).await?;
        let batch: Vec<User> = found.into_iter().map(User).collect();
        let Some(end) = batch.last() else { break };
        last = Some(end.id().to_owned());
        match end_batch(desk, &batch, &mut tally).await {
            Err(AuthError::Refused(_)) => end_each(desk, &batch, &mut tally).await?,
            done => done?,
        }
    }
    let Tally { users, sessions, refused } = tally;
    let details = json!({ "users": users, "sessions": sessions, "refused": refused });
    trail::note(&desk.auth.store, &desk.auth.config, &Deed::new("sessions-end").with(details)).await?;
    say(&format!("signed out users: {users}; ended sessions: {sessions}"));
    tell_of_copies(desk);
    if refused > 0 { Err(format!("users who stay signed in: {refused}").into()) } else { Ok(()) }
}

/// All of them, or none.
async fn end_batch(desk: &Desk, users: &[User], tally: &mut Tally) -> Result<(), AuthError> {
    let unit = desk.scope.begin(&desk.auth).await?;
    let mut ended = 0;
    for user in users {
        ended += session::end_all(&desk.auth, &unit, user.id(), None).await?;
    }
    unit.commit().await?;
    tally.users += users.len() as u64;
    tally.sessions += ended;
    Ok(())
}

async fn end_each(desk: &Desk, users: &[User], tally: &mut Tally) -> Result<(), AuthError> {
    for user in users {
        match end_batch(desk, std::slice::from_ref(user), tally).await {
            Err(error @ AuthError::Refused(_)) => {
                tally.refused += 1;
                remark!("doorward: {} stays signed in: {error}", shown(user.email()));
            }
            done => done?,
        }
    }
    Ok(())
}

/// A copy in a cookie counts until it is old.
fn tell_of_copies(desk: &Desk) {
    let copies = &desk.auth.config.session.cookie_cache;
    if copies.enabled {
        remark!("doorward: note: copies in cookies (session.cookie_cache) count for {} seconds more", copies.max_age);
    }
}
