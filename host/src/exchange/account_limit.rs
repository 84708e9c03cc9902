//! The limit on failed sign-ins to one account, from all addresses together. A known device of the owner is exempt.

use doorward_contract::RateLimit;

use super::Exchange;
use crate::auth::session;
use crate::auth::{Auth, Tag};
use crate::error::ApiError;
use crate::store::Database;

/// Lifetime of the cookie that marks a known device, in seconds: a year.
const KNOWN_DEVICE_SECS: i64 = 31_536_000;

impl Exchange {
    /// Counts an attempt on the account of `email`. Call it before the password is compared, so that racing attempts
    /// are all counted. A device on which `user_id` signed in before is not counted and not refused.
    ///
    /// # Errors
    /// `429`, as the rate limiter answers, or when the store fails.
    pub async fn count_account_attempt(&mut self, email: &str, user_id: Option<&str>) -> Result<(), ApiError> {
        let Some(limit) = self.account_limit() else { return Ok(()) };
        if user_id.is_some_and(|user_id| self.is_known_device(user_id)) {
            return Ok(());
        }
        let (auth, scope) = (self.auth(), self.scope());
        if scope.is_transaction() {
            // A rollback would take the guess back.
            return Err(ApiError::internal("a guess is counted outside of transactions"));
        }
        let counted = auth.rate_counts.take(auth, &scope, account_key(auth, email), limit).await?;
        let Some(retry_secs) = counted else { return Ok(()) };
        if self.has_session_of(user_id).await? {
            return Ok(());
        }
        self.trail.is_locked_out = true;
        Err(ApiError::too_many_requests(retry_secs))
    }

    /// Call it after a success: forgets the attempts on the account and marks this device as known. In a transaction, they
    /// are forgotten when it commits: a sign-in that is undone was none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account_attempt_succeeded(&mut self, email: &str, user_id: &str) -> Result<(), ApiError> {
        if self.account_limit().is_none() {
            return Ok(());
        }
        let auth = self.auth();
        auth.rate_counts.forget(&self.scope(), &account_key(auth, email)).await?;
        let value = auth.cookies.known_device_signer.sign(user_id);
        let cookie = value.map(|value| auth.cookies.known_device.cookie(value, Some(KNOWN_DEVICE_SECS)));
        self.cookies.extend(cookie);
        Ok(())
    }

    fn account_limit(&self) -> Option<RateLimit> {
        let options = &self.auth().config.rate_limit;
        let account = &options.per_account;
        let limit = RateLimit { window_secs: account.window, max: account.max };
        (options.enabled && account.enabled).then_some(limit)
    }

    fn is_known_device(&self, user_id: &str) -> bool {
        let cookies = &self.auth().cookies;
        let marked = self.signed_cookie(&cookies.known_device.name, &cookies.known_device_signer);
        marked.is_some_and(|marked| marked == user_id)
    }

    async fn has_session_of(&self, user_id: Option<&str>) -> Result<bool, ApiError> {
        let Some(token) = self.session_token() else { return Ok(false) };
        let active = session::find_active(self.auth(), &self.scope(), &token).await?;
        Ok(active.is_some_and(|active| Some(active.user.id()) == user_id))
    }
}

/// A keyed hash: the rate-limit table must not contain e-mail addresses.
fn account_key(auth: &Auth, email: &str) -> String {
    format!("account|{}", auth.tag(Tag::Account, email))
}
