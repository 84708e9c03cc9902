//! `ctx` of the hooks at an endpoint: the request, read lazily; changes are kept apart until the script has ended well.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rhai::{Dynamic, Engine, EvalAltResult, Position};
use serde_json::{Map, Value as Json};

use super::engine::Native;
use super::error::HookError;
use super::house_rules::HouseRules;
use super::json;
use super::outcome::Outcome;
use super::script::{Called, Hook};
use crate::error::Code;
use crate::exchange::Exchange;
use crate::http::{Query, Request};
use crate::input::Input;

/// Who sends the request.
#[derive(Clone, Debug, Default)]
pub enum Identity {
    /// Not looked for, as the script's text does not ask.
    #[default]
    Unread,
    /// The session and its user without secrets, or nobody.
    Read(Option<(Json, Json)>),
}

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as it would be sent.
    pub body: Bytes,
    /// The session that this request opened, and its user.
    pub new_session: Option<(Json, Json)>,
}

/// What a script changed of the request; `None` is as it was.
#[derive(Clone, Debug, Default)]
struct Changes {
    body: Option<Json>,
    query: Option<Json>,
    headers: Option<Json>,
    answer: Option<Json>,
}

/// What a hook at an endpoint knows.
#[derive(Default)]
pub struct Facts {
    request: Option<Request>,
    params: Vec<(String, String)>,
    identity: Identity,
    answer: Answer,
    changes: Changes,
}

impl Facts {
    /// The facts of a request.
    pub fn new(request: Request, params: Vec<(String, String)>, identity: Identity) -> Self {
        Self { request: Some(request), params, identity, ..Self::default() }
    }

    /// Adds what was answered.
    #[must_use]
    pub fn answered(self, answer: Answer) -> Self {
        Self { answer, ..self }
    }

    /// Moves the request out of an exchange; [`Facts::give_back`] returns it.
    pub fn lend(exchange: &mut Exchange, identity: Identity) -> Self {
        let request = std::mem::replace(&mut exchange.request, Request::placeholder());
        Self::new(request, std::mem::take(&mut exchange.params), identity)
    }

    /// Returns the request.
    pub fn give_back(self, exchange: &mut Exchange) {
        exchange.params = self.params;
        if let Some(request) = self.request {
            exchange.request = request;
        }
    }

    /// The request.
    pub fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    /// What the script made of the answer's body, if it changed it.
    pub fn changed_answer(&mut self) -> Option<Json> {
        self.changes.answer.take()
    }

    /// Carries the changes of the request out; whether there were any.
    pub fn apply(&mut self) -> bool {
        let Changes { body, query, headers, .. } = std::mem::take(&mut self.changes);
        let has_changed = body.is_some() || query.is_some() || headers.is_some();
        let before = headers.as_ref().map(|_| self.headers());
        let Some(request) = &mut self.request else { return false };
        if let Some(body) = body {
            request.body = Some(body);
        }
        if let Some(query) = query {
            request.query = query_from(&query);
        }
        if let (Some(Json::Object(after)), Some(Json::Object(before))) = (headers, before) {
            for (name, _) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
                request.headers.remove(name);
            }
            for (name, value) in after.iter().filter(|(name, value)| before.get(*name) != Some(*value)) {
                request.headers.set(name, value.as_str().unwrap_or_default());
            }
        }
        has_changed
    }

    fn headers(&self) -> Json {
        let mut object = Map::new();
        for (name, value) in self.request.iter().flat_map(|request| request.headers.iter()) {
            if is_secret(name) {
                continue;
            }
            match object.get_mut(name) {
                Some(Json::String(known)) => *known = format!("{known}, {value}"),
                _ => _ = object.insert(name.to_owned(), value.into()),
            }
        }
        Json::Object(object)
    }

    /// The body as an object. No body is an empty one; what is no object is refused, as every endpoint refuses it.
    fn body(&self) -> Native<Json> {
        let body = self.changes.body.as_ref().or_else(|| self.request.as_ref()?.body.as_ref());
        match body {
            None | Some(Json::Null) => Ok(Json::Object(Map::new())),
            Some(Json::Object(_)) => Ok(body.cloned().unwrap_or_default()),
            other => Err(refusal(Input::body(other).finish().err())),
        }
    }
}

/// Ends the script with an error that is the client's own.
fn refusal(error: Option<crate::error::ApiError>) -> Box<EvalAltResult> {
    let error = error.unwrap_or_else(|| Code::PAYLOAD_TOO_LARGE.into());
    let crate::error::ErrorBody::Coded { code, message } = error.body else { return "the body is no object".into() };
    let outcome = Outcome::Reject { status: error.status, code: code.into_owned(), message: message.into_owned() };
    Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(outcome), Position::NONE))
}

/// Credentials are for the server alone.
fn is_secret(header: &str) -> bool {
    matches!(header, "cookie" | "authorization" | "proxy-authorization")
}

/// What later stages have checked already, or what frames the message.
fn is_settled(header: &str) -> bool {
    const SETTLED: [&str; 9] = [
        "connection",
        "content-length",
        "content-type",
        "host",
        "origin",
        "referer",
        "transfer-encoding",
        "x-real-ip",
        "forwarded",
    ];
    is_secret(header) || SETTLED.contains(&header) || header.starts_with("sec-") || header.starts_with("x-forwarded-")
}

fn query_from(object: &Json) -> Query {
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in object.as_object().into_iter().flatten() {
        match value {
            Json::Array(values) => {
                _ = encoded.extend_pairs(values.iter().filter_map(|value| Some((key, value.as_str()?))))
            }
            value => _ = encoded.append_pair(key, value.as_str().unwrap_or_default()),
        }
    }
    Query::parse(&encoded.finish())
}

/// A context of one moment, shared between the script and the host.
pub trait Context: Clone + Send + Sync + 'static {
    /// The facts behind it.
    fn shared(&self) -> &Arc<Mutex<Facts>>;

    /// Access to the facts.
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.shared().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls one hook and holds what it wants against the rules. The facts come back in any case.
pub fn call<C: Context>(
    engine: &Engine,
    hook: &Hook,
    context: &C,
    rules: &HouseRules<'_>,
) -> (Facts, Result<Called, HookError>) {
    let called = hook.call(engine, Dynamic::from(context.clone())).and_then(|(outcome, directives)| {
        rules.check(outcome.as_ref(), &directives).map_err(|problem| hook.wrong(&problem))?;
        Ok((outcome, directives))
    });
    (std::mem::take(&mut *context.facts()), called)
}

/// Gives `C` the getters that every moment at an endpoint has.
pub fn register<C: Context>(engine: &mut Engine) {
    text::<C>(engine, "method", |facts| facts.request().map(|request| request.method.clone()));
    text::<C>(engine, "path", |facts| facts.request().map(|request| request.path.clone()));
    text::<C>(engine, "client_address", |facts| facts.request()?.client_address.clone());
    text::<C>(engine, "user_agent", |facts| Some(facts.request()?.headers.get("user-agent")?.to_owned()));
    fixed::<C>(engine, "params", |facts| {
        Ok(Json::Object(facts.params.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()))
    });
    fixed::<C>(engine, "session", |facts| {
        Ok(known(&facts.identity)?.map_or(Json::Null, |(session, _)| session.clone()))
    });
    fixed::<C>(engine, "user", |facts| Ok(known(&facts.identity)?.map_or(Json::Null, |(_, user)| user.clone())));
}

fn known(identity: &Identity) -> Native<Option<&(Json, Json)>> {
    match identity {
        Identity::Read(found) => Ok(found.as_ref()),
        Identity::Unread => {
            Err("write `ctx.session` and `ctx.user` in one piece: they are loaded for those who ask".into())
        }
    }
}

/// The request's parts: with setters that keep the change, or that refuse it.
pub fn register_request<C: Context>(engine: &mut Engine, can_change: bool) {
    if can_change {
        changing::<C>(
            engine,
            "body",
            Facts::body,
            |facts, body| facts.changes.body = Some(body),
            |_, body| body.is_object().then_some(()).ok_or_else(|| "the body is a map".into()),
        );
        changing::<C>(
            engine,
            "query",
            query,
            |facts, query| facts.changes.query = Some(query),
            |_, query| {
                let is_text = |value: &Json| {
                    value.is_string() || value.as_array().is_some_and(|all| all.iter().all(Json::is_string))
                };
                let is_query = query.as_object().is_some_and(|query| query.values().all(is_text));
                is_query.then_some(()).ok_or_else(|| "the query is a map of texts".into())
            },
        );
        changing::<C>(
            engine,
            "headers",
            headers,
            |facts, headers| facts.changes.headers = Some(headers),
            may_set_headers,
        );
    } else {
        fixed::<C>(engine, "body", Facts::body);
        fixed::<C>(engine, "query", query);
        fixed::<C>(engine, "headers", headers);
    }
}

/// What was answered; only its body can be changed.
pub fn register_answer<C: Context>(engine: &mut Engine) {
    engine.register_get("status", |context: &mut C| i64::from(context.facts().answer.status));
    let body = |facts: &Facts| {
        let sent = || serde_json::from_slice(&facts.answer.body).unwrap_or_default();
        Ok(facts.changes.answer.clone().unwrap_or_else(sent))
    };
    changing::<C>(engine, "response", body, |facts, body| facts.changes.answer = Some(body), |_, _| Ok(()));
    fixed::<C>(engine, "new_session", |facts| {
        Ok(facts.answer.new_session.as_ref().map_or(Json::Null, |(session, _)| session.clone()))
    });
    fixed::<C>(engine, "new_user", |facts| {
        Ok(facts.answer.new_session.as_ref().map_or(Json::Null, |(_, user)| user.clone()))
    });
}

#[expect(clippy::unnecessary_wraps, reason = "has the shape of a getter")]
fn query(facts: &Facts) -> Native<Json> {
    let now = || facts.request().map_or(Json::Null, |request| request.query.to_json());
    Ok(facts.changes.query.clone().unwrap_or_else(now))
}

#[expect(clippy::unnecessary_wraps, reason = "has the shape of a getter")]
fn headers(facts: &Facts) -> Native<Json> {
    Ok(facts.changes.headers.clone().unwrap_or_else(|| facts.headers()))
}

fn may_set_headers(facts: &Facts, headers: &Json) -> Native<()> {
    let (Json::Object(before), Some(after)) = (facts.headers(), headers.as_object()) else {
        return Err("the headers are a map".into());
    };
    let names = before.keys().chain(after.keys());
    let mut changed = names.filter(|name| before.get(*name) != after.get(*name));
    let is_bad = |name: &&String| {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let value = after.get(*name).map(|value| value.as_str().is_some_and(|text| !text.contains(char::is_control)));
        !is_plain || name.is_empty() || is_settled(name) || value == Some(false)
    };
    changed.find(is_bad).map_or(Ok(()), |name| Err(format!("the header {name:?} cannot be changed").into()))
}

type Read = fn(&Facts) -> Native<Json>;

fn text<C: Context>(engine: &mut Engine, name: &str, read: fn(&Facts) -> Option<String>) {
    engine.register_get(name, move |context: &mut C| read(&context.facts()).map_or(Dynamic::UNIT, Dynamic::from));
}

/// A part that cannot be changed: an attempt fails, instead of being lost.
fn fixed<C: Context>(engine: &mut Engine, name: &'static str, read: Read) {
    let refuse = move |_: &Facts, _: &Json| Err(format!("ctx.{name} cannot be changed here").into());
    changing::<C>(engine, name, read, |_, _| {}, refuse);
}

/// A part that can be changed. The engine sets a part again after each call of a method on it, changed or not.
fn changing<C: Context>(
    engine: &mut Engine,
    name: &'static str,
    read: Read,
    keep: fn(&mut Facts, Json),
    check: impl Fn(&Facts, &Json) -> Native<()> + Send + Sync + 'static,
) {
    engine.register_get(name, move |context: &mut C| -> Native<Dynamic> {
        let part = read(&context.facts())?;
        // More than a script may hold is more than any endpoint needs.
        if json::fits(&part) { Ok(json::to_script(&part)) } else { Err(refusal(None)) }
    });
    engine.register_set(name, move |context: &mut C, value: Dynamic| -> Native<()> {
        let value = json::from_script(&value)?;
        let mut facts = context.facts();
        if value != read(&facts)? {
            check(&facts, &value)?;
            keep(&mut facts, value);
        }
        Ok(())
    });
}
