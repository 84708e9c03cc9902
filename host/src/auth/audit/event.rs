//! An event of the audit log: who did what to whom, when and from where, and how it ended. Never a secret.

use serde_json::Value as Json;

use crate::clock::Timestamp;
use crate::store::core_models::AUDIT;
use crate::store::{Database, Record, StoreError};

/// Letters of a text that is indexed.
const LONGEST_NAME: usize = 255;
/// Letters of any other text.
const LONGEST_TEXT: usize = 512;
/// Bytes of the details.
const LONGEST_DETAILS: usize = 8 << 10;

/// What somebody is who does something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActorKind {
    /// A person with a session; the actor is their id.
    User,
    /// The application's own backend; the actor is the name of its key.
    Key,
    /// Somebody at the server's terminal; the actor is the name of their account there.
    Terminal,
    /// The server by itself.
    Server,
    /// Nobody knows who.
    #[default]
    Stranger,
}

impl ActorKind {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Key => "key",
            Self::Terminal => "terminal",
            Self::Server => "server",
            Self::Stranger => "stranger",
        }
    }
}

/// One event.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What: `sign-in`, `password-change`, `admin/ban-user`, …
    pub event: String,
    /// Whether it was done, or refused.
    pub is_done: bool,
    /// The status of the answer, where there is one.
    pub status: Option<u16>,
    /// The code of the refusal.
    pub code: Option<String>,
    /// What the actor is.
    pub actor_kind: ActorKind,
    /// Who did it.
    pub actor: Option<String>,
    /// The administrator who acts as the actor.
    pub impersonated_by: Option<String>,
    /// The id of the user to whom it was done, when that is another.
    pub target: Option<String>,
    /// The keyed hash of the address that was given.
    pub account: Option<String>,
    /// The keyed hash of the session's token.
    pub session: Option<String>,
    /// How somebody signed in.
    pub how: Option<String>,
    /// Method and path of the request.
    pub request: Option<(String, String)>,
    /// The client's address.
    pub client: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// What else is known, without secrets.
    pub details: Option<Json>,
}

impl AuditEvent {
    /// Something that was done by the server itself.
    pub fn new(event: &str, at: Timestamp) -> Self {
        Self {
            at,
            event: event.to_owned(),
            is_done: true,
            status: None,
            code: None,
            actor_kind: ActorKind::Server,
            actor: None,
            impersonated_by: None,
            target: None,
            account: None,
            session: None,
            how: None,
            request: None,
            client: None,
            user_agent: None,
            request_id: None,
            details: None,
        }
    }

    /// How it ended, in a word.
    pub fn outcome(&self) -> &'static str {
        if self.is_done { "done" } else { "refused" }
    }

    /// The row of the event with this number, without its code.
    pub(super) fn record(&self, database: &dyn Database, seq: i64) -> Result<Record, StoreError> {
        let mut record = Record::new(database.schema().model(AUDIT)?);
        record.set("id", format!("{seq:020}"))?;
        record.set("seq", seq)?;
        record.set("createdAt", self.at)?;
        record.set("event", cut(&self.event, LONGEST_NAME))?;
        record.set("outcome", self.outcome())?;
        record.set("status", self.status.map(i64::from))?;
        record.set("actorKind", self.actor_kind.name())?;
        for (field, text, most) in [
            ("code", &self.code, LONGEST_TEXT),
            ("actor", &self.actor, LONGEST_NAME),
            ("impersonatedBy", &self.impersonated_by, LONGEST_NAME),
            ("target", &self.target, LONGEST_NAME),
            ("account", &self.account, LONGEST_NAME),
            ("session", &self.session, LONGEST_NAME),
            ("how", &self.how, LONGEST_TEXT),
            ("client", &self.client, LONGEST_TEXT),
            ("userAgent", &self.user_agent, LONGEST_TEXT),
            ("requestId", &self.request_id, LONGEST_TEXT),
        ] {
            let text = text.as_deref().filter(|text| !text.is_empty());
            record.set(field, text.map(|text| cut(text, most)))?;
        }
        if let Some((method, path)) = &self.request {
            record.set("method", cut(method, LONGEST_TEXT))?;
            record.set("path", cut(path, LONGEST_TEXT))?;
        }
        let details = self.details.as_ref().map(Json::to_string).filter(|text| text.len() <= LONGEST_DETAILS);
        record.set("details", details)?;
        Ok(record)
    }
}

/// A text as every database takes it: not too long, and without NUL.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).map(|letter| if letter == '\0' { '\u{fffd}' } else { letter }).collect()
}
