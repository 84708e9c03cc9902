//! Who a request was about, in a form that a log may hold.

use serde_json::Value as Json;

use super::Exchange;
use super::session::Lazy;
use crate::auth::Tag;
use crate::auth::audit::{ActorKind, AuditEvent};
use crate::email;

/// Letters of an id in a body.
const LONGEST_ID: usize = 64;

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
    /// An event of this request: who, to whom, when and from where, without asking the store.
    pub fn audit_event(&self, event: &str) -> AuditEvent {
        let request = &self.request;
        let who = self.audit_identity();
        let (actor_kind, actor) = match (who.user, &self.trail.key) {
            (Some(user), _) => (ActorKind::User, Some(user)),
            (None, Some(key)) => (ActorKind::Key, Some(key.clone())),
            (None, None) => (ActorKind::Stranger, None),
        };
        let named = || {
            let id = request.body.as_ref().and_then(|body| body.get("userId")).and_then(Json::as_str);
            id.filter(|id| id.len() <= LONGEST_ID)
        };
        let target = self.changed_user().or_else(named).filter(|target| actor.as_deref() != Some(*target));
        AuditEvent {
            actor_kind,
            target: target.map(str::to_owned),
            actor,
            impersonated_by: who.impersonated_by,
            account: who.account,
            session: who.session,
            how: self.opened.as_ref().map(|opened| opened.method.clone()),
            request: Some((request.method.clone(), self.logged_path().unwrap_or_default().to_owned())),
            client: Some(self.client_address().to_owned()),
            user_agent: Some(self.user_agent().to_owned()),
            request_id: Some(request.id.clone()),
            ..AuditEvent::new(event, self.auth().now())
        }
    }

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
