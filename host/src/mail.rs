//! A mail as a value: who gets it, what kind it is, and the data its template is filled with.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The kinds of mail that the core sends: no plugin may send one.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {
        /// What the core's mails are for.
        pub mod kind {
            $($(#[$doc])* pub const $name: &str = $kind;)*
            /// All of them.
            pub const OF_CORE: &[&str] = &[$($name),*];
        }
    };
}

kinds! {
    /// A link that proves an address.
    VERIFY_EMAIL = "verify-email";
    /// A link that sets a new password.
    RESET_PASSWORD = "reset-password";
    /// A link by which the owner of the present address agrees to a new one.
    CHANGE_EMAIL = "change-email";
    /// A link that removes the user.
    DELETE_ACCOUNT = "delete-account";
    /// Someone signed up with the address of a user.
    EXISTING_USER = "existing-user";
    /// The address was changed; a link takes it back. It goes to the old address.
    EMAIL_CHANGED = "email-changed";
    /// The password was changed.
    PASSWORD_CHANGED = "password-changed";
    /// A passkey was added.
    PASSKEY_ADDED = "passkey-added";
    /// The second factor was switched on or off.
    TWO_FACTOR_CHANGED = "two-factor-changed";
    /// Backup codes were made.
    BACKUP_CODES_CHANGED = "backup-codes-changed";
    /// Nothing: it takes as long as a mail and is never sent.
    DECOY = "nothing";
}

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
