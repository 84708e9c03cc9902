//! Who answers with a code: someone who is signed in, or a sign-in that waits for it.

use crate::challenge::{self, Challenge};
use crate::errors::INVALID_TWO_FACTOR_COOKIE;
use crate::options::Options;
use crate::trusted_devices;
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;
use doorward_sdk::users::User;

pub enum Caller {
    SignedIn(Session),
    Challenged(Challenge),
}

impl Caller {
    /// The request's session, or else its challenge.
    pub fn find() -> Result<Caller> {
        match sessions::current()? {
            Some(session) => Ok(Caller::SignedIn(session)),
            None => Challenge::of_request().map(Caller::Challenged),
        }
    }

    pub fn user(&self) -> &User {
        match self {
            Caller::SignedIn(session) => &session.user,
            Caller::Challenged(challenge) => &challenge.user,
        }
    }

    /// Counts an answer to a challenge; who is signed in already has none.
    pub fn count_attempt(&self) -> Result<()> {
        match self {
            Caller::SignedIn(_) => Ok(()),
            Caller::Challenged(challenge) => challenge.count_attempt(),
        }
    }

    /// The code was right: a challenge becomes a session. `settle` is one change, done in the same transaction.
    pub fn pass(self, options: &Options, trusts: bool, settle: impl FnOnce() -> Result<()>) -> Result<Response> {
        let challenge = match self {
            Caller::Challenged(challenge) => challenge,
            Caller::SignedIn(session) => {
                settle()?;
                return answer(session.token(), &session.user);
            }
        };
        let opened = transactions::run(|| {
            if !challenge.redeem()? {
                return Err(INVALID_TWO_FACTOR_COOKIE.into());
            }
            settle()?;
            sessions::open_as_chosen(&challenge.user, "two-factor")
        })?;
        cookies::delete(challenge::COOKIE)?;
        if trusts {
            trusted_devices::trust(&opened.user.id(), options.trust_device_max_age)?;
            sessions::forget_choice()?;
        }
        answer(opened.token(), &opened.user)
    }
}

/// What every right code is answered with.
pub fn answer(token: &str, user: &User) -> Result<Response> {
    Response::json(&json!({ "token": token, "user": user }))
}
