//! A mail as a value: who gets it, what kind it is, and the data its template is filled with.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// One mail, as it lies in the outbox and as a mail webhook or the development mailbox shows it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Mail {
    /// Id of the outbox row.
    pub id: String,
    /// `magic-link`, `verify-email`, `reset-password`, …
    pub kind: String,
    /// The one recipient.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Plain text body.
    pub text: String,
    /// HTML body.
    pub html: String,
    /// What the mail is about: `user`, `url`, `token`, `otp`, …
    pub data: Map<String, Json>,
}

// The data holds single-use secrets, so a mail shows only its kind.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}
