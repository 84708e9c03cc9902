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

/// What a sign-in with a passkey proved.
///
/// ```
/// use doorward_sdk::webauthn::Assertion;
/// # let proved = Assertion { counter: 8, is_backed_up: true, user_verified: true };
/// let Assertion { counter, user_verified, .. } = proved;
/// // The row keeps the counter, and who used a finger or a PIN needs no second factor.
/// let method = if user_verified { "passkey" } else { "security-key" };
/// assert_eq!((counter, method), (8, "passkey"));
/// ```
pub use crate::bindings::doorward::plugin::webauthn::Assertion;
/// A credential as the plugin has stored it.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::webauthn::Credential;
/// # doorward_sdk::fake::reset();
/// let row = json!({ "credentialId": "cred-1", "publicKey": crypto::base64(&[1, 2, 3]), "counter": 7 });
/// let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
/// let credential = Credential {
///     id: text("credentialId"),
///     public_key: crypto::from_base64(&text("publicKey")).unwrap_or_default(),
///     counter: row["counter"].as_u64().and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
/// };
/// assert_eq!((credential.public_key, credential.counter), (vec![1, 2, 3], 7));
/// ```
pub use crate::bindings::doorward::plugin::webauthn::Credential;
/// Why an authenticator's answer does not hold.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::webauthn::Fault;
/// let refusal = |fault: Fault| match fault {
///     Fault::Counter => Error::new(401, "COPIED_CREDENTIAL", "There may be a copy of this passkey"),
///     Fault::Answer | Fault::Signature => Error::new(401, "NOT_VERIFIED", "The passkey was not verified"),
/// };
/// assert_eq!(refusal(Fault::Counter).refusal().code.as_deref(), Some("COPIED_CREDENTIAL"));
/// ```
pub use crate::bindings::doorward::plugin::webauthn::Fault;
/// A passkey that was made.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::webauthn::Registration;
/// # doorward_sdk::fake::reset();
/// # let made = Registration {
/// #     credential_id: "cred-1".to_owned(), public_key: vec![1, 2, 3], counter: 0, is_multi_device: true,
/// #     is_backed_up: true, user_verified: true, aaguid: String::new(),
/// # };
/// fn row(made: Registration) -> Value {
///     let device = if made.is_multi_device { "multiDevice" } else { "singleDevice" };
///     let key = crypto::base64(&made.public_key);
///     json!({ "credentialId": made.credential_id, "publicKey": key, "counter": made.counter, "deviceType": device })
/// }
/// assert_eq!(row(made)["deviceType"], "multiDevice");
/// ```
pub use crate::bindings::doorward::plugin::webauthn::Registration;
/// Whom a passkey is for.
///
/// ```
/// use doorward_sdk::{config, webauthn::RelyingParty};
/// # doorward_sdk::fake::reset();
/// let url = config::base_url();
/// let host = url.trim_start_matches("https://").trim_start_matches("http://");
/// let id = host.split(':').next().unwrap_or_default().to_owned();
/// let party = RelyingParty { id, origins: vec![url.clone()] };
/// assert_eq!(party.id, "localhost");
/// ```
pub use crate::bindings::doorward::plugin::webauthn::RelyingParty;

/// Checks the browser's answer to a registration against the challenge (base64url without padding).
///
/// ```
/// use doorward_sdk::webauthn::{self, Fault, RelyingParty};
/// use doorward_sdk::fake;
/// use serde_json::json;
/// # fake::reset();
/// # fake::with(|world| world.registration = Some(webauthn::Registration {
/// #     credential_id: "cred-1".to_owned(), public_key: vec![1], counter: 0, is_multi_device: true,
/// #     is_backed_up: true, user_verified: true, aaguid: String::new(),
/// # }));
/// let party = RelyingParty { id: "example.com".to_owned(), origins: vec!["https://example.com".to_owned()] };
/// // The fake host's authenticators say which challenge they answer.
/// let made = webauthn::verify_registration(&party, "c-1", &json!({ "challenge": "c-1" }), true);
/// assert_eq!(made.map(|made| made.credential_id).ok().as_deref(), Some("cred-1"));
/// let replayed = webauthn::verify_registration(&party, "c-2", &json!({ "challenge": "c-1" }), true);
/// assert!(matches!(replayed, Err(Fault::Answer)));
/// ```
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
/// ```
/// use doorward_sdk::webauthn::{self, Assertion, Credential, Fault, RelyingParty};
/// use doorward_sdk::fake;
/// use serde_json::json;
/// # fake::reset();
/// # let party = RelyingParty { id: "example.com".to_owned(), origins: vec!["https://example.com".to_owned()] };
/// # let stored = Credential { id: "cred-1".to_owned(), public_key: vec![1], counter: 7 };
/// # let answer = json!({ "challenge": "c-1" });
/// let proved = |counter| {
///     fake::with(|world| world.assertion = Some(Assertion { counter, is_backed_up: true, user_verified: true }));
///     webauthn::verify_assertion(&party, "c-1", &stored, &answer, false)
/// };
/// assert_eq!(proved(8).map(|assertion| assertion.counter).ok(), Some(8));
/// assert!(matches!(proved(6), Err(Fault::Counter)));
/// ```
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
