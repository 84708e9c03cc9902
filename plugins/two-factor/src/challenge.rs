//! A sign-in that waits for its second factor: whose it is, how often it was tried, redeemed once.
//!
//! Stored as the reference does: `2fa-<20 characters>` holds the user's id, `2fa-attempts-<challenge>` the wrong answers.

use crate::errors::{INVALID_TWO_FACTOR_COOKIE, TOO_MANY_ATTEMPTS};
use doorward_sdk::prelude::*;
use doorward_sdk::users::User;

/// The cookie that carries the challenge.
pub const COOKIE: &str = "two_factor";
const PREFIX: &str = "2fa-";
const LENGTH: u32 = 20;
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
/// Answers by authenticator app or backup code to one challenge.
const MOST_ATTEMPTS: u32 = 5;

/// A challenge that this browser has to answer.
pub struct Challenge {
    identifier: String,
    /// Who proved the first factor.
    pub user: User,
}

/// How the first factor was proven, as far as it limits the second.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FirstFactor {
    /// By reading the user's mail: another mail proves nothing more.
    Mail,
    Other,
}

/// Begins a challenge and gives it to the browser.
pub fn begin(user_id: &str, first: FirstFactor, ttl_secs: u64) -> Result<()> {
    let identifier = format!("{PREFIX}{}", crypto::random_string(LENGTH, ALPHABET)?);
    verifications::create(&identifier, user_id, ttl_secs)?;
    verifications::create(&attempts_of(&identifier), "0", ttl_secs)?;
    if first == FirstFactor::Mail {
        verifications::create(&mailed_of(&identifier), user_id, ttl_secs)?;
    }
    let attributes = cookies::Attributes { max_age_secs: Some(ttl_secs), http_only: true };
    cookies::set_signed(COOKIE, &identifier, attributes)
}

impl Challenge {
    /// The challenge in the request's cookie.
    pub fn of_request() -> Result<Challenge> {
        let identifier = cookies::get_signed(COOKIE)?.filter(|text| is_identifier(text));
        let Some(identifier) = identifier else { return Err(INVALID_TWO_FACTOR_COOKIE.into()) };
        let user = verifications::find(&identifier)?.map(|id| users::find_by_id(&id)).transpose()?.flatten();
        let user = user.ok_or(INVALID_TWO_FACTOR_COOKIE)?;
        Ok(Challenge { identifier, user })
    }

    /// What belongs to this challenge alone, like its mailed code.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// Whether the first factor was the user's mail, and the user has a better second one than more mail.
    pub fn refuses_mail(&self) -> Result<bool> {
        Ok(verifications::find(&mailed_of(&self.identifier))?.is_some())
    }

    /// Counts an answer before it is looked at. Of many at once, no more are let through than one after the other.
    pub fn count_attempt(&self) -> Result<()> {
        let attempts = attempts_of(&self.identifier);
        // Who loses the race for a count saw another one taken, so this ends after as many rounds as there are counts.
        for _ in 0..=MOST_ATTEMPTS {
            let Some(count) = verifications::find(&attempts)? else { return Err(INVALID_TWO_FACTOR_COOKIE.into()) };
            let spent = count.parse().unwrap_or(MOST_ATTEMPTS);
            if spent >= MOST_ATTEMPTS {
                // A right answer that was counted in time is redeemed still.
                verifications::replace(&self.identifier, &self.user.id(), &closed(&self.user.id()))?;
                cookies::delete(COOKIE)?;
                break;
            }
            if verifications::replace(&attempts, &count, &(spent + 1).to_string())? {
                return Ok(());
            }
        }
        Err(TOO_MANY_ATTEMPTS.into())
    }

    /// Ends the challenge. Of several callers, one gets `true`; none does after the user's password was replaced, because the
    /// server removes what waits for a second factor then.
    pub fn redeem(&self) -> Result<bool> {
        let redeemed = verifications::consume(&self.identifier)?;
        verifications::consume(&attempts_of(&self.identifier))?;
        verifications::consume(&mailed_of(&self.identifier))?;
        let id = self.user.id();
        Ok(redeemed.is_some_and(|value| value == id || value == closed(&id)))
    }
}

/// What a challenge holds when no more answers are looked at. It is no user's id.
fn closed(user_id: &str) -> String {
    format!("~{user_id}")
}

fn attempts_of(identifier: &str) -> String {
    format!("{PREFIX}attempts-{identifier}")
}

fn mailed_of(identifier: &str) -> String {
    format!("{PREFIX}mailed-{identifier}")
}

/// Other values of this plugin begin alike, and none of them is a challenge.
fn is_identifier(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == LENGTH as usize && rest.chars().all(|char| ALPHABET.contains(char)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake;

    fn challenged() -> Challenge {
        fake::reset();
        let user = users::create(&json!({ "email": "ada@example.com" })).expect("user");
        begin(&user.id(), FirstFactor::Other, 600).expect("begun");
        Challenge::of_request().expect("challenge")
    }

    fn refusal<T>(result: Result<T>) -> String {
        result.err().expect("refused").refusal().code.expect("code")
    }

    #[test]
    fn five_answers_then_the_challenge_is_gone() {
        let challenge = challenged();
        for _ in 0..5 {
            challenge.count_attempt().expect("counted");
        }
        assert_eq!(refusal(challenge.count_attempt()), "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE");
        assert!(fake::with(|world| world.cookies.is_empty()));
        assert_eq!(refusal(Challenge::of_request()), "INVALID_TWO_FACTOR_COOKIE");
    }

    #[test]
    fn an_answer_in_time_is_redeemed_after_too_many_others() {
        let challenge = challenged();
        (0..5).for_each(|_| challenge.count_attempt().expect("counted"));
        assert_eq!(refusal(challenge.count_attempt()), "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE");
        assert_eq!(refusal(Challenge::of_request()), "INVALID_TWO_FACTOR_COOKIE");
        assert!(challenge.redeem().expect("store"));
        assert!(!challenge.redeem().expect("store"));
    }

    #[test]
    fn a_challenge_is_redeemed_once() {
        let challenge = challenged();
        assert!(challenge.redeem().expect("store"));
        assert!(!challenge.redeem().expect("store"));
        assert!(fake::with(|world| world.verifications.is_empty()));
    }

    #[test]
    fn nothing_else_is_a_challenge() {
        let challenge = challenged();
        let own = challenge.identifier().to_owned();
        for other in
            [format!("2fa-attempts-{own}"), format!("2fa-otp-{own}"), format!("x!{own}"), "trust-device-x".into()]
        {
            fake::with(|world| {
                world.verifications.insert(other.clone(), ("user-1".into(), u64::MAX));
                world.cookies.insert(COOKIE.into(), other.clone());
            });
            assert_eq!(refusal(Challenge::of_request()), "INVALID_TWO_FACTOR_COOKIE", "{other}");
        }
    }

    #[test]
    fn a_challenge_ends() {
        challenged();
        fake::with(|world| world.now_millis += 600_000);
        assert_eq!(refusal(Challenge::of_request()), "INVALID_TWO_FACTOR_COOKIE");
    }
}
