//! The mails that a request causes, and the links in them.
//!
//! Invariant: a mail is a row that commits with its cause; the answer and its timing never depend on its delivery.

use serde_json::{Map, Value as Json};

use super::Exchange;
use crate::auth::email_token::{self, EmailToken, Purpose};
use crate::auth::{Scope, version};
use crate::error::ApiError;
use crate::http::encode_component;
use crate::mail::kind;
use crate::outbox::{self, notice::Notice};
use crate::store::User;

/// A mail with a link to follow.
#[derive(Clone, Copy)]
pub struct LinkMail<'a> {
    /// `verify-email`, `reset-password`, …
    pub kind: &'a str,
    /// The user whom the mail is for.
    pub user: &'a User,
    /// The link.
    pub url: &'a str,
    /// The secret in the link.
    pub token: &'a str,
}

impl LinkMail<'_> {
    /// The data for the template and for a webhook.
    fn data(&self) -> Map<String, Json> {
        let mut data = Map::new();
        data.insert("user".into(), self.user.0.output().into());
        data.insert("url".into(), self.url.into());
        data.insert("token".into(), self.token.into());
        data
    }
}

impl Exchange {
    /// Writes a mail into the outbox, as a part of the transaction `scope`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn queue_mail(
        &mut self,
        scope: &Scope,
        kind: &str,
        to: &str,
        data: &Map<String, Json>,
    ) -> Result<(), ApiError> {
        outbox::enqueue(self.auth(), scope, kind, to, data).await?;
        self.cause.note_queued_mail();
        Ok(())
    }

    /// Keeps rows for the outbox until [`Exchange::write_later`]: for mail that must be sent even if the open transaction
    /// is rolled back, such as a gate's mail about a sign-in that it refuses.
    pub fn queue_later(&mut self, drafts: Vec<outbox::Draft>) {
        self.queued_later.extend(drafts);
    }

    /// Writes the rows that were kept. Call it when no transaction of this request is open.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn write_later(&mut self) -> Result<(), ApiError> {
        for draft in std::mem::take(&mut self.queued_later) {
            Box::pin(outbox::write(self.auth(), &self.scope(), &draft)).await?;
            self.cause.note_queued_mail();
        }
        Ok(())
    }

    /// Queues a mail with a link to the address of its user.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn queue_link(&mut self, scope: &Scope, mail: LinkMail<'_>) -> Result<(), ApiError> {
        self.queue_mail(scope, mail.kind, mail.user.email(), &mail.data()).await
    }

    /// Queues a decoy that is never sent, so that timing does not reveal whether the address gets mail.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn queue_decoy(&mut self, scope: &Scope) -> Result<(), ApiError> {
        self.queue_mail(scope, kind::DECOY, "", &Map::new()).await
    }

    /// Queues the mail that verifies an address, or that asks the owner of the current address to confirm a change. The
    /// link leads to `GET /verify-email` and from there to `callback_url`, or to `/`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn queue_verification(
        &mut self,
        scope: &Scope,
        user: &User,
        purpose: Purpose,
        callback_url: Option<&str>,
    ) -> Result<(), ApiError> {
        let user_id = Some(user.id().to_owned());
        let version = match &purpose {
            Purpose::Verify | Purpose::UndoChange { .. } => None,
            Purpose::ConfirmChange { .. } | Purpose::VerifyChange { .. } => {
                Some(version::of(self.auth(), scope, user).await?)
            }
        };
        let claims = EmailToken { email: user.email().to_owned(), user_id, purpose, version };
        let token = email_token::sign(self.auth(), &claims)?;
        let url = self.verification_url(&token, callback_url);
        let mail = |kind| LinkMail { kind, user, url: &url, token: &token };
        let mut data = mail("").data();
        match &claims.purpose {
            Purpose::Verify => self.queue_link(scope, mail(kind::VERIFY_EMAIL)).await,
            Purpose::ConfirmChange { new_email } => {
                data.insert("newEmail".into(), new_email.as_str().into());
                self.queue_mail(scope, kind::CHANGE_EMAIL, user.email(), &data).await
            }
            Purpose::VerifyChange { new_email } => {
                if let Some(user) = data.get_mut("user").and_then(Json::as_object_mut) {
                    user.insert("email".into(), new_email.as_str().into());
                }
                self.queue_mail(scope, kind::VERIFY_EMAIL, new_email, &data).await
            }
            Purpose::UndoChange { .. } => self.queue_link(scope, mail(kind::EMAIL_CHANGED)).await,
        }
    }

    /// Tells the old address of a user that it was changed, with a link that takes it back. An address that was never
    /// verified is not told: it may be someone else's.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tell_old_address(&mut self, scope: &Scope, old: &User, new_email: &str) -> Result<(), ApiError> {
        if !old.email_verified() || !Notice::EmailChanged.is_wanted(&self.auth().config) {
            return Ok(());
        }
        let purpose = Purpose::UndoChange { old_email: old.email().to_owned() };
        let user_id = Some(old.id().to_owned());
        let claims = EmailToken { email: new_email.to_owned(), user_id, purpose, version: None };
        let token = email_token::sign(self.auth(), &claims)?;
        let url = self.verification_url(&token, None);
        let mut data = LinkMail { kind: kind::EMAIL_CHANGED, user: old, url: &url, token: &token }.data();
        data.insert("newEmail".into(), new_email.into());
        self.queue_mail(scope, kind::EMAIL_CHANGED, old.email(), &data).await
    }

    /// The link that redeems the token and leads to `callback_url`, or to `/`.
    fn verification_url(&self, token: &str, callback_url: Option<&str>) -> String {
        let callback_url = encode_component(callback_url.filter(|url| !url.is_empty()).unwrap_or("/"));
        let base = self.auth().config.endpoint_base();
        format!("{base}/verify-email?token={token}&callbackURL={callback_url}")
    }

    /// Wakes the mail sender if this request queued mail. Call it after the commit.
    pub fn wake_mail_sender(&self) {
        if self.cause.has_queued_mail() {
            self.auth().mail_queued.notify_one();
        }
    }
}
