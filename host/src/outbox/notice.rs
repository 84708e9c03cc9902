//! Mails that tell users of changes to their ways in, so that what somebody else did does not stay unseen.

use serde_json::Map;

use crate::auth::{Auth, AuthError, Scope};
use crate::config::Config;
use crate::mail::kind;
use crate::store::User;

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The address, by an administrator; for a user's own change see `Exchange::tell_old_address`.
    EmailChanged,
    /// The password.
    PasswordChanged,
    /// A passkey was added.
    PasskeyAdded,
    /// The second factor was switched on or off.
    TwoFactorChanged,
    /// Backup codes were made.
    BackupCodesChanged,
}

impl Notice {
    /// The notice that a plugin asks for, by the kind of its mail.
    pub fn of_plugin(kind: &str) -> Option<Self> {
        let all = [
            Self::EmailChanged,
            Self::PasswordChanged,
            Self::PasskeyAdded,
            Self::TwoFactorChanged,
            Self::BackupCodesChanged,
        ];
        all.into_iter().find(|notice| notice.kind() == kind)
    }

    /// The kind of its mail.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::EmailChanged => kind::EMAIL_CHANGED,
            Self::PasswordChanged => kind::PASSWORD_CHANGED,
            Self::PasskeyAdded => kind::PASSKEY_ADDED,
            Self::TwoFactorChanged => kind::TWO_FACTOR_CHANGED,
            Self::BackupCodesChanged => kind::BACKUP_CODES_CHANGED,
        }
    }

    /// Whether the operator wants it, and mail can be sent.
    pub fn is_wanted(self, config: &Config) -> bool {
        let notices = &config.user.notices;
        config.mail.is_some()
            && match self {
                Self::EmailChanged => notices.email_changed,
                Self::PasswordChanged => notices.password_changed,
                Self::PasskeyAdded => notices.passkey_added,
                Self::TwoFactorChanged => notices.two_factor_changed,
                Self::BackupCodesChanged => notices.backup_codes_changed,
            }
    }
}

/// Writes the notice to the user into the outbox, as a part of the transaction `scope`, when it is wanted.
///
/// # Errors
/// When the store fails.
pub async fn tell(auth: &Auth, scope: &Scope, user: &User, notice: Notice) -> Result<(), AuthError> {
    // An address that was never verified may be someone else's.
    let is_strangers = notice == Notice::EmailChanged && !user.email_verified();
    if is_strangers || !notice.is_wanted(&auth.config) {
        return Ok(());
    }
    let data = Map::from_iter([("user".to_owned(), user.0.output().into())]);
    super::enqueue(auth, scope, notice.kind(), user.email(), &data).await?;
    scope.note_queued_mail();
    Ok(())
}
