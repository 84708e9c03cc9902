//! Capability `user-administration`: what administrators do to users beside changing their fields.

use std::sync::Arc;

use super::interfaces::types::HostError;
use super::interfaces::user_administration::Host;
use super::outcome::Answer;
use crate::auth::user::create_credential;
use crate::auth::{credential, password, session, user_change};
use crate::error::ApiError;
use crate::outbox::notice::{self, Notice};
use crate::plugin_host::call::budget::Cost;
use crate::plugin_host::call::state::{Data, State};
use crate::store::User;
use crate::store::user::{MODEL, find_user_by_id};

impl Host for State {
    async fn create(&mut self, fields: String, password: Option<String>) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "user-administration", "create");
        if password.is_some() {
            self.spend_on(Cost::Hash)?;
        }
        let shared = Arc::clone(&self.shared);
        let Data { auth, scope } = self.data()?;
        let auth = Arc::clone(auth);
        let check = || {
            let fields = shared.new_user_fields(&fields, auth.schema().model(MODEL)?)?;
            if let Some(password) = &password {
                password::check_length(&auth.config.email_and_password, password).map_err(ApiError::from)?;
            }
            Answer::Ok(fields)
        };
        let fields = match check() {
            Ok(fields) => fields,
            Err(error) => return Ok(Err(error)),
        };
        let hash = match &password {
            Some(password) => self.aside(auth.passwords.hash(password)).await?.map(Some),
            None => Ok(None),
        };
        let create = async {
            let hash = hash?;
            let unit = scope.begin(&auth).await?;
            let User(created) = user_change::create_with(&auth, &unit, fields).await?;
            if let Some(hash) = hash {
                create_credential(&auth, &unit, created.text("id"), &hash).await?;
            }
            unit.commit().await?;
            Ok(shared.user_json(&created))
        };
        Ok(create.await)
    }

    async fn set_password(
        &mut self,
        user_id: String,
        password: String,
        end_sessions: bool,
    ) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "user-administration", "set-password");
        self.spend_on(Cost::Hash)?;
        let Data { auth, scope } = self.data()?;
        let auth = Arc::clone(auth);
        if let Err(code) = password::check_new(&auth.config.email_and_password, &password) {
            return Ok(Err(ApiError::from(code).into()));
        }
        // Hashed before a transaction holds others up.
        let hash = self.aside(auth.passwords.hash(&password)).await?;
        let set = async {
            let hash = hash?;
            let unit = scope.begin(&auth).await?;
            if !credential::reset(&auth, &unit, &user_id, &hash).await? {
                return Err(HostError::Invalid("there is no such user, or the password changed just now".to_owned()));
            }
            if let Some(user) = find_user_by_id(&*unit, &user_id).await? {
                notice::tell(&auth, &unit, &user, Notice::PasswordChanged).await?;
            }
            if end_sessions {
                session::end_all(&auth, &unit, &user_id, None).await?;
            }
            Ok(unit.commit().await?)
        };
        Ok(set.await)
    }

    async fn delete(&mut self, user_id: String) -> wasmtime::Result<Answer<bool>> {
        at_its_time!(self, "user-administration", "delete");
        let data = self.data()?;
        let deleted = user_change::delete(data.auth, &data.scope, &user_id).await;
        Ok(deleted.map_err(HostError::from))
    }
}
