//! Answers of endpoints as a test makes them.

use super::duty::sight;
use super::redaction;
use crate::bindings::doorward::plugin::types::HostError;
use serde_json::Value;
use std::cell::RefCell;

/// An answer of a test.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{RawReply, RawRequest};
/// # doorward_sdk::fake::reset();
/// let plugin = Plugin::new("masks", "1.0.0")
///     .after(On::path("/get-session").reads_answer().changes_answer(), |_request, reply| {
///         let Some(mut body) = reply.body() else { return Ok(()) };
///         body["user"]["email"] = json!("hidden");
///         reply.set_body(&body)
///     });
/// let reply = RawReply::with_body(&json!({ "user": { "email": "ada@example.com" } }));
/// RawRequest::get("/get-session", &[]).run_after(&plugin, &reply)?;
/// assert_eq!(reply.json_body(), Some(json!({ "user": { "email": "hidden" } })));
/// # RawRequest::get("/get-session", &[]).run_after(&plugin, &RawReply::plain(500))?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Default)]
pub struct RawReply {
    status: u16,
    writes_session_cookie: bool,
    sets_session_cookie: bool,
    new_session: Option<String>,
    headers: RefCell<Vec<(String, String)>>,
    body: RefCell<Option<String>>,
}

/// Names the headers that scripts of other origins may read.
const EXPOSED: &str = "access-control-expose-headers";

fn no_change() -> HostError {
    HostError::Denied("`changes-answer` is not granted on this path".to_owned())
}

impl RawReply {
    /// An answer that signs a user in.
    pub fn signed_in(user: &Value) -> RawReply {
        let new_session = Some(serde_json::json!({ "session": {}, "user": user }).to_string());
        let sent = RawReply { writes_session_cookie: true, sets_session_cookie: true, ..RawReply::plain(200) };
        RawReply { new_session, ..sent }
    }

    /// An answer that deletes the session cookie.
    pub fn signed_out() -> RawReply {
        RawReply { writes_session_cookie: true, ..RawReply::plain(200) }
    }

    /// 200 with a body.
    pub fn with_body(body: &Value) -> RawReply {
        let body = RefCell::new(Some(body.to_string()));
        RawReply { status: 200, body, ..RawReply::default() }
    }

    /// The body as the hooks left it.
    pub fn json_body(&self) -> Option<Value> {
        self.body.borrow().clone().and_then(|text| serde_json::from_str(&text).ok())
    }

    /// An answer that has nothing to do with sessions.
    pub fn plain(status: u16) -> RawReply {
        RawReply { status, ..RawReply::default() }
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn body(&self) -> Option<String> {
        let body = self.body.borrow().clone().filter(|_| sight().reads_answer)?;
        if sight().secrets {
            return Some(body);
        }
        let body: Value = serde_json::from_str(&body).ok()?;
        Some(redaction::shown(&body).to_string())
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let may_read = sight().reads_answer || (sight().changes_answer && name == EXPOSED);
        let is_hidden = name == "set-cookie" || (!sight().secrets && redaction::is_secret(name));
        if is_hidden || !may_read {
            return None;
        }
        self.headers.borrow().iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn writes_session_cookie(&self) -> bool {
        self.writes_session_cookie
    }

    pub(super) fn sets_session_cookie(&self) -> bool {
        self.sets_session_cookie
    }

    pub(crate) fn new_session(&self) -> Option<String> {
        let whole: Value = serde_json::from_str(self.new_session.as_deref()?).ok()?;
        if sight().reads_answer {
            return self.new_session.clone();
        }
        let id = |path: &str| whole.pointer(path).cloned().unwrap_or_default();
        let session = serde_json::json!({ "id": id("/session/id"), "userId": id("/session/userId") });
        Some(serde_json::json!({ "session": session, "user": { "id": id("/user/id") } }).to_string())
    }

    pub(crate) fn sign_in_method(&self) -> Option<String> {
        self.new_session.as_ref().map(|_| "email".to_owned())
    }

    pub(crate) fn set_header(&self, name: &str, value: &str) -> Result<(), HostError> {
        if !sight().changes_answer {
            return Err(no_change());
        }
        self.headers.borrow_mut().push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    pub(crate) fn set_body(&self, json: &str) -> Result<(), HostError> {
        if !sight().changes_answer {
            return Err(no_change());
        }
        let written: Value =
            serde_json::from_str(json).map_err(|error| HostError::Invalid(format!("the body is no JSON: {error}")))?;
        let was = self.body.borrow().as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let body = if sight().secrets { written } else { redaction::restored(&was, written) };
        *self.body.borrow_mut() = Some(body.to_string());
        Ok(())
    }
}
