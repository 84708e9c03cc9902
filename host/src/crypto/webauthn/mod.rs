//! Passkey ceremonies: checks what an authenticator sent against a challenge, and says what it proved.
//!
//! The steps are ours, because they are stricter than the library's and know Ed25519; attestation statements with
//! certificates are the library's.
//!
//! Source: WebAuthn Level 2 §7.1 and §7.2; what is accepted beside: the wire contract.

mod assertion;
mod attestation;
mod authenticator_data;
mod cbor;
mod client_data;
mod cose;
mod registration;
#[cfg(test)]
mod tests;

pub use assertion::{Assertion, Credential, verify_assertion};
pub use registration::{Registration, verify_registration};

/// Who asks, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The relying party's id, a domain.
    pub party_id: &'a str,
    /// Scheme and authority of every page that may ask, compared exactly.
    pub origins: &'a [String],
    /// base64url without padding, compared exactly.
    pub challenge: &'a str,
    /// Whether the person must have been verified, not only present.
    pub user_verification: bool,
}

/// Why an answer does not hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is malformed, or answers something else; the text is for the log.
    #[error("{0}")]
    Answer(&'static str),
    /// The credential did not make the signature.
    #[error("the signature does not hold")]
    Signature,
    /// There may be two of the credential.
    #[error("the counter went back")]
    Counter,
}

type Checked<T> = Result<T, Refused>;

/// `Ok` when the condition holds.
fn require(holds: bool, otherwise: &'static str) -> Checked<()> {
    if holds { Ok(()) } else { Err(Refused::Answer(otherwise)) }
}
