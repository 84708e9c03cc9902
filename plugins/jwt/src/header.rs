//! `set-auth-jwt` on `GET /get-session`: a token with each look at the session.

use crate::options::Options;
use crate::{signing, token};
use doorward_sdk::prelude::*;

pub fn set_header(request: &Request, reply: &Reply) -> Result<()> {
    // The browser's copy of a session that was ended is good enough for a page, not for a token that others take.
    if sessions::stored()?.is_none() {
        return Ok(());
    }
    let Some(session) = request.session()? else { return Ok(()) };
    let options: Options = config::options()?;
    let key = match signing::remembered_key(&options) {
        Ok(key) => key,
        // The session is what was asked for; a key can be made when the database can be written again.
        Err(Error::Host(HostError::Unavailable | HostError::Failed)) => {
            log::warn("there is no key to sign with, so that an answer has no set-auth-jwt");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    reply.expose_header("set-auth-jwt", &token::about(&session, &key, &options)?)
}
