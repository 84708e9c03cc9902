//! A session and its user as a signed or encrypted text, which the browser keeps so that the store is not asked.
//!
//! Invariant: a copy counts only beside the token of its own session, in its own version, while both it and the session
//! live. Whoever must know of a session that was ended asks the store instead.
//! Source: `cookies.md` of the wire contract.

mod formats;

use serde_json::{Map, Value as Json};

use super::active_session::ActiveSession;
use super::{Auth, AuthError};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::crypto::secret::Secret;
use crate::store::{Record, Session, User, session, user};

use formats::{Format, Life};

/// Life of a compact copy of a session that ends with the browser, in seconds.
const UNREMEMBERED_SECS: i64 = 60;

/// A longer picture, such as a data URL, is left out of copies: browsers keep 4 KB of cookies.
const LONGEST_IMAGE: usize = 2048;

/// How copies are made and read on this server.
pub struct SessionCache {
    format: Format,
    max_age_secs: i64,
    version: String,
}

impl SessionCache {
    /// The cache that the operator switched on, if any.
    ///
    /// # Errors
    /// When no key can be derived.
    pub fn new(config: &Config, secret: &Secret<String>) -> Result<Option<Self>, AuthError> {
        let options = &config.session.cookie_cache;
        if !options.enabled {
            return Ok(None);
        }
        let format = Format::new(options.strategy, secret.expose().as_bytes());
        let format = format.ok_or_else(|| AuthError::Internal("no key for the cookie cache can be derived".into()))?;
        Ok(Some(Self { format, max_age_secs: options.max_age, version: options.version.clone() }))
    }

    /// Life of a copy in seconds.
    pub fn max_age_secs(&self) -> i64 {
        self.max_age_secs
    }

    /// Whether a copy of this age is to be made anew, where nothing but copies tells of sessions.
    pub fn is_old(&self, auth: &Auth, made_at: Timestamp) -> bool {
        let refresh = auth.config.session.cookie_cache.refresh_cache.filter(|_| auth.config.is_stateless());
        let before = refresh.and_then(|refresh| refresh.before_end_secs(self.max_age_secs));
        before.is_some_and(|secs| auth.now() >= made_at.plus_secs(self.max_age_secs - secs))
    }

    /// The copy of a session. `None` only when a library fails.
    pub fn seal(&self, auth: &Auth, active: &ActiveSession, remember: bool) -> Option<String> {
        let now = auth.now();
        let mut payload = Map::new();
        payload.insert("session".into(), active.session.0.output().into());
        let mut user = active.user.0.output();
        if active.user.image().is_some_and(|image| image.len() > LONGEST_IMAGE) {
            user.remove("image");
        }
        payload.insert("user".into(), user.into());
        payload.insert("updatedAt".into(), now.0.into());
        payload.insert("version".into(), self.version.as_str().into());
        let is_short = !remember && matches!(self.format, Format::Compact(_));
        let life_secs = if is_short { UNREMEMBERED_SECS } else { self.max_age_secs };
        self.format.seal(payload, Life { from: now, until: now.plus_secs(life_secs) }, auth.random.as_ref())
    }

    /// The session in a copy and the moment at which the copy was made, when the copy is genuine, lives, has this version and belongs to `token`.
    pub fn open(&self, auth: &Auth, copy: &str, token: &str) -> Option<(ActiveSession, Timestamp)> {
        let payload = self.format.open(copy, auth.now())?;
        if payload.get("version").and_then(Json::as_str) != Some(&self.version) {
            return None;
        }
        let schema = auth.schema();
        let read =
            |key: &str, model: &str| Record::from_output(schema.model(model).ok()?, payload.get(key)?.as_object()?);
        let session = Session(read("session", session::MODEL)?);
        let user = User(read("user", user::MODEL)?);
        let is_its_own = session.token() == token && session.user_id() == user.id();
        let made_at = Timestamp(payload.get("updatedAt").and_then(Json::as_i64).unwrap_or(0));
        let is_live = is_its_own && session.expires_at() > auth.now();
        is_live.then_some((ActiveSession { session, user, is_cached: true }, made_at))
    }
}
