//! The request, the answer and the sign-in that a guest may look at.

use wasmtime::component::Resource;

use super::interfaces::types::{Host, HostAttempt, HostError, HostReply, HostRequest};
use super::outcome::Answer;
use crate::exchange::OpenedSession;
use crate::http::{Response, header_text, is_token};
use crate::plugin_host::bindings::Lent;
use crate::plugin_host::call::state::{Moment, State, Work};
use crate::store::{Session, User};

/// Headers of a request that carry secrets of the client or of a proxy.
const HIDDEN: [&str; 4] = ["cookie", "authorization", "proxy-authorization", "set-cookie"];
/// Headers that belong to the message itself or to the cookies capability.
const RESERVED: [&str; 7] =
    ["set-cookie", "content-length", "transfer-encoding", "connection", "upgrade", "trailer", "keep-alive"];
/// Headers of another's answer that an `after` hook leaves alone: they decide about security or where the client goes.
const SETTLED: [&str; 5] =
    ["content-type", "location", "content-security-policy", "strict-transport-security", "access-control-allow-origin"];

/// `{"session": …, "user": …}` in the form that clients get, with the token or without.
pub(super) fn session_json(session: &Session, user: &User, with_token: bool) -> String {
    let mut fields = session.0.output();
    if !with_token {
        fields.shift_remove("token");
    }
    serde_json::json!({ "session": fields, "user": user.0.output() }).to_string()
}

/// The header's name in lower case, when a plugin may set it on an answer of its own.
pub(in super::super) fn answer_header(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let is_name = name.len() <= 64 && is_token(&name);
    (is_name && !RESERVED.contains(&name.as_str())).then_some(name)
}

impl State {
    fn reply(&mut self) -> wasmtime::Result<&mut Response> {
        self.work()?.reply.as_mut().ok_or_else(|| wasmtime::Error::msg("there is no answer yet"))
    }
}

impl Host for State {}

impl HostRequest for State {
    fn method(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        Ok(self.work()?.exchange.request.method.clone())
    }

    fn path(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        Ok(self.work()?.exchange.request.path.clone())
    }

    fn param(&mut self, _: Resource<Lent>, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.work()?.exchange.param(&name).map(str::to_owned))
    }

    fn query(&mut self, _: Resource<Lent>, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.work()?.exchange.request.query.get(&name).map(str::to_owned))
    }

    fn query_json(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        Ok(self.work()?.exchange.request.query.to_json().to_string())
    }

    fn header(&mut self, _: Resource<Lent>, name: String) -> wasmtime::Result<Option<String>> {
        let name = name.to_ascii_lowercase();
        let headers = &self.work()?.exchange.request.headers;
        Ok(headers.get(&name).filter(|_| !HIDDEN.contains(&name.as_str())).map(str::to_owned))
    }

    fn body(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        Ok(self.work()?.exchange.request.body.as_ref().map(ToString::to_string))
    }

    fn client_address(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        Ok(self.work()?.exchange.request.client_address.clone())
    }

    fn user_agent(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        Ok(self.work()?.exchange.request.headers.get("user-agent").map(str::to_owned))
    }

    async fn session(&mut self, _: Resource<Lent>) -> wasmtime::Result<Answer<Option<String>>> {
        let (_, work) = self.data_and_work()?;
        let active = work.exchange.session_with(work.session_need()).await;
        Ok(active
            .map_err(HostError::from)
            .map(|active| active.map(|active| session_json(&active.session, &active.user, false))))
    }

    fn set_body(&mut self, _: Resource<Lent>, json: String) -> wasmtime::Result<Answer<()>> {
        let Work { moment, exchange, .. } = self.work()?;
        if *moment != Moment::Before {
            return Ok(Err(HostError::Denied("the body changes only in a `before` hook".to_owned())));
        }
        Ok(match serde_json::from_str(&json) {
            Ok(body) => {
                exchange.request.body = Some(body);
                Ok(())
            }
            Err(error) => Err(HostError::Invalid(format!("the body is no JSON: {error}"))),
        })
    }

    fn drop(&mut self, _: Resource<Lent>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl HostReply for State {
    fn status(&mut self, _: Resource<Lent>) -> wasmtime::Result<u16> {
        Ok(self.reply()?.status)
    }

    fn body(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        let body = &self.reply()?.body;
        Ok((!body.is_empty()).then(|| String::from_utf8_lossy(body).into_owned()))
    }

    fn header(&mut self, _: Resource<Lent>, name: String) -> wasmtime::Result<Option<String>> {
        let name = name.to_ascii_lowercase();
        let headers = &self.reply()?.headers;
        Ok(headers.get(&name).filter(|_| name != "set-cookie").map(str::to_owned))
    }

    fn writes_session_cookie(&mut self, _: Resource<Lent>) -> wasmtime::Result<bool> {
        Ok(self.work()?.exchange.writes_session_cookie())
    }

    fn new_session(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        let opened = self.work()?.exchange.opened.as_ref();
        Ok(opened.map(|OpenedSession { session, user, .. }| session_json(session, user, false)))
    }

    fn sign_in_method(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        Ok(self.work()?.exchange.opened.as_ref().map(|opened| opened.method.clone()))
    }

    fn set_header(&mut self, _: Resource<Lent>, name: String, value: String) -> wasmtime::Result<Answer<()>> {
        let reply = self.reply()?;
        // Beside a success, `location` is a hint for the page's code; no browser follows it.
        let is_hint = (200..300).contains(&reply.status);
        let may_set = |name: &String| !SETTLED.contains(&name.as_str()) || (is_hint && name == "location");
        Ok(match answer_header(&name).filter(may_set) {
            Some(name) => {
                reply.headers.set(&name, header_text(&value));
                Ok(())
            }
            None => Err(HostError::Denied(format!("the header `{name}` is not a plugin's to set"))),
        })
    }

    fn set_body(&mut self, _: Resource<Lent>, json: String) -> wasmtime::Result<Answer<()>> {
        let most = self.shared.limits.result_bytes;
        let reply = self.reply()?;
        if json.len() > most {
            return Ok(Err(HostError::Limit(format!("a body has at most {most} bytes"))));
        }
        Ok(match serde_json::from_str::<serde::de::IgnoredAny>(&json) {
            Ok(_) => {
                reply.headers.set("content-type", header_text("application/json"));
                reply.body = json.into();
                Ok(())
            }
            Err(error) => Err(HostError::Invalid(format!("the body is no JSON: {error}"))),
        })
    }

    fn drop(&mut self, _: Resource<Lent>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl State {
    fn attempt(&mut self) -> wasmtime::Result<&crate::exchange::SignInAttempt> {
        let attempt = self.work()?.attempt.as_ref();
        attempt.ok_or_else(|| wasmtime::Error::msg("nobody signs in here"))
    }
}

impl HostAttempt for State {
    fn user(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        Ok(serde_json::Value::Object(self.attempt()?.user.0.output()).to_string())
    }

    fn method(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        Ok(self.attempt()?.method.clone())
    }

    fn path(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        Ok(self.work()?.exchange.request.path.clone())
    }

    fn client_address(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        Ok(self.work()?.exchange.request.client_address.clone())
    }

    fn user_agent(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        Ok(self.work()?.exchange.request.headers.get("user-agent").map(str::to_owned))
    }

    fn plugin(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        Ok(self.attempt()?.plugin.clone())
    }

    fn remember(&mut self, _: Resource<Lent>) -> wasmtime::Result<bool> {
        Ok(self.attempt()?.remember)
    }

    fn drop(&mut self, _: Resource<Lent>) -> wasmtime::Result<()> {
        Ok(())
    }
}
