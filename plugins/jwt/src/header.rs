//! `set-auth-jwt` on `GET /get-session`: a token with each look at the session.

use crate::options::Options;
use crate::{signing, token};
use doorward_sdk::prelude::*;

pub fn set_header(request: &Request, reply: &Reply) -> Result<()> {
    // The browser's copy of a session that was ended is good enough for a page, not for a token that others take.
    let Some(stored) = sessions::stored_text()? else { return Ok(()) };
    // Whatever is changed about the session or its user makes another text, and so another token.
    let remembered = format!("token of {}", crypto::base64url(&crypto::sha256(stored.as_bytes())));
    if let Some(token) = cache::get(&remembered) {
        return reply.expose_header("set-auth-jwt", &token);
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
    let token = token::about(&session, &key, &options)?;
    if options.header_token_secs > 0 {
        // One that is too long for the cache is made each time.
        _ = cache::put(&remembered, &token, options.header_token_secs);
    }
    reply.expose_header("set-auth-jwt", &token)
}
