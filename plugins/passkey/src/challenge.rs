//! A challenge: made for one ceremony, bound to the browser by a signed cookie, redeemed once.
//!
//! Who is not signed in may ask as often as a sign-in page is opened, so that such a challenge is stored nowhere: the token in
//! the signed cookie holds its time, and the challenge is the token's hash. Redeeming it is counted.

use crate::errors::CHALLENGE_NOT_FOUND;
use crate::options::Options;
use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// Of the identifiers under which challenges are kept.
pub const PREFIX: &str = "passkey-challenge:";
const LIFE_SECS: u32 = 300;
const TOKEN_LENGTH: u32 = 32;
const CHALLENGE_BYTES: u32 = 32;
const TOKEN_ALPHABET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

/// Letters of the time at the beginning of a token without a row.
const TIME_LETTERS: usize = 8;

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

    /// A challenge to sign in with a passkey of this user.
    pub fn authentication(user: &users::User) -> Result<Challenge> {
        Challenge::new(Ceremony::Authentication, Asked { id: user.id(), name: None, display_name: None }, None)
    }

    fn new(ceremony: Ceremony, user: Asked, context: Option<String>) -> Result<Challenge> {
        let challenge = crypto::base64url(&crypto::random_bytes(CHALLENGE_BYTES)?);
        Ok(Challenge { ceremony, challenge, user, context })
    }

    /// Stores it and gives the browser the cookie that names it.
    pub fn begin(&self, options: &Options) -> Result<()> {
        let token = crypto::random_string(TOKEN_LENGTH, TOKEN_ALPHABET)?;
        verifications::create(&format!("{PREFIX}{token}"), &serde_json::to_string(self)?, LIFE_SECS.into())?;
        give(options, &token)
    }

    /// A challenge to sign in with anyone's passkey, for a browser in which nobody is signed in.
    pub fn begin_for_anyone(options: &Options) -> Result<Challenge> {
        let token = format!("{}{}", time_text(clock::now_millis()), crypto::random_string(24, TOKEN_ALPHABET)?);
        give(options, &token)?;
        Ok(Challenge::of_anyone(&token))
    }

    fn of_anyone(token: &str) -> Challenge {
        let challenge = crypto::base64url(&crypto::sha256(format!("{PREFIX}{token}").as_bytes()));
        let user = Asked { id: String::new(), name: None, display_name: None };
        Challenge { ceremony: Ceremony::Authentication, challenge, user, context: None }
    }

    /// The browser's challenge, for the first who asks: it is gone whether the ceremony succeeds or not.
    ///
    /// # Errors
    /// `CHALLENGE_NOT_FOUND`, also when it was made for another ceremony.
    pub fn redeem(ceremony: Ceremony, options: &Options) -> Result<Challenge> {
        let token = cookies::get_signed(options.cookie())?.ok_or(CHALLENGE_NOT_FOUND)?;
        if ceremony == Ceremony::Authentication && is_recent(&token) {
            let is_first = counters::hit(&token, LIFE_SECS)? == 1;
            return if is_first { Ok(Challenge::of_anyone(&token)) } else { Err(CHALLENGE_NOT_FOUND.into()) };
        }
        let stored = verifications::consume(&format!("{PREFIX}{token}"))?.ok_or(CHALLENGE_NOT_FOUND)?;
        let challenge: Challenge = serde_json::from_str(&stored)?;
        if challenge.ceremony == ceremony { Ok(challenge) } else { Err(CHALLENGE_NOT_FOUND.into()) }
    }

    /// The id of the user who was asked.
    pub fn user_id(&self) -> &str {
        &self.user.id
    }
}

fn give(options: &Options, token: &str) -> Result<()> {
    let attributes = cookies::Attributes { max_age_secs: Some(LIFE_SECS.into()), http_only: true };
    cookies::set_signed(options.cookie(), token, attributes)
}

/// Milliseconds since 1970 in letters of the token's alphabet, the highest first.
fn time_text(millis: u64) -> String {
    let letters = TOKEN_ALPHABET.as_bytes();
    let letter = |place: usize| letters.get((millis >> (6 * place)) as usize & 63).copied().unwrap_or_default();
    (0..TIME_LETTERS).rev().map(|place| char::from(letter(place))).collect()
}

/// Whether the token begins with a time of the last minutes. The text of another token is one of a random time.
fn is_recent(token: &str) -> bool {
    let value = |letter: char| TOKEN_ALPHABET.find(letter).map(|value| value as u64);
    let millis = token.chars().take(TIME_LETTERS).try_fold(0, |sum: u64, letter| Some(sum << 6 | value(letter)?));
    let age = millis.and_then(|millis| clock::now_millis().checked_sub(millis));
    age.is_some_and(|age| age < u64::from(LIFE_SECS) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake;

    #[test]
    fn a_token_tells_its_time() {
        fake::reset();
        let now = clock::now_millis();
        let token = format!("{}{}", time_text(now), "x".repeat(24));
        assert!(token.len() == TOKEN_LENGTH as usize && is_recent(&token));
        assert!(!is_recent(&"-".repeat(32)) && !is_recent("é") && !is_recent(""));
        fake::with(|world| world.now_millis = now + u64::from(LIFE_SECS) * 1000 - 1);
        assert!(is_recent(&token));
        fake::with(|world| world.now_millis = now + u64::from(LIFE_SECS) * 1000);
        assert!(!is_recent(&token));
        fake::with(|world| world.now_millis = now - 1);
        assert!(!is_recent(&token), "a time to come");
    }
}
