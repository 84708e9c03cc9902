//! Capability `passwords`: compared by the core, within its limit on hashes at once.

use std::sync::Arc;

use super::interfaces::passwords::Host;
use super::outcome::Answer;
use crate::auth::credential::{self, Check};
use crate::auth::{Auth, Scope, password};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::plugin_host::call::budget::Cost;
use crate::plugin_host::call::state::{Data, State};
use crate::store::user::find_user_by_id;
use crate::store::{Account, User, account};

/// Counts a guess at a password by whoever has this request's session. The user is whose password it is.
async fn count(exchange: &mut Exchange, scope: &Scope, user_id: Option<&str>) -> Answer<Option<User>> {
    let user = match user_id {
        Some(user_id) => find_user_by_id(scope, user_id).await?,
        None => None,
    };
    if let Some(user) = &user {
        exchange.count_guess_in_session(scope, user.email()).await?;
    }
    Ok(user)
}

async fn compare(auth: &Auth, scope: &Scope, user_id: Option<&str>, given: &str) -> Answer<bool> {
    password::check_length(&auth.config.email_and_password, given).map_err(ApiError::from)?;
    // An id that no user has takes the way of a user without a password: the same time.
    let check = credential::check(auth, scope, user_id.unwrap_or_default(), given).await?;
    Ok(matches!(check, Check::Right(_)))
}

impl Host for State {
    async fn verify(&mut self, user_id: Option<String>, password: String) -> wasmtime::Result<Answer<bool>> {
        at_its_time!(self, "passwords", "verify");
        self.spend_on(Cost::Hash)?;
        let user_id = user_id.as_deref();
        let user = match self.has_request() {
            true => {
                let (scope, work) = self.data_and_work()?;
                count(&mut work.exchange, &scope, user_id).await
            }
            // An event without a request: nobody guesses.
            false => Ok(None),
        };
        let user = match user {
            Ok(user) => user,
            Err(error) => return Ok(Err(error)),
        };
        let Data { auth, scope } = self.data()?;
        let auth = Arc::clone(auth);
        let is_right = self.aside(compare(&auth, &scope, user_id, &password)).await?;
        if let (Ok(true), Some(user)) = (&is_right, user) {
            let (scope, work) = self.data_and_work()?;
            if let Err(error) = work.exchange.guess_in_session_was_right(&scope, user.email()).await {
                return Ok(Err(error.into()));
            }
        }
        Ok(is_right)
    }

    async fn verify_sign_in(
        &mut self,
        identifier: String,
        user_id: Option<String>,
        password: String,
    ) -> wasmtime::Result<Answer<bool>> {
        at_its_time!(self, "passwords", "verify-sign-in");
        self.spend_on(Cost::Hash)?;
        let plugin = self.shared.id.clone();
        let (scope, work) = self.data_and_work()?;
        let exchange = &mut work.exchange;
        let auth = Arc::clone(exchange.auth());
        let count = async {
            password::check_length(&exchange.auth().config.email_and_password, &password).map_err(ApiError::from)?;
            let user = match &user_id {
                Some(user_id) => find_user_by_id(&scope, user_id).await?,
                None => None,
            };
            let account =
                user.as_ref().map_or_else(|| format!("{plugin}:{identifier}"), |user| user.email().to_owned());
            let user_id = user.as_ref().map(User::id);
            exchange.count_account_attempt(&account, user_id).await?;
            Answer::Ok(user.map(|user| (account, user)))
        };
        let user = match count.await {
            Ok(user) => user,
            Err(error) => return Ok(Err(error)),
        };
        let user_id = user.as_ref().map_or("", |(_, user)| user.id());
        let proven = match self.aside(credential::prove(&auth, &scope, user_id, &password)).await? {
            Ok(proven) => proven,
            Err(error) => return Ok(Err(error.into())),
        };
        self.proven = user.filter(|_| proven.is_some());
        self.data_and_work()?.1.exchange.proven_password = proven;
        Ok(Ok(self.proven.is_some()))
    }

    async fn exists(&mut self, user_id: String) -> wasmtime::Result<Answer<bool>> {
        at_its_time!(self, "passwords", "exists");
        let data = self.data()?;
        let exists = async {
            let found = account::find_credential_account(&data.scope, &user_id).await?;
            Ok(found.as_ref().and_then(Account::password).is_some())
        };
        Ok(exists.await)
    }
}
