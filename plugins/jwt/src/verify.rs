//! Whether a token is one of ours: signed by a key of ours with that key's algorithm, for us, and of now.

use crate::claims;
use crate::key::{Key, TABLE};
use crate::options::Options;
use doorward_sdk::keys::{self, Algorithm};
use doorward_sdk::prelude::*;

/// Longer tokens are not looked at.
const LONGEST_TOKEN: usize = 64 << 10;
/// Longer than any name of a key.
const LONGEST_KID: usize = 256;

/// The claims of a token of ours; none for any other. The header only names the key: nothing else in it is believed.
pub fn verify(token: &str, issuer: Option<&str>, options: &Options) -> Result<Option<Map<String, Value>>> {
    let Some(kid) = kid(token) else { return Ok(None) };
    let Some(key) = models::find_one::<Key>(TABLE, eq("id", kid))?.filter(|key| key.is_accepted(options)) else {
        return Ok(None);
    };
    let Some(algorithm) = Algorithm::parse(key.algorithm(options)) else { return Ok(None) };
    let claims: Option<Map<String, Value>> = keys::verify(&key.public_key, algorithm, token)?;
    let now_secs = clock::now_millis() / 1000;
    Ok(claims.filter(|claims| claims::hold(claims, options, issuer, now_secs)))
}

/// The name of the key in a compact token's header.
fn kid(token: &str) -> Option<String> {
    if token.len() > LONGEST_TOKEN || token.splitn(4, '.').count() != 3 {
        return None;
    }
    let header = crypto::from_base64url(token.split('.').next()?)?;
    let header: Map<String, Value> = serde_json::from_slice(&header).ok()?;
    let kid = header.get("kid")?.as_str()?;
    (!kid.is_empty() && kid.len() <= LONGEST_KID).then(|| kid.to_owned())
}
