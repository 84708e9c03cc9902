//! The limits on wrong passwords of one account: by strangers, from all addresses together; by each device on which the user
//! signed in before; and inside sessions.
//!
//! Invariant: each has a budget of its own, so that nobody uses up another's.

use doorward_contract::RateLimit;

use super::Exchange;
use crate::auth::credential::{self, Check};
use crate::auth::{Auth, Scope, Tag, known_device, password, session};
use crate::error::ApiError;
use crate::store::user::find_user_by_id;
use crate::store::{Database, User};

/// Lifetime of the cookie that marks a known device, in seconds: a year.
const KNOWN_DEVICE_SECS: i64 = 31_536_000;

impl Exchange {
    /// Counts an attempt on the account of `email`. Call it before the password is compared, so that racing attempts
    /// are all counted. A device on which `user_id` signed in before has a budget of its own, and those of strangers do not
    /// count there.
    ///
    /// # Errors
    /// `429`, as the rate limiter answers, or when the store fails.
    pub async fn count_account_attempt(&mut self, email: &str, user_id: Option<&str>) -> Result<(), ApiError> {
        let Some(limit) = self.account_limit() else { return Ok(()) };
        let scope = self.guessing_scope()?;
        let auth = self.auth();
        if let Some(user_id) = user_id
            && let Some(device) = self.known_device(user_id).await?
            && auth.rate_counts.take(auth, &scope, device_key(auth, &device), limit).await?.is_none()
        {
            return Ok(());
        }
        let counted = auth.rate_counts.take(auth, &scope, account_key(auth, email), limit).await?;
        let Some(retry_secs) = counted else { return Ok(()) };
        // Whoever is signed in already is not locked out by strangers; their guesses count as those in a session do.
        if self.has_session_of(user_id).await?
            && auth.rate_counts.take(auth, &scope, session_key(auth, email), limit).await?.is_none()
        {
            return Ok(());
        }
        self.trail.is_locked_out = true;
        Err(ApiError::too_many_requests(retry_secs))
    }

    /// Counts a password that someone in a session gives for `email`, before it is compared.
    ///
    /// # Errors
    /// `429`, as the rate limiter answers, or when the store fails.
    pub async fn count_guess_in_session(&mut self, scope: &Scope, email: &str) -> Result<(), ApiError> {
        let Some(limit) = self.account_limit() else { return Ok(()) };
        let auth = self.auth();
        let Some(retry_secs) = auth.rate_counts.take(auth, scope, session_key(auth, email), limit).await? else {
            return Ok(());
        };
        self.trail.is_locked_out = true;
        Err(ApiError::too_many_requests(retry_secs))
    }

    /// Call it after a right password in a session: forgets the guesses there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn guess_in_session_was_right(&self, scope: &Scope, email: &str) -> Result<(), ApiError> {
        if self.account_limit().is_none() {
            return Ok(());
        }
        let auth = self.auth();
        Ok(auth.rate_counts.forget(auth, scope, &session_key(auth, email)).await?)
    }

    /// Compares `given` with the password of the user who is signed in. It counts as a guess until it is right.
    ///
    /// # Errors
    /// `PASSWORD_TOO_LONG`, `429` after too many wrong ones, `SERVER_BUSY`, or when the store fails.
    pub async fn check_password(&mut self, user: &User, given: &str) -> Result<Check, ApiError> {
        password::check_length(&self.auth().config.email_and_password, given)?;
        let scope = self.guessing_scope()?;
        self.count_guess_in_session(&scope, user.email()).await?;
        let check = credential::check(self.auth(), &scope, user.id(), given).await?;
        if matches!(check, Check::Right(_)) {
            self.guess_in_session_was_right(&scope, user.email()).await?;
        }
        Ok(check)
    }

    /// Call it after a success: forgets the attempts on the account and marks this device as known. In a transaction, they
    /// are forgotten when it commits: a sign-in that is undone was none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account_attempt_succeeded(&mut self, email: &str, user: &User) -> Result<(), ApiError> {
        if self.account_limit().is_none() {
            return Ok(());
        }
        let (auth, scope) = (self.auth(), self.scope());
        auth.rate_counts.forget(auth, &scope, &account_key(auth, email)).await?;
        if let Some(device) = self.known_device(user.id()).await? {
            auth.rate_counts.forget(auth, &scope, &device_key(auth, &device)).await?;
        }
        let mark = known_device::new_mark(auth, &scope, user).await?;
        let value = auth.cookies.known_device_signer.sign(&mark);
        let cookie = value.map(|value| auth.cookies.known_device.cookie(value, Some(KNOWN_DEVICE_SECS)));
        self.cookies.extend(cookie);
        Ok(())
    }

    /// Guesses are counted here.
    ///
    /// # Errors
    /// In a transaction, whose rollback would take the guess back.
    fn guessing_scope(&self) -> Result<Scope, ApiError> {
        let scope = self.scope();
        match scope.is_transaction() {
            true => Err(ApiError::internal("a guess is counted outside of transactions")),
            false => Ok(scope),
        }
    }

    fn account_limit(&self) -> Option<RateLimit> {
        let options = &self.auth().config.rate_limit;
        let account = &options.per_account;
        let limit = RateLimit { window_secs: account.window, max: account.max };
        (options.enabled && account.enabled).then_some(limit)
    }

    /// The name of this device, when the user signed in on it and nothing about the credentials has changed since.
    async fn known_device(&self, user_id: &str) -> Result<Option<String>, ApiError> {
        let auth = self.auth();
        let marked = self.signed_cookie(&auth.cookies.known_device.name, &auth.cookies.known_device_signer);
        let Some(mark) = marked.filter(|mark| known_device::may_be_of(mark, user_id)) else { return Ok(None) };
        let Some(user) = find_user_by_id(&self.scope(), user_id).await? else { return Ok(None) };
        let name = known_device::name(auth, &self.scope(), &mark, &user).await?;
        Ok(name.map(str::to_owned))
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

fn session_key(auth: &Auth, email: &str) -> String {
    format!("account-session|{}", auth.tag(Tag::Account, email))
}

fn device_key(auth: &Auth, device: &str) -> String {
    format!("account-device|{}", auth.tag(Tag::Account, device))
}
