//! What the operator can set: the reference's options, its callbacks as templates.

use crate::duration;
use doorward_sdk::prelude::*;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    pub jwks: Jwks,
    pub jwt: Jwt,
    /// No `set-auth-jwt` header on `/get-session`.
    pub disable_setting_jwt_header: bool,
    /// Seconds for which one token serves all looks at a session that has not changed; 0 makes one for each.
    pub header_token_secs: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { jwks: Jwks::default(), jwt: Jwt::default(), disable_setting_jwt_header: false, header_token_secs: 5 }
    }
}

/// The keys and where they are published.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jwks {
    pub key_pair_config: KeyPairConfig,
    #[serde(deserialize_with = "path")]
    pub jwks_path: String,
    /// Seconds until a new key signs; none is never.
    pub rotation_interval: Option<u64>,
    /// Seconds for which a key that no longer signs is published and accepted.
    pub grace_period: u64,
    pub disable_private_key_encryption: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyPairConfig {
    #[serde(deserialize_with = "algorithm")]
    pub alg: String,
    /// Taken for compatibility: every algorithm has one curve, and no other is accepted.
    crv: Option<String>,
    /// Bits of an RSA key; 2048 when none.
    pub modulus_length: Option<u32>,
}

/// The tokens.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jwt {
    /// The base URL when none.
    pub issuer: Option<String>,
    /// The base URL when none.
    pub audience: Option<Audience>,
    #[serde(deserialize_with = "lifetime")]
    pub expiration_time: String,
    /// Claims instead of the user's fields.
    pub define_payload: Option<Map<String, Value>>,
    /// Text for `sub` instead of the user's id.
    pub get_subject: Option<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Any(Vec<String>),
}

impl Default for Jwks {
    fn default() -> Self {
        Jwks {
            key_pair_config: KeyPairConfig::default(),
            jwks_path: "/jwks".to_owned(),
            rotation_interval: None,
            grace_period: 30 * 24 * 60 * 60,
            disable_private_key_encryption: false,
        }
    }
}

impl Default for KeyPairConfig {
    fn default() -> Self {
        KeyPairConfig { alg: "EdDSA".to_owned(), crv: None, modulus_length: None }
    }
}

impl Default for Jwt {
    fn default() -> Self {
        Jwt { issuer: None, audience: None, expiration_time: "15m".to_owned(), define_payload: None, get_subject: None }
    }
}

impl Jwt {
    pub fn issuer(&self) -> String {
        self.issuer.clone().unwrap_or_else(config::base_url)
    }

    pub fn audience(&self) -> Audience {
        self.audience.clone().unwrap_or_else(|| Audience::One(config::base_url()))
    }
}

impl Audience {
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Audience::One(own) => own == name,
            Audience::Any(list) => list.iter().any(|own| own == name),
        }
    }
}

fn path<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    let path = String::deserialize(from)?;
    let is_path = path.len() > 1 && path.starts_with('/') && !path.contains("..");
    if is_path { Ok(path) } else { Err(D::Error::custom("`jwks_path` begins with `/` and has no `..`")) }
}

impl Options {
    /// What the server must not start with.
    pub fn fault(&self) -> Option<String> {
        let KeyPairConfig { alg, crv, .. } = &self.jwks.key_pair_config;
        let curve = match alg.as_str() {
            "EdDSA" => "Ed25519",
            "ES256" => "P-256",
            "ES512" => "P-521",
            _ => "",
        };
        let wrong = crv.as_deref().filter(|crv| *crv != curve)?;
        Some(match curve {
            "" => format!("`crv`: {alg} has no curve"),
            curve => format!("`crv`: {alg} is made with the curve \"{curve}\" here, not with {wrong:?}"),
        })
    }
}

fn algorithm<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    const KNOWN: [&str; 5] = ["EdDSA", "ES256", "ES512", "RS256", "PS256"];
    let name = String::deserialize(from)?;
    if KNOWN.contains(&name.as_str()) { Ok(name) } else { Err(D::Error::unknown_variant(&name, &KNOWN)) }
}

fn lifetime<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    let text = String::deserialize(from)?;
    match duration::seconds(&text) {
        Some(seconds) if seconds > 0 => Ok(text),
        _ => Err(D::Error::custom(format!("`expiration_time` is a span like \"15m\" or \"1 hour\", not {text:?}"))),
    }
}
