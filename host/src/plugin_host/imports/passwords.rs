//! Capability `passwords`: compared by the core, within its limit on hashes at once.

use super::super::state::State;
use super::interfaces::passwords::Host;
use super::outcome::Answer;
use crate::auth::{credential, password};
use crate::error::ApiError;
use crate::store::{Account, account};

impl Host for State {
    async fn verify(&mut self, user_id: Option<String>, password: String) -> wasmtime::Result<Answer<bool>> {
        let data = self.data()?;
        let verify = async {
            password::check_length(&data.auth.config.email_and_password, &password).map_err(ApiError::from)?;
            // An id that no user has takes the way of a user without a password: the same time.
            let user_id = user_id.as_deref().unwrap_or_default();
            let check = credential::check_in(data.auth, data.db, user_id, &password).await?;
            Ok(matches!(check, credential::Check::Right(_)))
        };
        Ok(verify.await)
    }

    async fn exists(&mut self, user_id: String) -> wasmtime::Result<Answer<bool>> {
        let data = self.data()?;
        let exists = async {
            let found = account::find_credential_account(data.db, &user_id).await?;
            Ok(found.as_ref().and_then(Account::password).is_some())
        };
        Ok(exists.await)
    }
}
