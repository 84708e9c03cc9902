//! Capability `sessions`: every one that a plugin opens passes the session gates.

use super::super::state::{Moment, State};
use super::interfaces::sessions::Host;
use super::interfaces::types::HostError;
use super::outcome::{Answer, challenge};
use super::request::session_json;
use crate::exchange::{Exchange, SignIn, SignInAttempt};
use crate::store::user::find_user_by_id;
use crate::store::{Database, Store, Transaction};

impl Host for State {
    async fn current(&mut self) -> wasmtime::Result<Answer<Option<String>>> {
        let (work, _) = self.parts()?;
        let active = work.exchange.session_with(work.session_need()).await;
        Ok(active
            .map_err(HostError::from)
            .map(|active| active.map(|active| session_json(&active.session, &active.user, true))))
    }

    async fn open(&mut self, user_id: String, method: String, remember: bool) -> wasmtime::Result<Answer<String>> {
        let (work, transaction) = self.parts()?;
        if matches!(work.moment, Moment::Gate | Moment::After) {
            return Ok(Err(HostError::Denied("a session is opened in a route or a `before` hook".to_owned())));
        }
        Ok(open(&mut work.exchange, transaction, &user_id, method, remember).await)
    }
}

async fn open(
    exchange: &mut Exchange,
    transaction: Option<&Transaction>,
    user_id: &str,
    method: String,
    remember: bool,
) -> Answer<String> {
    let store: Store = exchange.auth().store.clone();
    let db: &dyn Database = match transaction {
        Some(transaction) => transaction,
        None => &store,
    };
    let user = find_user_by_id(db, user_id).await?;
    let user = user.ok_or_else(|| HostError::Invalid("there is no such user".to_owned()))?;
    match exchange.open_session(db, SignInAttempt { user, method, remember }).await? {
        SignIn::Opened(opened) => Ok(session_json(&opened.session, &opened.user, true)),
        SignIn::Challenged(response) => Err(challenge(&response)),
    }
}
