//! Capability `email-ownership`.

use super::super::state::State;
use super::interfaces::email_ownership::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use super::users::user_json;
use crate::auth::user_change;

impl Host for State {
    async fn confirm(&mut self, user_id: String) -> wasmtime::Result<Answer<String>> {
        let (work, transaction) = self.parts()?;
        let auth = work.exchange.auth();
        let confirm = async {
            let confirmed = match transaction {
                Some(transaction) => user_change::confirm_email(auth, transaction, &user_id).await?,
                None => {
                    let transaction = auth.store.begin().await?;
                    let confirmed = user_change::confirm_email(auth, &transaction, &user_id).await?;
                    transaction.commit().await?;
                    confirmed
                }
            };
            confirmed.as_ref().map(user_json).ok_or_else(|| HostError::Invalid("there is no such user".to_owned()))
        };
        Ok(confirm.await)
    }
}
