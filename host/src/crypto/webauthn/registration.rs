//! Checks that an authenticator made a credential for a challenge.

use super::attestation;
use super::authenticator_data::AuthenticatorData;
use super::cbor::Value;
use super::client_data::Answer;
use super::cose::CoseKey;
use super::{Checked, Expected, Refused, require};
use crate::crypto::{base64_url, sha256};

/// A new credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// base64url without padding.
    pub credential_id: String,
    /// The COSE key, byte for byte as it came.
    pub public_key: Vec<u8>,
    /// The first counter.
    pub counter: u32,
    /// Whether it may live on several devices.
    pub is_multi_device: bool,
    /// Whether it is backed up now.
    pub is_backed_up: bool,
    /// Whether the person was verified.
    pub user_verified: bool,
    /// UUID of the authenticator's model.
    pub aaguid: String,
}

/// Checks `answer` (JSON text as the browser's `toJSON` gives it).
///
/// # Errors
/// Why it does not hold.
pub fn verify_registration(expected: &Expected<'_>, answer: &str) -> Checked<Registration> {
    let parsed = Answer::parse(answer)?;
    let client_data = parsed.client_data("webauthn.create", expected)?;
    let object = parsed.bytes("attestationObject")?;
    let object = Value::parse(&object).ok_or(Refused::Answer("the attestation object is malformed"))?;
    let member = |name| object.get(&Value::Text(name)).ok_or(Refused::Answer("the attestation object is incomplete"));
    let signed = member("authData")?.bytes().ok_or(Refused::Answer("the attestation object has no data"))?;
    let data = AuthenticatorData::parse(signed)?;
    data.check(expected)?;
    let attested = data.attested.as_ref().ok_or(Refused::Answer("there is no credential"))?;
    let credential_id = base64_url(attested.id);
    require(credential_id == parsed.id, "the answer is of another credential")?;
    let key = CoseKey::parse(attested.key)?;
    require(key.is_offered(), "the algorithm was not offered")?;
    let message = [signed, &sha256(&client_data)].concat();
    match (member("fmt")?, member("attStmt")?) {
        (Value::Text("none"), Value::Map(members)) => require(members.is_empty(), "no attestation has a statement")?,
        (Value::Text("packed"), statement) if statement.get(&Value::Text("x5c")).is_none() => {
            attestation::check_own(statement, &key, &message)?;
        }
        _ => attestation::check(expected, answer)?,
    }
    Ok(Registration {
        credential_id,
        public_key: attested.key.to_vec(),
        counter: data.counter,
        is_multi_device: data.is_multi_device(),
        is_backed_up: data.is_backed_up(),
        user_verified: data.user_verified(),
        aaguid: attested.model(),
    })
}
