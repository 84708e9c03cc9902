//! Statements about where a credential was made. None is asked for, and what comes all the same must hold.
//!
//! Which makers are trusted is nobody's question here, so certificates are not traced to a root.

use serde_json::json;
use std::time::Duration;
use url::Url;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::proto::{COSEAlgorithm, RegisterPublicKeyCredential, RegistrationState};

use super::cbor::Value;
use super::cose::CoseKey;
use super::{Checked, Expected, Refused, require};

/// A statement that the credential itself signed.
///
/// Source: WebAuthn Level 2 §8.2, "self attestation".
pub(super) fn check_own(statement: &Value<'_>, key: &CoseKey, message: &[u8]) -> Checked<()> {
    let algorithm = statement.get(&Value::Text("alg")).and_then(Value::integer);
    let signature = statement.get(&Value::Text("sig")).and_then(Value::bytes).unwrap_or_default();
    require(algorithm == Some(key.algorithm) && key.has_signed(message, signature), "the attestation does not hold")
}

/// A statement with certificates: of a security key, a TPM, a phone.
pub(super) fn check(expected: &Expected<'_>, answer: &str) -> Checked<()> {
    let malformed = |_| Refused::Answer("the attestation cannot be read");
    let credential: RegisterPublicKeyCredential = serde_json::from_str(answer).map_err(malformed)?;
    let origins = expected.origins.iter().filter_map(|origin| Url::parse(origin).ok()).collect();
    let library = WebauthnCore::new_unsafe_experts_only("", expected.party_id, origins, Duration::ZERO, None, None);
    // The library makes challenges itself; one that was made elsewhere comes in by the stored form of its state.
    let state: RegistrationState = serde_json::from_value(json!({
        "policy": if expected.user_verification { "required" } else { "discouraged" },
        "exclude_credentials": [],
        "challenge": expected.challenge,
        "credential_algorithms": [COSEAlgorithm::ES256, COSEAlgorithm::RS256],
        "require_resident_key": false,
        "authenticator_attachment": null,
        "extensions": {},
        "allow_synchronised_authenticators": true,
    }))
    .map_err(malformed)?;
    library.register_credential(&credential, &state, None).map(|_| ()).map_err(|error| {
        tracing::debug!(%error, "the library refuses an attestation");
        Refused::Answer("the attestation does not hold")
    })
}
