//! A challenge: made for one ceremony, bound to the browser by a signed cookie, redeemed once.

use crate::errors::CHALLENGE_NOT_FOUND;
use crate::options::Options;
use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// Of the identifiers under which challenges are kept.
pub const PREFIX: &str = "passkey-challenge:";
const LIFE_SECS: u64 = 300;
const TOKEN_LENGTH: u32 = 32;
const CHALLENGE_BYTES: u32 = 32;
const TOKEN_ALPHABET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

/// What a challenge is for.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ceremony {
    Registration,
    Authentication,
}

/// A challenge as it is stored.
#[derive(Serialize, Deserialize)]
pub struct Challenge {
    #[serde(rename = "type")]
    ceremony: Ceremony,
    /// base64url without padding.
    #[serde(rename = "expectedChallenge")]
    pub challenge: String,
    #[serde(rename = "userData")]
    user: Asked,
    context: Option<String>,
}

/// Who was asked.
#[derive(Serialize, Deserialize)]
struct Asked {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "displayName", default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

impl Challenge {
    /// A challenge to register a passkey of this user.
    pub fn registration(user: &users::User, context: Option<String>) -> Result<Challenge> {
        let asked = Asked { id: user.id(), name: Some(user.email()), display_name: Some(user.email()) };
        Challenge::new(Ceremony::Registration, asked, context)
    }

    /// A challenge to sign in with a passkey, of this user or, with none, of anyone.
    pub fn authentication(user: Option<&users::User>) -> Result<Challenge> {
        let id = user.map(users::User::id).unwrap_or_default();
        Challenge::new(Ceremony::Authentication, Asked { id, name: None, display_name: None }, None)
    }

    fn new(ceremony: Ceremony, user: Asked, context: Option<String>) -> Result<Challenge> {
        let challenge = crypto::base64url(&crypto::random_bytes(CHALLENGE_BYTES)?);
        Ok(Challenge { ceremony, challenge, user, context })
    }

    /// Stores it and gives the browser the cookie that names it.
    pub fn begin(&self, options: &Options) -> Result<()> {
        let token = crypto::random_string(TOKEN_LENGTH, TOKEN_ALPHABET)?;
        verifications::create(&format!("{PREFIX}{token}"), &serde_json::to_string(self)?, LIFE_SECS)?;
        let attributes = cookies::Attributes { max_age_secs: Some(LIFE_SECS), http_only: true };
        cookies::set_signed(options.cookie(), &token, attributes)
    }

    /// The browser's challenge, for the first who asks: it is gone whether the ceremony succeeds or not.
    ///
    /// # Errors
    /// `CHALLENGE_NOT_FOUND`, also when it was made for another ceremony.
    pub fn redeem(ceremony: Ceremony, options: &Options) -> Result<Challenge> {
        let token = cookies::get_signed(options.cookie())?.ok_or(CHALLENGE_NOT_FOUND)?;
        let stored = verifications::consume(&format!("{PREFIX}{token}"))?.ok_or(CHALLENGE_NOT_FOUND)?;
        let challenge: Challenge = serde_json::from_str(&stored)?;
        if challenge.ceremony == ceremony { Ok(challenge) } else { Err(CHALLENGE_NOT_FOUND.into()) }
    }

    /// The id of the user who was asked.
    pub fn user_id(&self) -> &str {
        &self.user.id
    }
}
