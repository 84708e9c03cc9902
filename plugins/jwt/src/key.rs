//! The keys in the database: which of them signs, and which are published.

use crate::options::Options;
use doorward_sdk::keys::Algorithm;
use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

pub const TABLE: &str = "jwks";

/// More keys than any server publishes.
const MOST: u32 = 1000;

/// One key pair. Dates are ISO texts, which compare as their moments do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// The `kid` of tokens.
    pub id: String,
    /// A JWK as JSON text, without `kid` and `alg`.
    pub public_key: String,
    /// Sealed, as only the host opens it, or a JWK in clear.
    pub private_key: String,
    pub created_at: String,
    /// From then on another key signs.
    pub expires_at: Option<String>,
    /// None in rows of old servers: the configured one.
    pub alg: Option<String>,
    pub crv: Option<String>,
}

impl Key {
    pub fn algorithm<'a>(&'a self, options: &'a Options) -> &'a str {
        self.alg.as_deref().unwrap_or(&options.jwks.key_pair_config.alg)
    }

    /// Whether tokens that it signed are still to be accepted.
    pub fn is_accepted(&self, options: &Options) -> bool {
        let end = clock::now_millis().saturating_sub(options.jwks.grace_period.saturating_mul(1000));
        self.expires_at.as_ref().is_none_or(|expires| *expires > clock::iso_text(end))
    }

    /// Whether its time to sign is not over.
    pub fn signs(&self) -> bool {
        self.expires_at.as_ref().is_none_or(|expires| *expires > clock::iso_text(clock::now_millis()))
    }
}

/// Every key, oldest first.
pub fn all() -> Result<Vec<Key>> {
    models::find(TABLE, Filter::all().order_by("createdAt").limit(MOST))
}

/// The newest key of the configured algorithm that has not expired, else the newest of any. `keys` is in order of age.
pub fn choose(keys: Vec<Key>, options: &Options) -> Option<Key> {
    // A database of the reference's may hold keys of Ed448.
    let is_known =
        |key: &Key| key.crv.as_deref() != Some("Ed448") && Algorithm::parse(key.algorithm(options)).is_some();
    let usable = |key: &Key| key.signs() && is_known(key);
    let mut usable: Vec<Key> = keys.into_iter().filter(usable).collect();
    let wanted = &options.jwks.key_pair_config.alg;
    match usable.iter().rposition(|key| key.algorithm(options) == wanted) {
        Some(place) => Some(usable.swap_remove(place)),
        None => usable.pop(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake;

    fn key(id: &str, expires_in_secs: Option<i64>, alg: Option<&str>) -> Key {
        let now = clock::now_millis() as i64;
        Key {
            id: id.to_owned(),
            public_key: String::new(),
            private_key: String::new(),
            created_at: clock::iso_text(now as u64),
            expires_at: expires_in_secs.map(|secs| clock::iso_text((now + secs * 1000) as u64)),
            alg: alg.map(str::to_owned),
            crv: None,
        }
    }

    #[test]
    fn the_newest_live_key_of_the_algorithm_signs() {
        fake::reset();
        let mut options = Options::default();
        let chosen = |keys: &[Key], options: &Options| choose(keys.to_vec(), options).map(|key| key.id);
        let (old, new) = (key("old", None, Some("EdDSA")), key("new", None, Some("EdDSA")));
        let (expired, legacy) = (key("expired", Some(0), Some("EdDSA")), key("legacy", Some(1), None));
        let (other, unknown) = (key("other", None, Some("ES256")), key("unknown", None, Some("ES384")));
        assert_eq!(chosen(&[], &options), None);
        assert_eq!(chosen(&[old.clone(), new, other.clone(), expired.clone()], &options).as_deref(), Some("new"));
        assert_eq!(chosen(&[old, legacy.clone()], &options).as_deref(), Some("legacy"));
        assert_eq!(chosen(&[other.clone(), expired.clone()], &options).as_deref(), Some("other"));
        assert_eq!(chosen(&[expired, unknown], &options), None);
        options.jwks.key_pair_config.alg = "ES256".to_owned();
        assert_eq!(
            chosen(&[other, legacy], &options).as_deref(),
            Some("legacy"),
            "a key without one has the configured"
        );
    }

    #[test]
    fn a_key_is_accepted_through_its_grace_period() {
        fake::reset();
        let mut options = Options::default();
        options.jwks.grace_period = 60;
        for (expires, accepted) in [(None, true), (Some(10), true), (Some(-59), true), (Some(-60), false)] {
            assert_eq!(key("k", expires, None).is_accepted(&options), accepted, "{expires:?}");
        }
    }
}
