//! Who asks: the session from the store, and what its user may do.

use crate::access::Permissions;
use crate::errors::bare;
use crate::impersonator::impersonator;
use crate::options::Options;
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;
use serde::Deserialize;

/// The core's options on sessions that matter here.
#[derive(Deserialize)]
struct SessionOptions {
    #[serde(default)]
    cookie_cache: CookieCache,
}

#[derive(Default, Deserialize)]
struct CookieCache {
    enabled: bool,
}

pub struct Caller {
    pub session: Session,
    pub options: Options,
}

impl Caller {
    /// The caller of the present request.
    ///
    /// # Errors
    /// 401 without a session.
    pub fn get() -> Result<Caller> {
        let session = sessions::current()?.ok_or_else(|| bare(401, None))?;
        Ok(Caller { session, options: config::options()? })
    }

    /// The caller, who must be allowed `action` on `resource`.
    ///
    /// # Errors
    /// 401 without a session, `refusal` without the right.
    pub fn who_may(resource: &str, action: &str, refusal: ErrorCode) -> Result<Caller> {
        let caller = Caller::get()?;
        caller.require(resource, action, refusal)?;
        Ok(caller)
    }

    /// # Errors
    /// `refusal` when the caller may not do `action` on `resource`. Who acts as someone else may do nothing of the kind.
    pub fn require(&self, resource: &str, action: &str, refusal: ErrorCode) -> Result<()> {
        let acts_as_other = self.options.strict_impersonation && impersonator(self.session.fields()).is_some();
        if self.may(resource, action) && !acts_as_other { Ok(()) } else { Err(refusal.into()) }
    }

    pub fn may(&self, resource: &str, action: &str) -> bool {
        let wanted = Permissions::from([(resource.to_owned(), vec![action.to_owned()])]);
        self.may_all(&wanted)
    }

    pub fn may_all(&self, wanted: &Permissions) -> bool {
        self.options.may(&self.id(), role_of(&self.session.user), wanted)
    }

    /// Renews the browser's copy of the session when it was the caller themselves who changed.
    ///
    /// # Errors
    /// When the store is away.
    pub fn renew_copy_of(&self, changed: &users::User) -> Result<()> {
        if changed.id() != self.id() {
            return Ok(());
        }
        let options: SessionOptions = config::core_options("session")?;
        if options.cookie_cache.enabled { sessions::refresh_current() } else { Ok(()) }
    }

    pub fn id(&self) -> String {
        self.session.user.id()
    }
}

/// A user's roles as they are stored.
pub fn role_of(user: &users::User) -> Option<&str> {
    user.get("role").and_then(Value::as_str)
}
