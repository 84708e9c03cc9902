//! Capability `sessions`: every one that a plugin opens passes the session gates.

use super::super::state::{Moment, State};
use super::interfaces::sessions::{Freshness, Host};
use super::interfaces::types::HostError;
use super::outcome::{Answer, challenge};
use super::request::session_json;
use crate::auth::session;
use crate::error::Code;
use crate::exchange::{Exchange, SessionNeed, SignIn, SignInAttempt};
use crate::store::user::find_user_by_id;
use crate::store::{Database, Store, Transaction};

impl Host for State {
    async fn current(&mut self, freshness: Freshness) -> wasmtime::Result<Answer<Option<String>>> {
        let (work, _) = self.parts()?;
        let need = match freshness {
            Freshness::Usual => work.session_need(),
            Freshness::Stored | Freshness::Fresh => SessionNeed::FROM_STORE,
        };
        let exchange = &mut work.exchange;
        let found = async {
            let Some(active) = exchange.session_with(need).await?.cloned() else { return Ok(None) };
            if freshness == Freshness::Fresh && !session::is_fresh(exchange.auth(), &active.session) {
                return Err(HostError::from(crate::error::ApiError::from(Code::SESSION_NOT_FRESH)));
            }
            Ok(Some(session_json(&active.session, &active.user, true)))
        };
        Ok(found.await)
    }

    async fn opened(&mut self) -> wasmtime::Result<Answer<Option<String>>> {
        let opened = self.work()?.exchange.opened.as_ref();
        Ok(Ok(opened.map(|opened| session_json(&opened.session, &opened.user, true))))
    }

    async fn is_remembered(&mut self) -> wasmtime::Result<Answer<bool>> {
        Ok(Ok(!self.work()?.exchange.ends_with_browser()))
    }

    async fn open(
        &mut self,
        user_id: String,
        method: String,
        remember: Option<bool>,
    ) -> wasmtime::Result<Answer<String>> {
        let plugin = Some(self.shared.id.clone());
        let (work, transaction) = self.parts()?;
        if let Err(error) = may_open(work.moment) {
            return Ok(Err(error));
        }
        let exchange = &mut work.exchange;
        let remember = remember.unwrap_or_else(|| !exchange.ends_with_browser());
        let open = async {
            let store: Store = exchange.auth().store.clone();
            let db: &dyn Database = match transaction {
                Some(transaction) => transaction,
                None => &store,
            };
            let user = find_user_by_id(db, &user_id).await?;
            let user = user.ok_or_else(|| HostError::Invalid("there is no such user".to_owned()))?;
            match exchange.open_session(db, SignInAttempt { user, method, plugin, remember }).await? {
                SignIn::Opened(opened) => Ok(session_json(&opened.session, &opened.user, true)),
                SignIn::Challenged(response) => Err(challenge(&response)),
            }
        };
        Ok(open.await)
    }

    async fn forget_choice(&mut self) -> wasmtime::Result<Answer<()>> {
        let exchange = &mut self.work()?.exchange;
        let mark = exchange.auth().cookies.dont_remember.deletion();
        exchange.set_cookie(mark);
        Ok(Ok(()))
    }

    async fn end_current(&mut self) -> wasmtime::Result<Answer<()>> {
        let (work, transaction) = self.parts()?;
        Ok(end_current(&mut work.exchange, transaction).await)
    }

    async fn refresh_current(&mut self) -> wasmtime::Result<Answer<()>> {
        let (work, transaction) = self.parts()?;
        let exchange = &mut work.exchange;
        let refresh = async {
            let opened = exchange.opened.as_ref().map(|opened| opened.session.token().to_owned());
            let Some(token) = opened.or_else(|| exchange.session_token()) else { return Ok(()) };
            let store: Store = exchange.auth().store.clone();
            let db: &dyn Database = match transaction {
                Some(transaction) => transaction,
                None => &store,
            };
            match session::find_active_in(exchange.auth(), db, &token).await? {
                Some(active) => exchange.renew_session(active),
                None => exchange.forget_session(),
            }
            Ok(())
        };
        Ok(refresh.await)
    }
}

/// A gate decides about one session, and an answer that was given cannot be taken back.
pub(super) fn may_open(moment: Moment) -> Answer<()> {
    match moment {
        Moment::Before | Moment::Route => Ok(()),
        Moment::Gate | Moment::After => {
            Err(HostError::Denied("a session is opened in a route or a `before` hook".to_owned()))
        }
    }
}

async fn end_current(exchange: &mut Exchange, transaction: Option<&Transaction>) -> Answer<()> {
    if let Some(token) = exchange.session_token() {
        let auth = exchange.auth();
        match transaction {
            Some(transaction) => session::end(auth, transaction, &token).await?,
            None => session::end(auth, &auth.store, &token).await?,
        };
        exchange.forget_session();
    }
    exchange.delete_session_cookies();
    Ok(())
}
