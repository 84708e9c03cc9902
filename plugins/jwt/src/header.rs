//! `set-auth-jwt` on `GET /get-session`: a token with each look at the session.

use crate::options::Options;
use crate::{key, token};
use doorward_sdk::prelude::*;

pub fn set_header(request: &Request, reply: &Reply) -> Result<()> {
    let Some(session) = request.session()? else { return Ok(()) };
    let options: Options = config::options()?;
    let key = key::signing_as_remembered(&options)?;
    reply.expose_header("set-auth-jwt", &token::about(&session, &key, &options)?)
}
