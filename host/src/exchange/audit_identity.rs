//! Who a request was about, in a form that a log may hold.

use serde_json::Value as Json;

use super::Exchange;
use super::session::Lazy;
use crate::auth::Tag;
use crate::email;

/// Ids and keyed hashes; each is `None` when the request does not reveal it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditIdentity {
    /// The user's id.
    pub user: Option<String>,
    /// The id of the administrator who acts as the user, in an impersonated session.
    pub impersonated_by: Option<String>,
    /// The keyed hash of the session's token: the same in every event of that session.
    pub session: Option<String>,
    /// The keyed hash of the given address: the same in every event about that address.
    pub account: Option<String>,
}

/// The session field for the administrator who acts as the user, as in the reference's schema.
pub const IMPERSONATED_BY: &str = "impersonatedBy";

impl Exchange {
    /// Who this request was about, without asking the store.
    pub fn audit_identity(&self) -> AuditIdentity {
        let auth = self.auth();
        let session = match (&self.opened, &self.session) {
            (Some(opened), _) => Some(&opened.session),
            (None, Lazy::Read(Some(active))) => Some(&active.session),
            (None, Lazy::Unread | Lazy::Ended) => self.trail.ended.as_ref(),
            (None, Lazy::Read(None)) => None,
        };
        let token = session.map_or_else(|| self.session_token(), |session| Some(session.token().to_owned()));
        let email = self.request.body.as_ref().and_then(|body| body.get("email")).and_then(Json::as_str);
        AuditIdentity {
            user: session.map(|session| session.user_id().to_owned()),
            impersonated_by: session.and_then(|session| session.0.opt_text(IMPERSONATED_BY)).map(str::to_owned),
            session: token.map(|token| auth.tag(Tag::Session, &token)),
            account: email.map(|email| auth.tag(Tag::Account, &email::normalize(email))),
        }
    }
}
