//! Capability `passwords`: compared by the core, within its limit on hashes at once.

use std::sync::Arc;

use super::interfaces::passwords::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::auth::{credential, password};
use crate::error::ApiError;
use crate::plugin_host::call::budget::Cost;
use crate::plugin_host::call::state::{Data, State};
use crate::store::user::find_user_by_id;
use crate::store::{Account, account};

impl Host for State {
    async fn verify(&mut self, user_id: Option<String>, password: String) -> wasmtime::Result<Answer<bool>> {
        self.spend_on(Cost::Hash)?;
        let Data { auth, scope } = self.data()?;
        let auth = Arc::clone(auth);
        let verify = async {
            password::check_length(&auth.config.email_and_password, &password).map_err(ApiError::from)?;
            // An id that no user has takes the way of a user without a password: the same time.
            let user_id = user_id.as_deref().unwrap_or_default();
            let check = credential::check(&auth, &scope, user_id, &password).await?;
            Ok(matches!(check, credential::Check::Right(_)))
        };
        self.aside(verify).await
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
        let auth = Arc::clone(exchange.auth());
        let count = async {
            password::check_length(&exchange.auth().config.email_and_password, &password).map_err(ApiError::from)?;
            let user = match &user_id {
                Some(user_id) => find_user_by_id(&scope, user_id).await?,
                None => None,
            };
            let user = user.map(|user| (user.email().to_owned(), user.id().to_owned()));
            let account = user.as_ref().map_or_else(|| format!("{plugin}:{identifier}"), |(email, _)| email.clone());
            let user_id = user.as_ref().map(|(_, id)| id.as_str());
            exchange.count_account_attempt(&account, user_id).await?;
            Answer::Ok(user)
        };
        let user = match count.await {
            Ok(user) => user,
            Err(error) => return Ok(Err(error)),
        };
        let user_id = user.as_ref().map_or("", |(_, id)| id);
        let is_right = match self.aside(credential::prove(&auth, &scope, user_id, &password)).await? {
            Ok(is_right) => is_right,
            Err(error) => return Ok(Err(error.into())),
        };
        self.proven = user.filter(|_| is_right);
        Ok(Ok(self.proven.is_some()))
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
