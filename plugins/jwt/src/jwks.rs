//! `GET /jwks`: the public keys whose tokens are to be accepted.
//!
//! Source: RFC 7517 §5.

use crate::key::{self, Key};
use crate::mint;
use crate::options::Options;
use doorward_sdk::prelude::*;

/// Members of a JWK that are never published, whatever a stored key holds.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

pub fn jwks(_request: &Request, (): ()) -> Result<Response> {
    let options: Options = config::options()?;
    let mut keys = key::all()?;
    if keys.is_empty() {
        keys.push(mint::mint(&options)?);
    }
    let accepted = keys.iter().filter(|key| key.is_accepted(&options));
    let published: Result<Vec<Value>> = accepted.map(|key| public(key, &options)).collect();
    Response::json(&json!({ "keys": published? }))
}

fn public(key: &Key, options: &Options) -> Result<Value> {
    let mut jwk = Map::from_iter([("alg".to_owned(), Value::from(key.algorithm(options)))]);
    if let Some(curve) = &key.crv {
        jwk.insert("crv".to_owned(), Value::from(curve.as_str()));
    }
    let stored: Map<String, Value> = serde_json::from_str(&key.public_key)?;
    jwk.extend(stored.into_iter().filter(|(name, _)| !PRIVATE.contains(&name.as_str())));
    jwk.insert("kid".to_owned(), Value::from(key.id.as_str()));
    Ok(Value::Object(jwk))
}
