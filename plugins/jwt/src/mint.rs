//! Makes a key: one, however many requests find at once that there is none.

use crate::key::{self, Key, TABLE};
use crate::options::Options;
use doorward_sdk::keys::{self, Algorithm};
use doorward_sdk::prelude::*;

/// The id of a row that is never committed: whoever inserts it makes all others wait who want to, until the transaction
/// ends.
const LOCK: &str = "minting";

/// The key that signs, made unless someone else has just made it.
///
/// The pair is made before the transaction: an RSA key takes long, and nobody should wait for it to write.
pub fn mint(options: &Options) -> Result<Key> {
    let config = &options.jwks.key_pair_config;
    let algorithm = Algorithm::parse(&config.alg).ok_or_else(Error::internal)?;
    let pair = keys::generate_with(algorithm, config.modulus_length, !options.jwks.disable_private_key_encryption)?;
    let now = clock::now_millis();
    let row = json!({
        "publicKey": pair.public_key,
        "privateKey": pair.private_key,
        "createdAt": clock::iso_text(now),
        "expiresAt": options.jwks.rotation_interval.map(|secs| clock::iso_text(now + secs.saturating_mul(1000))),
        "alg": config.alg,
        "crv": serde_json::from_str::<Value>(&pair.public_key)?.get("crv"),
    });
    transactions::run(|| {
        let lock = json!({ "id": LOCK, "publicKey": "", "privateKey": "", "createdAt": clock::iso_text(now) });
        models::insert::<Value>(TABLE, &lock)?;
        let others = key::all()?.into_iter().filter(|key| key.id != LOCK).collect();
        let key = match key::choose(others, options) {
            Some(made_meanwhile) => made_meanwhile,
            None => models::insert(TABLE, &row)?,
        };
        models::delete(TABLE, eq("id", LOCK))?;
        Ok(key)
    })
}
