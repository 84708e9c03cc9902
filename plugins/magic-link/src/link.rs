//! What a link stands for, and where it is kept until it is followed.

use crate::options::StoreToken;
use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// The stored value of a link.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    #[serde(rename = "type")]
    kind: Kind,
    /// In the letter case it was typed in.
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Tells the value from those of other purposes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    MagicLink,
}

impl Link {
    pub fn new(email: String, name: Option<String>) -> Link {
        Link { kind: Kind::MagicLink, email, name }
    }

    pub fn store(&self, token: &str, how: StoreToken, ttl_secs: u64) -> Result<()> {
        verifications::create(&identifier(token, how), &serde_json::to_string(self)?, ttl_secs)
    }

    /// The link behind a token, for the first who asks. A value that is no link is none.
    pub fn redeem(token: &str, how: StoreToken) -> Result<Option<Link>> {
        let stored = verifications::consume(&identifier(token, how))?;
        Ok(stored.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

fn identifier(token: &str, how: StoreToken) -> String {
    match how {
        StoreToken::Plain => format!("magic-link:{token}"),
        StoreToken::Hashed => format!("magic-link:{}", crypto::base64url(&crypto::sha256(token.as_bytes()))),
    }
}
