//! Who a request was about, in a form that a log may hold.

use serde_json::Value as Json;

use super::Exchange;
use super::session::Slot;
use crate::email;

/// Ids and keyed hashes; each is absent when the request does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditIdentity {
    /// The user's id.
    pub user: Option<String>,
    /// The keyed hash of the session's token: the same in every event of that session.
    pub session: Option<String>,
    /// The keyed hash of the address that was given: the same in every event about that address.
    pub account: Option<String>,
}

impl Exchange {
    /// Who this request was about, without asking the store.
    pub fn audit_identity(&self) -> AuditIdentity {
        let auth = self.auth();
        let (user, token) = match (&self.opened, &self.session) {
            (Some(opened), _) => (Some(opened.user.id().to_owned()), Some(opened.session.token().to_owned())),
            (None, Slot::Read(Some(active))) => {
                (Some(active.user.id().to_owned()), Some(active.session.token().to_owned()))
            }
            (None, _) => (None, self.session_token()),
        };
        let email = self.request.body.as_ref().and_then(|body| body.get("email")).and_then(Json::as_str);
        AuditIdentity {
            user,
            session: token.map(|token| auth.tag("session", &token)),
            account: email.map(|email| auth.tag("account", &email::normalize(email))),
        }
    }
}
