//! Checks that a stored credential answered a challenge.

use super::authenticator_data::AuthenticatorData;
use super::client_data::Answer;
use super::cose::CoseKey;
use super::{Checked, Expected, Refused, require};
use crate::crypto::sha256;

/// A stored credential.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    /// base64url without padding.
    pub id: &'a str,
    /// The COSE key.
    pub public_key: &'a [u8],
    /// The last counter.
    pub counter: u32,
}

/// What an assertion proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// The counter to store.
    pub counter: u32,
    /// Whether the credential is backed up now.
    pub is_backed_up: bool,
    /// Whether the person was verified.
    pub user_verified: bool,
}

/// Checks `answer` (JSON text as the browser's `toJSON` gives it) with the stored credential.
///
/// # Errors
/// Why it does not hold; also when the counter went back, which says that there is a copy of the credential.
pub fn verify_assertion(expected: &Expected<'_>, credential: &Credential<'_>, answer: &str) -> Checked<Assertion> {
    let answer = Answer::parse(answer)?;
    require(answer.id == credential.id, "the answer is of another credential")?;
    let client_data = answer.client_data("webauthn.get", expected)?;
    let signed = answer.bytes("authenticatorData")?;
    let data = AuthenticatorData::parse(&signed)?;
    data.check(expected)?;
    let message = [&signed[..], &sha256(&client_data)].concat();
    let has_signed = CoseKey::parse(credential.public_key)?.has_signed(&message, &answer.bytes("signature")?);
    if !has_signed {
        return Err(Refused::Signature);
    }
    // Zero twice is an authenticator that does not count.
    let goes_on = data.counter > credential.counter || (data.counter == 0 && credential.counter == 0);
    if !goes_on {
        return Err(Refused::Counter);
    }
    Ok(Assertion { counter: data.counter, is_backed_up: data.is_backed_up(), user_verified: data.user_verified() })
}
