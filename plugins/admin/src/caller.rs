//! Who asks: the session from the store, and what its user may do.

use crate::access::Permissions;
use crate::errors::bare;
use crate::options::Options;
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;

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
    /// `refusal` when the caller may not do `action` on `resource`.
    pub fn require(&self, resource: &str, action: &str, refusal: ErrorCode) -> Result<()> {
        if self.may(resource, action) { Ok(()) } else { Err(refusal.into()) }
    }

    pub fn may(&self, resource: &str, action: &str) -> bool {
        let wanted = Permissions::from([(resource.to_owned(), vec![action.to_owned()])]);
        self.may_all(&wanted)
    }

    pub fn may_all(&self, wanted: &Permissions) -> bool {
        self.options.may(&self.id(), role_of(&self.session.user), wanted)
    }

    pub fn id(&self) -> String {
        self.session.user.id()
    }
}

/// A user's roles as they are stored.
pub fn role_of(user: &users::User) -> Option<&str> {
    user.get("role").and_then(Value::as_str)
}
