//! Capability `sessions`: every one that a plugin opens passes the session gates.

use super::interfaces::sessions::{Freshness, Host};
use super::interfaces::types::HostError;
use super::outcome::{Answer, challenge};
use super::request::session_json;
use super::values;
use crate::auth::{Scope, session};
use crate::error::{ApiError, Code};
use crate::exchange::{Exchange, SessionNeed, SessionShape, SignIn, SignInAttempt, session_gate};
use crate::plugin_host::call::state::State;
use crate::store::user::find_user_by_id;

/// What a plugin wants to open.
pub(super) struct Opening {
    pub(super) plugin: String,
    pub(super) user_id: String,
    pub(super) method: String,
    pub(super) remember: bool,
    pub(super) session: SessionShape,
}

impl Host for State {
    async fn current(&mut self, freshness: Freshness) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "sessions", "current");
        let (_, work) = self.data_and_work()?;
        let need = match freshness {
            Freshness::Usual => work.session_need(),
            Freshness::Stored | Freshness::Fresh => SessionNeed::FROM_STORE,
        };
        let exchange = &mut work.exchange;
        let found = async {
            let Some(active) = exchange.session_with(need).await?.cloned() else { return Ok(None) };
            if freshness == Freshness::Fresh && !session::is_fresh(exchange.auth(), &active.session) {
                return Err(ApiError::from(Code::SESSION_NOT_FRESH).into());
            }
            Ok(Some(session_json(&active.session, &active.user, true)))
        };
        Ok(found.await)
    }

    async fn opened(&mut self) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "sessions", "opened");
        let opened = self.work()?.exchange.opened.as_ref();
        Ok(Ok(opened.map(|opened| session_json(&opened.session, &opened.user, true))))
    }

    async fn is_remembered(&mut self) -> wasmtime::Result<Answer<bool>> {
        at_its_time!(self, "sessions", "is-remembered");
        Ok(Ok(!self.work()?.exchange.ends_with_browser()))
    }

    async fn open(
        &mut self,
        user_id: String,
        method: String,
        remember: Option<bool>,
    ) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "sessions", "open");
        let plugin = self.shared.id.clone();
        let proven = self.proven.take().filter(|(_, proven)| proven.id() == user_id);
        let (scope, work) = self.data_and_work()?;
        let remember = remember.unwrap_or_else(|| !work.exchange.has_brief_mark());
        let opening = Opening { plugin, user_id, method, remember, session: SessionShape::default() };
        let opened = open(&mut work.exchange, &scope, opening).await;
        if let (Ok(_), Some((account, user))) = (&opened, proven)
            && let Err(error) = work.exchange.account_attempt_succeeded(&account, &user).await
        {
            return Ok(Err(error.into()));
        }
        Ok(opened)
    }

    async fn replace_current(&mut self, method: String) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "sessions", "replace-current");
        let plugin = self.shared.id.clone();
        let (scope, work) = self.data_and_work()?;
        let exchange = &mut work.exchange;
        let replace = async {
            let Some(active) = exchange.session_with(SessionNeed::FROM_STORE).await?.cloned() else {
                return Err(HostError::Invalid("there is no session to replace".to_owned()));
            };
            let (remember, session) = (!exchange.ends_with_browser(), exchange.kept_by_replacement());
            let opening = Opening { plugin, user_id: active.user.id().to_owned(), method, remember, session };
            let opened = open(exchange, &scope, opening).await?;
            session::end(exchange.auth(), &scope, active.session.token()).await?;
            Ok(opened)
        };
        Ok(replace.await)
    }

    async fn update_current(&mut self, fields: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "sessions", "update-current");
        let shared = self.shared.clone();
        let (scope, work) = self.data_and_work()?;
        let exchange = &mut work.exchange;
        let update = async {
            let model = exchange.auth().schema().model("session")?;
            let fields = values::fields(&fields, model, |name| shared.may_write_session(name))?;
            let Some(active) = exchange.session_with(SessionNeed::FROM_STORE).await?.cloned() else { return Ok(None) };
            let changed = session::update(exchange.auth(), &scope, &active.session, fields).await?;
            let Some(session) = changed else { return Ok(None) };
            let text = session_json(&session, &active.user, true);
            exchange.renew_session(session::ActiveSession::stored(session, active.user));
            Ok(Some(text))
        };
        Ok(update.await)
    }

    async fn forget_choice(&mut self) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "sessions", "forget-choice");
        let exchange = &mut self.work()?.exchange;
        let mark = exchange.auth().cookies.dont_remember.deletion();
        exchange.set_cookie(mark);
        Ok(Ok(()))
    }

    async fn end_current(&mut self) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "sessions", "end-current");
        let (scope, work) = self.data_and_work()?;
        let exchange = &mut work.exchange;
        let end = async {
            if let Some(token) = exchange.session_token() {
                exchange.end_session(&scope, &token).await?;
            }
            exchange.delete_session_cookies();
            Ok(())
        };
        Ok(end.await)
    }

    async fn refresh_current(&mut self) -> wasmtime::Result<Answer<()>> {
        at_its_time!(self, "sessions", "refresh-current");
        let (scope, work) = self.data_and_work()?;
        let exchange = &mut work.exchange;
        let refresh = async {
            let opened = exchange.opened.as_ref().map(|opened| opened.session.token().to_owned());
            let Some(token) = opened.or_else(|| exchange.session_token()) else { return Ok(()) };
            match session::find_active(exchange.auth(), &scope, &token).await? {
                Some(active) => exchange.renew_session(active),
                None => exchange.forget_session(),
            }
            Ok(())
        };
        Ok(refresh.await)
    }
}

impl crate::plugin_host::call::state::Shared {
    /// Whether the plugin may write this field of sessions.
    ///
    /// # Errors
    /// `denied` when the manifest does not declare it.
    pub(super) fn may_write_session(&self, field: &str) -> Answer<()> {
        if self.rights.writes_session_fields.iter().any(|own| own == field) {
            return Ok(());
        }
        Err(HostError::Denied(format!("the manifest does not declare that it writes session.{field}")))
    }
}

/// Asks the gates and opens the session.
pub(super) async fn open(exchange: &mut Exchange, scope: &Scope, opening: Opening) -> Answer<String> {
    let Opening { plugin, user_id, method, remember, session } = opening;
    if session_gate::is_of_core(&method) {
        let reason = format!("the core signs in by {method:?}: give the plugin's own way another name");
        return Err(HostError::Invalid(reason));
    }
    let user = find_user_by_id(scope, &user_id).await?;
    let user = user.ok_or_else(|| HostError::Invalid("there is no such user".to_owned()))?;
    let attempt = SignInAttempt { user, method, plugin: Some(plugin), remember, session };
    match exchange.open_session(scope, attempt).await? {
        SignIn::Opened(opened) => Ok(session_json(&opened.session, &opened.user, true)),
        SignIn::Challenged(response) => Err(challenge(&response)),
    }
}
