//! `set-auth-jwt` on `GET /get-session`: a token with each look at the session.

use crate::options::Options;
use crate::{signing, token};
use doorward_sdk::prelude::*;

pub fn set_header(request: &Request, reply: &Reply) -> Result<()> {
    let Some(session) = request.session()? else { return Ok(()) };
    let options: Options = config::options()?;
    let key = signing::remembered_key(&options)?;
    reply.expose_header("set-auth-jwt", &token::about(&session, &key, &options)?)
}
