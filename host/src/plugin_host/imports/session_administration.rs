//! Capability `session-administration`: what administrators do to other people's sessions.

use serde_json::Value as Json;

use super::interfaces::session_administration::Host;
use super::interfaces::types::HostError;
use super::outcome::Answer;
use super::request::session_json;
use super::sessions::{Opening, open};
use super::values;
use crate::auth::session;
use crate::cookie::Cookie;
use crate::exchange::SessionShape;
use crate::plugin_host::call::state::State;
use crate::store::{Field, Owner, eq};

/// As long as browsers keep cookies.
const LONGEST_SECS: u64 = 400 * 86_400;

impl Host for State {
    async fn list_of_user(&mut self, user_id: String) -> wasmtime::Result<Answer<Vec<String>>> {
        at_its_time!(self, "session-administration", "list-of-user");
        let most_bytes = self.shared.limits.result_bytes;
        let data = self.data()?;
        let list = async {
            let sessions = session::list(data.auth, &data.scope, &user_id).await?;
            let text = |session: &crate::store::Session| Json::Object(session.0.output()).to_string();
            // The newest ones fit.
            let newest_first = sessions.iter().rev().map(text).collect();
            let mut fitting = values::fitting(newest_first, most_bytes);
            fitting.reverse();
            Ok(fitting)
        };
        Ok(list.await)
    }

    async fn find(&mut self, id: String) -> wasmtime::Result<Answer<Option<String>>> {
        at_its_time!(self, "session-administration", "find");
        let data = self.data()?;
        let found = session::find_active_by_id(data.auth, &data.scope, &id).await;
        Ok(found
            .map(|active| active.map(|active| session_json(&active.session, &active.user, true)))
            .map_err(HostError::from))
    }

    async fn end(&mut self, token: String) -> wasmtime::Result<Answer<bool>> {
        at_its_time!(self, "session-administration", "end");
        let data = self.data()?;
        Ok(session::end(data.auth, &data.scope, &token).await.map(|ended| ended.is_some()).map_err(HostError::from))
    }

    async fn end_all(&mut self, user_id: String) -> wasmtime::Result<Answer<u64>> {
        at_its_time!(self, "session-administration", "end-all");
        let data = self.data()?;
        Ok(session::end_all(data.auth, &data.scope, &user_id, None).await.map_err(HostError::from))
    }

    async fn end_by_own_field(&mut self, field: String, value: String) -> wasmtime::Result<Answer<u64>> {
        at_its_time!(self, "session-administration", "end-by-own-field");
        let shared = self.shared.clone();
        let data = self.data()?;
        let end = async {
            let model = data.auth.schema().model("session")?;
            let is_own = |field: &Field| matches!(&field.owner, Owner::Plugin(id) if *id == shared.id);
            if !model.field(&field).is_ok_and(is_own) {
                return Err(HostError::Denied(format!("the manifest adds no field session.{field}")));
            }
            Ok(session::end_where(data.auth, &data.scope, &[eq(field, value)]).await?)
        };
        Ok(end.await)
    }

    async fn impersonate(
        &mut self,
        user_id: String,
        method: String,
        ttl_secs: u64,
        fields: String,
    ) -> wasmtime::Result<Answer<String>> {
        at_its_time!(self, "session-administration", "impersonate");
        let shared = self.shared.clone();
        let (scope, work) = self.data_and_work()?;
        let exchange = &mut work.exchange;
        let impersonate = async {
            let life_secs = i64::try_from(ttl_secs).ok().filter(|_| (1..=LONGEST_SECS).contains(&ttl_secs));
            let life_secs =
                life_secs.ok_or_else(|| HostError::Invalid(format!("a session lasts 1 to {LONGEST_SECS} seconds")))?;
            let model = exchange.auth().schema().model("session")?;
            let fields = values::fields(&fields, model, |name| shared.may_write_session(name))?;
            let session = SessionShape { life_secs: Some(life_secs), fields };
            let opening = Opening { plugin: shared.id.clone(), user_id, method, remember: false, session };
            let opened = open(exchange, &scope, opening).await?;
            // As the reference: what the browser had of its own session goes first.
            let cookies = &exchange.auth().cookies;
            let names = [&cookies.session_token, &cookies.session_data, &cookies.dont_remember];
            let names = names.map(|spec| spec.name.clone());
            let is_sessions = |cookie: &mut Cookie| names.iter().any(|name| cookie.name.starts_with(name.as_str()));
            let sent: Vec<Cookie> = exchange.cookies.extract_if(.., is_sessions).collect();
            exchange.delete_session_cookies();
            exchange.cookies.extend(sent);
            Ok(opened)
        };
        Ok(impersonate.await)
    }
}
