//! Passkey ceremonies: the plugin keeps challenges and credentials, the host checks what an authenticator sent.
//!
//! ```no_run
//! use doorward_sdk::webauthn::{self, RelyingParty};
//! # let (answer, challenge) = (serde_json::json!({}), "");
//! let party = RelyingParty { id: "example.com".into(), origins: vec!["https://example.com".into()] };
//! match webauthn::verify_registration(&party, challenge, &answer, false) {
//!     Ok(made) => println!("{} counts {}", made.credential_id, made.counter),
//!     Err(fault) => println!("refused: {fault:?}"),
//! }
//! ```

use crate::host;
use serde_json::Value;

pub use crate::bindings::doorward::plugin::webauthn::{Assertion, Credential, Fault, Registration, RelyingParty};

/// Checks the browser's answer to a registration against the challenge (base64url without padding).
///
/// # Errors
/// Why it does not hold; also for an answer of more than 64 KiB.
pub fn verify_registration(
    party: &RelyingParty,
    challenge: &str,
    answer: &Value,
    require_user_verification: bool,
) -> Result<Registration, Fault> {
    host::webauthn::verify_registration(party, challenge, &answer.to_string(), require_user_verification)
}

/// Checks the browser's answer to an authentication with the stored credential.
///
/// # Errors
/// Why it does not hold; also for an answer of more than 64 KiB.
pub fn verify_assertion(
    party: &RelyingParty,
    challenge: &str,
    credential: &Credential,
    answer: &Value,
    require_user_verification: bool,
) -> Result<Assertion, Fault> {
    let answer = answer.to_string();
    host::webauthn::verify_assertion(party, challenge, credential, &answer, require_user_verification)
}
