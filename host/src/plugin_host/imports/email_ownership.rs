//! Capability `email-ownership`.

use super::interfaces::email_ownership::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::auth::email_token::Purpose;
use crate::auth::ownership::{self, Outcome, Proof};
use crate::error::{ApiError, Code};
use crate::plugin_host::call::state::State;
use crate::store::user::find_user_by_id;

impl Host for State {
    async fn confirm(&mut self, user_id: String) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "email-ownership", "confirm");
        let shared = self.shared.clone();
        let (scope, work) = self.data_and_work()?;
        let exchange = &mut work.exchange;
        let confirm = async {
            let nobody = || HostError::Invalid("there is no such user".to_owned());
            let user = find_user_by_id(&scope, &user_id).await?.ok_or_else(nobody)?;
            let owner = (user.id(), user.email());
            match ownership::prove(exchange.auth(), &scope, owner, Proof::SignIn).await? {
                Outcome::Known(user) | Outcome::Proven(user) => Ok(shared.user_json(&user.0)),
                Outcome::OwesFactor(user) => {
                    exchange.demand_factor(user.id());
                    Ok(shared.user_json(&user.0))
                }
                Outcome::Gone => Err(nobody()),
            }
        };
        Ok(confirm.await)
    }

    async fn send_verification(
        &mut self,
        user_id: String,
        callback_url: Option<String>,
    ) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "email-ownership", "send-verification");
        let (scope, work) = self.data_and_work()?;
        let exchange = &mut work.exchange;
        let send = async {
            if !exchange.auth().config.sends_verification_email() {
                return Err(ApiError::from(Code::VERIFICATION_EMAIL_NOT_ENABLED).into());
            }
            let user = find_user_by_id(&scope, &user_id).await?;
            let user = user.ok_or_else(|| HostError::Invalid("there is no such user".to_owned()))?;
            Ok(exchange.queue_verification(&scope, &user, Purpose::Verify, callback_url.as_deref()).await?)
        };
        Ok(send.await)
    }
}
