//! Capability `email-ownership`.

use super::super::state::State;
use super::interfaces::email_ownership::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use super::users::user_json;
use crate::auth::email_token::Purpose;
use crate::auth::user_change;
use crate::error::{ApiError, Code};
use crate::store::Database;
use crate::store::user::find_user_by_id;

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

    async fn send_verification(
        &mut self,
        user_id: String,
        callback_url: Option<String>,
    ) -> wasmtime::Result<Answer<()>> {
        let (work, transaction) = self.parts()?;
        let store = work.exchange.auth().store.clone();
        let db: &dyn Database = match transaction {
            Some(transaction) => transaction,
            None => &store,
        };
        let exchange = &mut work.exchange;
        let send = async {
            if !exchange.auth().config.sends_verification_email() {
                return Err(ApiError::from(Code::VERIFICATION_EMAIL_NOT_ENABLED).into());
            }
            let user = find_user_by_id(db, &user_id).await?;
            let user = user.ok_or_else(|| HostError::Invalid("there is no such user".to_owned()))?;
            Ok(exchange.queue_verification(db, &user, Purpose::Verify, callback_url.as_deref()).await?)
        };
        Ok(send.await)
    }
}
