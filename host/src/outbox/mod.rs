//! The outbox: mails, scripts' events and plugins' jobs are rows, written in the transaction that causes them, done after its
//! commit.
//!
//! Flat: one file for each part of a delivery's way.

mod budget;
pub mod events;
pub mod jobs;
pub mod mailbox;
pub mod notice;
mod pulse;
pub mod queue;
mod retry;
mod sealed;
mod sender;
pub mod smtp;
mod template;
pub mod transport;
pub mod webhook;

use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};

use crate::auth::{Auth, AuthError, Scope};
use crate::clock::Timestamp;
use crate::mail::{Mail, kind};
use crate::store::outbox;

pub use sender::{Deliveries, Sender, Ways};
pub use template::{TemplateError, Templates, built_in_kinds, read_folder};
pub use webhook::EventHooks;

/// The kind of a decoy: a row that is dropped instead of sent, so that timing does not reveal whether mail was queued.
pub use kind::DECOY;

/// The kind of a script's event. Kinds of mail have no colon.
const EVENT: &str = "script:event";

/// What mail leaves by now; a changed setting replaces it.
pub type CurrentMailer = Arc<ArcSwap<Mailer>>;

/// Delivers mails.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Delivers one mail.
    ///
    /// # Errors
    /// When the mail was not accepted. It is tried again later, unless the error is lasting.
    async fn send(&self, mail: &Mail) -> Result<(), TransportError>;
}

/// Why a mail was not accepted. Its text must not contain the mail's content.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct TransportError {
    text: String,
    is_lasting: bool,
}

impl TransportError {
    /// A failure that may pass: the delivery is tried again.
    pub fn passing(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_lasting: false }
    }

    /// A refusal that no further try will change.
    pub fn lasting(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_lasting: true }
    }

    /// True if no further try will change it.
    pub fn is_lasting(&self) -> bool {
        self.is_lasting
    }
}

/// Sees every mail before it is sent, with its template filled.
#[async_trait]
pub trait MailFilter: Send + Sync {
    /// Returns the mail to send, or `None` to drop it.
    ///
    /// # Errors
    /// When the filter cannot decide now. The mail is tried again later.
    async fn look(&self, mail: Mail) -> Result<Option<Mail>, TransportError>;
}

/// Returns the present filter. A reload of scripts replaces it.
pub type CurrentMailFilter = Box<dyn Fn() -> Option<Arc<dyn MailFilter>> + Send + Sync>;

/// A row that has not been written yet.
#[derive(Clone, Debug)]
pub struct Draft {
    kind: String,
    payload: Json,
    /// When the secret in it is over, so that it is of no use any more.
    ends_at: Option<Timestamp>,
}

impl Draft {
    /// A mail.
    pub fn mail(kind: &str, to: &str, data: &Map<String, Json>) -> Self {
        Self { kind: kind.to_owned(), payload: json!({ "to": to, "data": data }), ends_at: None }
    }

    /// Not to be sent at `ends_at` or later.
    #[must_use]
    pub fn until(self, ends_at: Option<Timestamp>) -> Self {
        Self { ends_at, ..self }
    }

    /// An event for the webhook of a script.
    pub fn event(hook: &str, name: &str, data: &Map<String, Json>) -> Self {
        Self { kind: EVENT.to_owned(), payload: json!({ "hook": hook, "event": name, "data": data }), ends_at: None }
    }
}

/// Writes a row. `scope` is the transaction that causes it. A mail becomes a decoy when the budget of its recipient is used
/// up, so that nobody can flood a mailbox through this server.
///
/// # Errors
/// When the store fails.
pub async fn write(auth: &Auth, scope: &Scope, draft: &Draft) -> Result<(), AuthError> {
    let to = draft.payload.get("to").and_then(Json::as_str).unwrap_or_default();
    let is_sent = draft.kind == EVENT || budget::allows(auth, scope, &draft.kind, to).await?;
    let kind = if is_sent { &draft.kind } else { DECOY };
    let mut payload = sealed::close(auth, &draft.payload)?;
    let ends_at = draft.ends_at.or_else(|| link_ends_at(auth, &draft.kind));
    if let (Some(fields), Some(ends_at)) = (payload.as_object_mut(), ends_at) {
        fields.insert(outbox::ENDS_AT.to_owned(), ends_at.0.into());
    }
    Ok(outbox::enqueue(scope, &auth.random.id(), kind, payload, auth.now()).await?)
}

/// When the link in a mail of the core that is written now is over; `None` for mails without a link and for all others.
fn link_ends_at(auth: &Auth, kind: &str) -> Option<Timestamp> {
    let config = &auth.config;
    let life_secs = match kind {
        kind::VERIFY_EMAIL | kind::CHANGE_EMAIL => config.email_verification.expires_in,
        kind::RESET_PASSWORD => config.email_and_password.reset_password_token_expires_in,
        kind::EMAIL_CHANGED => crate::auth::email_token::UNDO_SECS,
        kind::DELETE_ACCOUNT => config.user.delete_user.delete_token_expires_in,
        _ => return None,
    };
    Some(auth.now().plus_secs(life_secs))
}

/// Writes a mail into the outbox. `scope` is the transaction that causes it.
///
/// # Errors
/// When the store fails.
pub async fn enqueue(
    auth: &Auth,
    scope: &Scope,
    kind: &str,
    to: &str,
    data: &Map<String, Json>,
) -> Result<(), AuthError> {
    write(auth, scope, &Draft::mail(kind, to, data)).await
}

/// What sending mail needs.
pub struct Mailer {
    /// The templates of all kinds.
    pub templates: Templates,
    /// The way out.
    pub transport: Arc<dyn Transport>,
    /// Sees each mail first. Looked up once per mail.
    pub filter: CurrentMailFilter,
}
