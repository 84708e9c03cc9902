//! The request, the answer and the sign-in that a guest may look at.

use std::sync::Arc;

use doorward_contract::Moment;
use serde_json::Value as Json;
use wasmtime::component::Resource;

use super::interfaces::types::{Host, HostAttempt, HostError, HostReply, HostRequest};
use super::outcome::Answer;
use crate::auth::session::ActiveSession;
use crate::exchange::redaction::SecretNames;
use crate::exchange::{Exchange, OpenedSession};
use crate::http::address::networks;
use crate::http::{Mount, Query, Response, decode_component, header_text, is_token};
use crate::plugin_host::admission::hook_rights::Sight;
use crate::plugin_host::bindings::Lent;
use crate::plugin_host::call::state::{State, Work};
use crate::store::session::json_with_user;
use crate::store::{Session, User};

/// Headers of a request that carry secrets of the client or of a proxy.
const HIDDEN: [&str; 4] = ["cookie", "authorization", "proxy-authorization", "set-cookie"];
/// Headers that belong to the message itself or to the cookies capability.
const RESERVED: [&str; 7] =
    ["set-cookie", "content-length", "transfer-encoding", "connection", "upgrade", "trailer", "keep-alive"];
/// Headers of another's answer that an `after` hook leaves alone: they decide about security or where the client goes.
const SETTLED: [&str; 11] = [
    "content-type",
    "location",
    "refresh",
    "clear-site-data",
    "content-security-policy",
    "content-security-policy-report-only",
    "strict-transport-security",
    "x-frame-options",
    "x-content-type-options",
    "referrer-policy",
    "www-authenticate",
];
/// Headers of a page that the host alone sets, beside those.
const OF_PAGES: [&str; 8] = [
    "cache-control",
    "link",
    "nel",
    "permissions-policy",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "sourcemap",
];
/// Names the headers that scripts of other origins may read; the one header of its kind that is no decision.
const EXPOSED: &str = "access-control-expose-headers";

/// Whether a header of another's answer decides about security or where the client goes.
fn is_settled(name: &str) -> bool {
    let is_cross_origin = name.starts_with("access-control-") || name.starts_with("cross-origin-");
    SETTLED.contains(&name) || (is_cross_origin && name != EXPOSED)
}

/// Ids alone: what someone sees who only observes.
fn ids_json(session: &Session, user: &User) -> String {
    let session = serde_json::json!({ "id": session.0.text("id"), "userId": user.id() });
    serde_json::json!({ "session": session, "user": { "id": user.id() } }).to_string()
}

/// `{"session": …, "user": …}` in the form that clients get, with the token or without.
pub(super) fn session_json(session: &Session, user: &User, with_token: bool) -> String {
    if with_token {
        return json_with_user(session, user);
    }
    let mut fields = session.0.output();
    fields.shift_remove("token");
    serde_json::json!({ "session": fields, "user": user.0.output() }).to_string()
}

fn no_change_of_answers() -> HostError {
    HostError::Denied("`changes-answer` is not granted on this path".to_owned())
}

/// The header's name in lower case, when a plugin may set it on an answer of its own.
pub(in super::super) fn answer_header(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let is_name = name.len() <= 64 && is_token(&name);
    (is_name && !RESERVED.contains(&name.as_str())).then_some(name)
}

/// The header's name in lower case, when a plugin may set it on a page of its own. It may lead elsewhere.
pub(in super::super) fn page_header(name: &str) -> Option<String> {
    let is_free = |name: &String| name == "location" || !(is_settled(name) || OF_PAGES.contains(&name.as_str()));
    answer_header(name).filter(is_free)
}

/// Whether a proxy that the operator trusts sent the request.
fn is_from_proxy(exchange: &Exchange) -> bool {
    let mut proxies = networks(&exchange.auth().config.advanced.ip_address.trusted_proxies);
    let peer = exchange.request.peer.map(|peer| peer.to_canonical());
    peer.is_some_and(|peer| proxies.any(|network| network.contains(&peer)))
}

/// A request that a guest reads, and the names of what it does not read there.
type Readable<'a> = (&'a Exchange, Option<Arc<SecretNames>>);

impl State {
    /// The request, where the guest may read it, and the names of what it may not read there.
    fn read_request(&mut self) -> wasmtime::Result<Option<Readable<'_>>> {
        let names = Arc::clone(&self.shared.secret_names);
        let Work { sight, exchange, .. } = self.work()?;
        Ok(sight.reads_request.then_some((&*exchange, (!sight.secrets).then_some(names))))
    }

    /// While it adds to a page of another: the parameters of that page's address that are the guest's own, without its id.
    fn own_query(&mut self) -> wasmtime::Result<Option<Query>> {
        let prefix = format!("{}.", self.shared.id);
        let Work { moment, exchange, .. } = self.work()?;
        let query = &exchange.request.query;
        let own = |(name, value): (&str, &str)| Some((name.strip_prefix(&prefix)?.to_owned(), value.to_owned()));
        Ok((*moment == Moment::Section).then(|| Query::of(query.pairs().filter_map(own))))
    }

    /// The answer, and what the guest may see and change of it.
    fn reply(&mut self) -> wasmtime::Result<(Sight, &mut Response)> {
        let Work { sight, reply, .. } = self.work()?;
        let reply = reply.as_mut().ok_or_else(|| wasmtime::Error::msg("there is no answer yet"))?;
        Ok((*sight, reply))
    }
}

impl Host for State {}

impl HostRequest for State {
    fn method(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        Ok(self.work()?.exchange.request.method.clone())
    }

    fn path(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        let shared = Arc::clone(&self.shared);
        let Work { sight, exchange, .. } = self.work()?;
        let path = match exchange.request.mount {
            Mount::Base => exchange.request.path.clone(),
            Mount::Root => shared.places.path_below(&exchange.request.path).to_owned(),
        };
        Ok(if sight.secrets { path } else { shared.secret_names.redact_path(&path, exchange.params()) })
    }

    fn param(&mut self, _: Resource<Lent>, name: String) -> wasmtime::Result<Option<String>> {
        let Some((exchange, names)) = self.read_request()? else { return Ok(None) };
        let is_hidden = names.is_some_and(|names| names.holds(&name));
        let param = exchange.param(&name).filter(|_| !is_hidden).map(decode_component);
        Ok(self.note_input(param))
    }

    fn query(&mut self, _: Resource<Lent>, name: String) -> wasmtime::Result<Option<String>> {
        if let Some(own) = self.own_query()? {
            return Ok(self.note_input(own.first(&name).map(str::to_owned)));
        }
        let Some((exchange, names)) = self.read_request()? else { return Ok(None) };
        let is_hidden = names.is_some_and(|names| names.holds(&name));
        let value = exchange.request.query.first(&name).filter(|_| !is_hidden).map(str::to_owned);
        Ok(self.note_input(value))
    }

    fn query_json(&mut self, _: Resource<Lent>) -> wasmtime::Result<String> {
        if let Some(own) = self.own_query()? {
            self.note_input(own.names().next());
            return Ok(own.to_json().to_string());
        }
        let Some((exchange, names)) = self.read_request()? else { return Ok("{}".to_owned()) };
        let query = exchange.request.query.to_json();
        let text = names.map_or_else(|| query.to_string(), |names| names.redact(&query).to_string());
        self.note_input(query.as_object().filter(|query| !query.is_empty()));
        Ok(text)
    }

    fn header(&mut self, _: Resource<Lent>, name: String) -> wasmtime::Result<Option<String>> {
        let name = name.to_ascii_lowercase();
        let Some((exchange, names)) = self.read_request()? else { return Ok(None) };
        let is_hidden = HIDDEN.contains(&name.as_str()) || names.as_ref().is_some_and(|names| names.holds(&name));
        let value = exchange.request.headers.get(&name).filter(|_| !is_hidden);
        let value = value.map(|value| names.map_or_else(|| value.to_owned(), |names| names.redact_url(value)));
        Ok(self.note_input(value))
    }

    fn body(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        let Some((exchange, names)) = self.read_request()? else { return Ok(None) };
        let body = exchange.request.body.as_ref();
        let body = body.map(|body| names.map_or_else(|| body.to_string(), |names| names.redact(body).to_string()));
        Ok(self.note_input(body))
    }

    fn raw_body(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<Vec<u8>>> {
        let Work { moment, exchange, .. } = self.work()?;
        // A hook sees a body without its secrets, which nobody finds among bytes.
        let is_whole = !exchange.route.as_ref().is_some_and(|route| route.reads_chunks);
        let is_shown = *moment == Moment::Route && is_whole;
        let bytes = Some(&exchange.request.raw_body).filter(|body| is_shown && !body.is_empty());
        let bytes = bytes.map(|body| body.to_vec());
        Ok(self.note_input(bytes))
    }

    fn proxy_header(&mut self, of: Resource<Lent>, name: String) -> wasmtime::Result<Option<String>> {
        if is_from_proxy(&self.work()?.exchange) { HostRequest::header(self, of, name) } else { Ok(None) }
    }

    fn client_address(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        Ok(self.read_request()?.and_then(|(exchange, _)| exchange.request.client_address.clone()))
    }

    fn user_agent(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        let agent = |exchange: &Exchange| exchange.request.headers.get("user-agent").map(str::to_owned);
        let agent = self.read_request()?.and_then(|(exchange, _)| agent(exchange));
        Ok(self.note_input(agent))
    }

    async fn session(&mut self, _: Resource<Lent>) -> wasmtime::Result<Answer<Option<String>>> {
        let (_, work) = self.data_and_work()?;
        let sees_all =
            work.sight.reads_request || matches!(work.moment, Moment::Claims | Moment::Section | Moment::Permission);
        let active = work.exchange.session_with(work.session_need()).await;
        let shown = |active: &ActiveSession| match sees_all {
            true => session_json(&active.session, &active.user, false),
            false => ids_json(&active.session, &active.user),
        };
        Ok(active.map_err(HostError::from).map(|active| active.map(shown)))
    }

    fn set_body(&mut self, _: Resource<Lent>, json: String) -> wasmtime::Result<Answer<()>> {
        let names = Arc::clone(&self.shared.secret_names);
        let Work { moment, sight, exchange, .. } = self.work()?;
        if *moment != Moment::Before {
            return Ok(Err(HostError::Denied("the body changes only in a `before` hook".to_owned())));
        }
        if !sight.changes_request {
            return Ok(Err(HostError::Denied("`changes-request` is not granted on this path".to_owned())));
        }
        Ok(match serde_json::from_str(&json) {
            Ok(body) => {
                let was = exchange.request.body.take().unwrap_or_default();
                exchange.request.body = Some(if sight.secrets { body } else { names.restore(&was, body) });
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
        Ok(self.reply()?.1.status)
    }

    fn body(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        let names = Arc::clone(&self.shared.secret_names);
        let (sight, reply) = self.reply()?;
        // Of a body that comes in chunks, there is nothing whole to see.
        if !sight.reads_answer || reply.body.is_empty() || reply.rest.is_some() {
            return Ok(None);
        }
        if sight.secrets {
            return Ok(Some(String::from_utf8_lossy(&reply.body).into_owned()));
        }
        // Where a secret is in what is no JSON, nobody knows.
        let body: Option<Json> = serde_json::from_slice(&reply.body).ok();
        Ok(body.map(|body| names.redact_answer(reply.status, &body).to_string()))
    }

    fn header(&mut self, _: Resource<Lent>, name: String) -> wasmtime::Result<Option<String>> {
        let names = Arc::clone(&self.shared.secret_names);
        let (sight, reply) = self.reply()?;
        let name = name.to_ascii_lowercase();
        let may_read = sight.reads_answer || (sight.changes_answer && name == EXPOSED);
        let is_hidden = name == "set-cookie" || (!sight.secrets && names.holds(&name));
        let value = reply.headers.get(&name).filter(|_| may_read && !is_hidden);
        Ok(value.map(|value| if sight.secrets { value.to_owned() } else { names.redact_url(value) }))
    }

    fn writes_session_cookie(&mut self, _: Resource<Lent>) -> wasmtime::Result<bool> {
        Ok(self.work()?.exchange.writes_session_cookie())
    }

    fn new_session(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        let Work { sight, exchange, .. } = self.work()?;
        let shown = |OpenedSession { session, user, .. }: &OpenedSession| match sight.reads_answer {
            true => session_json(session, user, false),
            false => ids_json(session, user),
        };
        Ok(exchange.opened.as_ref().map(shown))
    }

    fn sign_in_method(&mut self, _: Resource<Lent>) -> wasmtime::Result<Option<String>> {
        Ok(self.work()?.exchange.opened.as_ref().map(|opened| opened.method.clone()))
    }

    fn set_header(&mut self, _: Resource<Lent>, name: String, value: String) -> wasmtime::Result<Answer<()>> {
        let (sight, reply) = self.reply()?;
        if !sight.changes_answer {
            return Ok(Err(no_change_of_answers()));
        }
        // Beside a success, `location` is a hint for the page's code; no browser follows it.
        let is_hint = (200..300).contains(&reply.status);
        let may_set = |name: &String| !is_settled(name) || (is_hint && name == "location");
        Ok(match answer_header(&name).filter(may_set) {
            Some(name) => {
                reply.headers.set(&name, header_text(&value));
                Ok(())
            }
            None => Err(HostError::Denied(format!("the header `{name}` is not a plugin's to set"))),
        })
    }

    fn set_body(&mut self, _: Resource<Lent>, json: String) -> wasmtime::Result<Answer<()>> {
        let (most, names) = (self.shared.limits.result_bytes, Arc::clone(&self.shared.secret_names));
        let (sight, reply) = self.reply()?;
        if !sight.changes_answer {
            return Ok(Err(no_change_of_answers()));
        }
        if json.len() > most {
            return Ok(Err(HostError::Limit(format!("a body has at most {most} bytes"))));
        }
        Ok(match serde_json::from_str::<Json>(&json) {
            Ok(body) => {
                let was: Json = serde_json::from_slice(&reply.body).unwrap_or_default();
                let body =
                    if sight.secrets { json } else { names.restore_answer(reply.status, &was, body).to_string() };
                reply.headers.set("content-type", header_text("application/json"));
                reply.body = body.into();
                reply.rest = None;
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
