//! Passkey ceremonies: the plugin keeps challenges and credentials, the host checks what an authenticator sent.
//!
//! ```no_run
//! use doorward_sdk::webauthn::{self, RelyingParty};
//! # let (answer, challenge) = (serde_json::json!({}), "");
//! let party = RelyingParty { id: "example.com".into(), origins: vec!["https://example.com".into()] };
//! match webauthn::verify_registration(&party, challenge, &answer, false)? {
//!     Some(made) => println!("{} counts {}", made.credential_id, made.counter),
//!     None => println!("refused"),
//! }
//! # Ok::<(), doorward_sdk::Error>(())
//! ```

use crate::error::Result;
use crate::host;
use serde_json::Value;

pub use crate::bindings::doorward::plugin::webauthn::{Assertion, Credential, Registration, RelyingParty};

/// Checks the browser's answer to a registration against the challenge (base64url without padding). None when it does not
/// hold.
///
/// # Errors
/// `invalid` for an answer of more than 64 KiB.
pub fn verify_registration(
    party: &RelyingParty,
    challenge: &str,
    answer: &Value,
    require_user_verification: bool,
) -> Result<Option<Registration>> {
    Ok(host::webauthn::verify_registration(party, challenge, &answer.to_string(), require_user_verification)?)
}

/// Checks the browser's answer to an authentication with the stored credential. None when it does not hold, a counter that
/// went back included.
///
/// # Errors
/// `invalid` for an answer of more than 64 KiB.
pub fn verify_assertion(
    party: &RelyingParty,
    challenge: &str,
    credential: &Credential,
    answer: &Value,
    require_user_verification: bool,
) -> Result<Option<Assertion>> {
    let answer = answer.to_string();
    Ok(host::webauthn::verify_assertion(party, challenge, credential, &answer, require_user_verification)?)
}
