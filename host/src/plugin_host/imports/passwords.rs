//! Capability `passwords`: compared by the core, within its limit on hashes at once.

use super::interfaces::passwords::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::auth::credential::{self, Check};
use crate::auth::{Auth, Scope, password};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::plugin_host::call::budget::Cost;
use crate::plugin_host::call::state::State;
use crate::store::user::find_user_by_id;
use crate::store::{Account, User, account};

/// Compares a password that someone in this request gives. It counts as a guess until it is right.
async fn guess(exchange: &mut Exchange, scope: &Scope, user_id: Option<&str>, given: &str) -> Answer<bool> {
    let user = match user_id {
        Some(user_id) => find_user_by_id(scope, user_id).await?,
        None => None,
    };
    if let Some(user) = &user {
        exchange.count_guess_in_session(scope, user.email()).await?;
    }
    let is_right = compare(exchange.auth(), scope, user_id, given).await?;
    if let Some(user) = user.filter(|_| is_right) {
        exchange.guess_in_session_was_right(scope, user.email()).await?;
    }
    Ok(is_right)
}

async fn compare(auth: &Auth, scope: &Scope, user_id: Option<&str>, given: &str) -> Answer<bool> {
    password::check_length(&auth.config.email_and_password, given).map_err(ApiError::from)?;
    // An id that no user has takes the way of a user without a password: the same time.
    let check = credential::check(auth, scope, user_id.unwrap_or_default(), given).await?;
    Ok(matches!(check, Check::Right(_)))
}

impl Host for State {
    async fn verify(&mut self, user_id: Option<String>, password: String) -> wasmtime::Result<Answer<bool>> {
        self.spend_on(Cost::Hash)?;
        let user_id = user_id.as_deref();
        if self.has_request() {
            let (scope, work) = self.data_and_work()?;
            return Ok(guess(&mut work.exchange, &scope, user_id, &password).await);
        }
        // An event without a request: nobody guesses.
        let data = self.data()?;
        Ok(compare(data.auth, &data.scope, user_id, &password).await)
    }

    async fn verify_sign_in(
        &mut self,
        identifier: String,
        user_id: Option<String>,
        password: String,
    ) -> wasmtime::Result<Answer<bool>> {
        self.spend_on(Cost::Hash)?;
        if self.is_in_transaction() {
            // Counted in the transaction, a rollback would take the guess back; counted beside it, the count would wait.
            let reason = "guesses are counted outside of transactions: compare before one begins, or after its end";
            return Ok(Err(HostError::Invalid(reason.to_owned())));
        }
        let plugin = self.shared.id.clone();
        let (scope, work) = self.data_and_work()?;
        let exchange = &mut work.exchange;
        let verify = async {
            password::check_length(&exchange.auth().config.email_and_password, &password).map_err(ApiError::from)?;
            let user = match &user_id {
                Some(user_id) => find_user_by_id(&scope, user_id).await?,
                None => None,
            };
            let account =
                user.as_ref().map_or_else(|| format!("{plugin}:{identifier}"), |user| user.email().to_owned());
            let user_id = user.as_ref().map(User::id);
            exchange.count_account_attempt(&account, user_id).await?;
            let is_right = credential::prove(exchange.auth(), &scope, user_id.unwrap_or_default(), &password).await?;
            Answer::Ok(user.filter(|_| is_right).map(|user| (account, user)))
        };
        let proven = verify.await;
        Ok(proven.map(|proven| {
            let is_right = proven.is_some();
            self.proven = proven;
            is_right
        }))
    }

    async fn exists(&mut self, user_id: String) -> wasmtime::Result<Answer<bool>> {
        let data = self.data()?;
        let exists = async {
            let found = account::find_credential_account(&data.scope, &user_id).await?;
            Ok(found.as_ref().and_then(Account::password).is_some())
        };
        Ok(exists.await)
    }
}
