//! `GET /token`: a token about the signed-in user.

use crate::claims;
use crate::key::Key;
use crate::options::Options;
use crate::signing;
use doorward_sdk::keys::{self, Algorithm};
use doorward_sdk::prelude::*;

pub fn token(request: &Request, (): ()) -> Result<Response> {
    let session = request.session()?.ok_or(ErrorCode::UNAUTHORIZED)?;
    let options: Options = config::options()?;
    let token = about(&session, &signing::key(&options)?, &options)?;
    Response::json(&json!({ "token": token }))
}

/// A token about the user of a session, with what other plugins and scripts add.
pub fn about(session: &Value, key: &Key, options: &Options) -> Result<String> {
    let now_secs = clock::now_millis() / 1000;
    let claims = doorward_sdk::claims::collect(&claims::about(session, &options.jwt, now_secs))?;
    sign(claims, key, options)
}

/// A token with these claims, completed.
pub fn sign(claims: Map<String, Value>, key: &Key, options: &Options) -> Result<String> {
    let claims = claims::complete(claims, &options.jwt, clock::now_millis() / 1000)?;
    let algorithm = Algorithm::parse(key.algorithm(options)).ok_or_else(Error::internal)?;
    keys::sign(&key.private_key, algorithm, &json!({ "kid": key.id }), &claims)
}
