//! The answer that an `after` hook looks at.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # use doorward_sdk::fake::{RawReply, RawRequest};
//!
//! fn plugin() -> Plugin {
//!     Plugin::new("stamp", "1.0.0").after(On::path("/get-session").changes_answer(), |_request, reply| {
//!         if reply.status() == 200 {
//!             reply.set_header("x-stamp", "seen")?;
//!         }
//!         Ok(())
//!     })
//! }
//!
//! # let reply = RawReply::plain(200);
//! RawRequest::get("/get-session", &[]).run_after(&plugin(), &reply)?;
//! assert_eq!(Reply::new(&reply).header("x-stamp").as_deref(), Some("seen"));
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host::RawReply;
use serde_json::Value;

/// The answer of an endpoint.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{RawReply, RawRequest};
/// # doorward_sdk::fake::reset();
/// let on = On::path("/sign-in/**").when_session_cookie_is_set().changes_answer().reads_answer();
/// let plugin = Plugin::new("last-way", "1.0.0").after(on, |_request, reply| {
///     let Some(method) = reply.sign_in_method().filter(|_| reply.writes_session_cookie()) else { return Ok(()) };
///     let mut body = reply.body().unwrap_or_else(|| json!({}));
///     body["signedInWith"] = json!(method);
///     reply.set_body(&body)
/// });
/// let reply = RawReply::signed_in(&json!({ "id": "user-1" }));
/// RawRequest::post("/sign-in/email", &json!({})).run_after(&plugin, &reply)?;
/// assert_eq!(reply.json_body(), Some(json!({ "signedInWith": "email" })));
/// # Ok::<(), Error>(())
/// ```
pub struct Reply<'a> {
    raw: &'a RawReply,
}

impl<'a> Reply<'a> {
    /// Wraps what the host lends for one call.
    #[doc(hidden)]
    pub fn new(raw: &'a RawReply) -> Reply<'a> {
        Reply { raw }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.raw.status()
    }

    /// The body; none when it is empty.
    pub fn body(&self) -> Option<Value> {
        self.raw.body().and_then(|text| serde_json::from_str(&text).ok())
    }

    /// A header of the answer. `set-cookie` is never shown.
    pub fn header(&self, name: &str) -> Option<String> {
        self.raw.header(name)
    }

    /// Whether this answer sets or deletes the session cookie.
    pub fn writes_session_cookie(&self) -> bool {
        self.raw.writes_session_cookie()
    }

    /// The session that this request opened: `{"session": …, "user": …}` without the token.
    pub fn new_session(&self) -> Option<Value> {
        self.raw.new_session().and_then(|text| serde_json::from_str(&text).ok())
    }

    /// How that session's user proved who they are: `email`, `magic-link`, …
    pub fn sign_in_method(&self) -> Option<String> {
        self.raw.sign_in_method()
    }

    /// Sets a header of the answer that scripts of other origins may read, as far as they may read the answer at all.
    ///
    /// # Errors
    /// As [`Reply::set_header`].
    pub fn expose_header(&self, name: &str, value: &str) -> Result<()> {
        const EXPOSED: &str = "access-control-expose-headers";
        let before = self.header(EXPOSED).unwrap_or_default();
        let mut names: Vec<&str> = before.split(',').map(str::trim).filter(|known| !known.is_empty()).collect();
        if !names.contains(&name) {
            names.push(name);
        }
        self.set_header(EXPOSED, &names.join(", "))?;
        self.set_header(name, value)
    }

    /// Sets a header of the answer.
    ///
    /// # Errors
    /// `denied` for headers that carry security decisions, `invalid` for what is no header.
    pub fn set_header(&self, name: &str, value: &str) -> Result<()> {
        Ok(self.raw.set_header(name, value)?)
    }

    /// Replaces the body; status, headers and cookies stay.
    ///
    /// # Errors
    /// `limit` for a body that is too large.
    pub fn set_body(&self, body: &Value) -> Result<()> {
        Ok(self.raw.set_body(&body.to_string())?)
    }
}
