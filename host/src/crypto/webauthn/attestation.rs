//! Statements about where a credential was made. None is asked for, and what comes all the same must hold.
//!
//! Which makers are trusted is nobody's question here, so certificates are not traced to a root.

use serde_json::json;
use std::time::Duration;
use tracing::dispatcher::{self, Dispatch};
use url::Url;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
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
    // The library logs what it cannot read as errors, with the client's bytes.
    dispatcher::with_default(&Dispatch::none(), || ask_library(expected, answer))?.map_err(|error| {
        tracing::debug!(%error, "the library refuses an attestation");
        Refused::Answer("the attestation does not hold")
    })
}

fn ask_library(expected: &Expected<'_>, answer: &str) -> Checked<Result<(), WebauthnError>> {
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
    Ok(library.register_credential(&credential, &state, None).map(drop))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::crypto::base64_url;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines of the log meanwhile.
    fn logged(run: impl FnOnce()) -> String {
        let kept = Kept::default();
        let written = kept.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || written.clone()).finish();
        tracing::subscriber::with_default(subscriber, run);
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn what_a_client_sends_does_not_fill_the_log() {
        // An extension whose value is one of CBOR's unassigned simple ones: this server reads over it.
        let data = [&[0; 32][..], &[0x80, 0, 0, 0, 0], b"\xa1\x61a\xf8\x20"].concat();
        let length = u8::try_from(data.len()).unwrap();
        let object = [b"\xa3\x63fmt\x61x\x67attStmt\xa0\x68authData\x58", &[length][..], &data].concat();
        let client_data = json!({ "type": "webauthn.create", "challenge": "AA", "origin": "https://example.com" });
        let response = json!({
            "clientDataJSON": base64_url(client_data.to_string().as_bytes()), "attestationObject": base64_url(&object),
        });
        let answer = json!({ "id": "AA", "rawId": "AA", "type": "public-key", "response": response, "extensions": {} });
        let answer = answer.to_string();
        let origins = ["https://example.com".to_owned()];
        let expected =
            Expected { party_id: "example.com", origins: &origins, challenge: "AA", user_verification: false };
        let told = logged(|| assert!(ask_library(&expected, &answer).unwrap().is_err()));
        assert!(told.contains("ERROR"), "the library says nothing any more: {told}");
        let told =
            logged(|| assert_eq!(check(&expected, &answer), Err(Refused::Answer("the attestation does not hold"))));
        assert_eq!(told, "");
    }
}
