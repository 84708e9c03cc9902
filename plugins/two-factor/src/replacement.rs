//! A session that its user's change of factors replaces: the old token is worth nothing any more.

use crate::ENABLED;
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;
use doorward_sdk::users::WayIn;

/// Switches the second factor of the session's user on or off, and puts a new session into the old one's place.
pub fn switch(old: &Session, enabled: bool) -> Result<Session> {
    let user = users::update(&old.user.id(), &json!({ ENABLED: enabled }))?;
    users::tell_of_change(&user.id(), WayIn::TwoFactor)?;
    sessions::replace_current("two-factor")
}
