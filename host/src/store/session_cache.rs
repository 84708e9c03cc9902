//! Sessions that were looked up while the database has not changed: the next look-up of the same one asks nobody.
//!
//! Invariant: what is found here is what a statement would have found. Any commit, of this or of another process, ends all of it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use super::session::Session;
use super::sqlite::State;
use super::user::User;

/// Sessions of one shard. When there are more, it begins anew.
const MOST_SESSIONS: usize = 1000;
/// More than there are workers that look at once, mostly.
const SHARDS: usize = 16;

/// What a look-up by token came to.
pub type Found = Option<(Session, User)>;

/// What was looked up.
pub struct SessionCache {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

#[derive(Default)]
struct Shard {
    state: Option<State>,
    found: HashMap<String, Found>,
}

impl SessionCache {
    pub(super) fn new() -> Self {
        Self { shards: Default::default(), hasher: RandomState::new() }
    }

    /// What this token's look-up came to in this state; `None` when nobody looked.
    pub(super) fn find(&self, state: State, token: &str) -> Option<Found> {
        let shard = self.shard(token)?.try_lock().ok()?;
        if shard.state == Some(state) { shard.found.get(token).cloned() } else { None }
    }

    /// Keeps what a look-up came to that began and ended in this state.
    pub(super) fn keep(&self, state: State, token: &str, found: &Found) {
        let Some(Ok(mut shard)) = self.shard(token).map(Mutex::try_lock) else { return };
        if shard.state != Some(state) || shard.found.len() >= MOST_SESSIONS {
            shard.found.clear();
            shard.state = Some(state);
        }
        shard.found.insert(token.to_owned(), found.clone());
    }

    fn shard(&self, token: &str) -> Option<&Mutex<Shard>> {
        let hash = self.hasher.hash_one(token);
        self.shards.get(usize::try_from(hash % SHARDS as u64).ok()?)
    }
}
