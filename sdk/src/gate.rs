//! A say in every sign-in, before a session exists.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # use doorward_sdk::fake::RawAttempt;
//!
//! /// Nobody without a proven address signs in; who has a second factor is asked for it.
//! fn gate(attempt: &Attempt) -> Result<Verdict> {
//!     let user = attempt.user()?;
//!     if user["emailVerified"] != json!(true) {
//!         return Err(Error::new(403, "EMAIL_NOT_VERIFIED", "Verify your address first"));
//!     }
//!     if user["hasKey"] == json!(true) {
//!         return Ok(Verdict::Challenge(Response::json(&json!({ "keyRequired": true }))?));
//!     }
//!     Ok(Verdict::Admit)
//! }
//!
//! let plugin = Plugin::new("proven", "1.0.0").gate(gate);
//! # let raw = RawAttempt::new(&json!({ "emailVerified": false }), "email");
//! assert!(gate(&Attempt::new(&raw)).is_err());
//! # Ok::<(), Error>(())
//! ```

use crate::Response;
use crate::error::Result;
use crate::host::RawAttempt;
use serde_json::Value;

/// A sign-in that is about to become a session.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawAttempt;
/// let plugin = Plugin::new("office", "1.0.0").gate(|attempt| {
///     let address = attempt.client_address().unwrap_or_default();
///     if attempt.method() == "email" && !address.starts_with("10.") {
///         return Err(Error::new(403, "OFFICE_ONLY", "Passwords work in the office alone"));
///     }
///     Ok(Verdict::Admit)
/// });
/// let ada = json!({ "id": "user-1", "email": "ada@example.com" });
/// assert!(RawAttempt::new(&ada, "email").from_address("10.0.0.9").ask(&plugin).is_ok());
/// assert!(RawAttempt::new(&ada, "email").from_address("203.0.113.9").ask(&plugin).is_err());
/// ```
pub struct Attempt<'a> {
    raw: &'a RawAttempt,
}

/// What a gate decides. To refuse, return an error.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawAttempt;
/// let plugin = Plugin::new("terms", "1.0.0").gate(|attempt| match attempt.user()?["acceptedTerms"].as_bool() {
///     Some(true) => Ok(Verdict::Admit),
///     _ => Ok(Verdict::Challenge(Response::json(&json!({ "termsRequired": true }))?)),
/// });
/// let verdict = RawAttempt::new(&json!({ "acceptedTerms": false }), "email").ask(&plugin)?;
/// assert!(matches!(verdict, Verdict::Challenge(_)));
/// # Ok::<(), Error>(())
/// ```
pub enum Verdict {
    /// The session may be made, as far as this gate is concerned.
    Admit,
    /// Another proof first; the response tells the client which.
    Challenge(Response),
}

impl<'a> Attempt<'a> {
    /// Wraps what the host lends for one call.
    #[doc(hidden)]
    pub fn new(raw: &'a RawAttempt) -> Attempt<'a> {
        Attempt { raw }
    }

    /// The user who would be signed in.
    ///
    /// # Errors
    /// When the host's text is no JSON.
    pub fn user(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.raw.user())?)
    }

    /// How they proved who they are: `email`, `magic-link`, …
    pub fn method(&self) -> String {
        self.raw.method()
    }

    /// The path of the request that signs in.
    pub fn path(&self) -> String {
        self.raw.path()
    }

    /// The client's address as the server resolved it.
    pub fn client_address(&self) -> Option<String> {
        self.raw.client_address()
    }

    /// The plugin that signs in; none is the core.
    pub fn plugin(&self) -> Option<String> {
        self.raw.plugin()
    }

    /// Whether the session would outlive the browser.
    pub fn remember(&self) -> bool {
        self.raw.remember()
    }

    /// The `User-Agent` header.
    pub fn user_agent(&self) -> Option<String> {
        self.raw.user_agent()
    }
}
