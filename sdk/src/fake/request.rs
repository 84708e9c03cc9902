//! Requests as a test makes them.

use super::duty::{Sight, moment, sight};
use super::redaction;
use crate::bindings::doorward::plugin::types::HostError;
use doorward_contract::Moment;
use serde_json::{Map, Value};
use std::cell::RefCell;

/// A request of a test.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{self, RawRequest};
/// # fake::reset();
/// let plugin = Plugin::new("invites", "1.0.0")
///     .route(Route::delete("/invites/:code", |request, ()| {
///         Response::json(&json!([request.param("code"), request.query("why"), request.client_address()]))
///     }));
/// let request = RawRequest::new("DELETE", "/invites/K%207").with_query("why", "sent twice").from_address("192.0.2.7");
/// assert_eq!(fake::body(&request.send(&plugin)?), json!(["K 7", "sent twice", "192.0.2.7"]));
/// assert_eq!(RawRequest::get("/invites/K7", &[]).send(&plugin).unwrap_err().refusal().status, 404);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct RawRequest {
    method: String,
    path: String,
    query: Map<String, Value>,
    body: RefCell<Option<String>>,
    headers: Vec<(String, String)>,
    params: RefCell<Map<String, Value>>,
    client_address: Option<String>,
    bytes: Option<Vec<u8>>,
    is_from_proxy: bool,
}

impl RawRequest {
    /// A request with this method, in capitals, and without a body. The path is as it came: `/seats/a%20b`.
    pub fn new(method: &str, path: &str) -> RawRequest {
        RawRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            query: Map::new(),
            body: RefCell::new(None),
            headers: Vec::new(),
            params: RefCell::default(),
            client_address: Some("127.0.0.1".to_owned()),
            bytes: None,
            is_from_proxy: false,
        }
    }

    /// `POST` with a JSON body.
    pub fn post(path: &str, body: &Value) -> RawRequest {
        RawRequest::new("POST", path).with_body(body)
    }

    /// `GET` with a query.
    pub fn get(path: &str, query: &[(&str, &str)]) -> RawRequest {
        query.iter().fold(RawRequest::new("GET", path), |request, (name, value)| request.with_query(name, value))
    }

    /// The same request with a JSON body.
    pub fn with_body(self, body: &Value) -> RawRequest {
        RawRequest { body: RefCell::new(Some(body.to_string())), ..self }
    }

    /// The same request with a body of another type.
    pub fn with_bytes(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> RawRequest {
        self.bytes = Some(bytes.into());
        self.with_header("content-type", content_type)
    }

    /// The same request, sent by a proxy that the operator trusts.
    pub fn through_proxy(mut self) -> RawRequest {
        self.is_from_proxy = true;
        self
    }

    /// The same request with one more parameter in its query.
    pub fn with_query(mut self, name: &str, value: &str) -> RawRequest {
        self.query.insert(name.to_owned(), Value::from(value));
        self
    }

    /// The same request, from a client with this address.
    pub fn from_address(mut self, address: &str) -> RawRequest {
        self.client_address = Some(address.to_owned());
        self
    }

    /// The same request with a header.
    pub fn with_header(mut self, name: &str, value: &str) -> RawRequest {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Whether the path matches a route's; keeps what stands for `:name`.
    pub(super) fn takes_params_of(&self, pattern: &str) -> bool {
        let (wanted, given): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), self.path.split('/').collect());
        let pairs = || wanted.iter().zip(&given);
        let matches =
            |(wanted, given): (&&str, &&str)| wanted == given || (wanted.starts_with(':') && !given.is_empty());
        if wanted.len() != given.len() || !pairs().all(matches) {
            return false;
        }
        let params = pairs().filter_map(|(wanted, given)| {
            Some((wanted.strip_prefix(':')?.to_owned(), crate::percent::decode(given).into()))
        });
        self.params.replace(params.collect());
        true
    }

    /// Whether it has the header, shown or not.
    pub(super) fn carries(&self, name: &str) -> bool {
        let is_there = super::with(|world| match name {
            "authorization" => world.bearer.is_some(),
            "cookie" => world.session.is_some() || !world.cookies.is_empty(),
            _ => false,
        });
        is_there || self.headers.iter().any(|(own, _)| own == name)
    }

    pub(crate) fn method(&self) -> String {
        self.method.clone()
    }

    pub(crate) fn path(&self) -> String {
        self.path.clone()
    }

    pub(crate) fn param(&self, name: &str) -> Option<String> {
        let params = self.params.borrow();
        params.get(name).filter(|_| is_shown(name)).and_then(Value::as_str).map(str::to_owned)
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.query.get(name).filter(|_| is_shown(name)).and_then(Value::as_str).map(str::to_owned)
    }

    pub(crate) fn query_json(&self) -> String {
        let Sight { reads_request, secrets, .. } = sight();
        let query = Value::Object(if reads_request || is_own_query() { self.query.clone() } else { Map::new() });
        if secrets || is_own_query() { query.to_string() } else { redaction::shown(&query).to_string() }
    }

    /// Credentials are the host's: as there, they are not shown.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let is_hidden = matches!(name, "cookie" | "authorization" | "proxy-authorization");
        let found = self.headers.iter().find(|(own, _)| !is_hidden && own == name && is_shown(name));
        found.map(|(_, value)| value.clone())
    }

    pub(crate) fn body(&self) -> Option<String> {
        let Sight { reads_request, secrets, .. } = sight();
        let body = self.body.borrow().clone().filter(|_| reads_request)?;
        if secrets {
            return Some(body);
        }
        let body: Value = serde_json::from_str(&body).ok()?;
        Some(redaction::shown(&body).to_string())
    }

    pub(crate) fn raw_body(&self) -> Option<Vec<u8>> {
        let is_route = moment().is_none_or(|moment| moment == Moment::Route);
        let json = || self.body.borrow().clone().map(String::into_bytes);
        let is_route = is_route && !(moment().is_some() && super::with(|world| world.reads_chunks));
        self.bytes.clone().or_else(json).filter(|bytes| is_route && !bytes.is_empty())
    }

    pub(crate) fn proxy_header(&self, name: &str) -> Option<String> {
        self.header(name).filter(|_| self.is_from_proxy)
    }

    /// Whether the body is none of JSON.
    pub(super) fn has_bytes(&self) -> bool {
        self.bytes.is_some()
    }

    pub(crate) fn client_address(&self) -> Option<String> {
        self.client_address.clone().filter(|_| sight().reads_request)
    }

    pub(crate) fn user_agent(&self) -> Option<String> {
        self.header("user-agent")
    }

    /// The world's session, without its token: ids alone for who only observes.
    pub(crate) fn session(&self) -> Result<Option<String>, HostError> {
        let mut session = super::with(|world| world.session.clone());
        if let Some(fields) = session.as_mut().and_then(|session| session["session"].as_object_mut()) {
            fields.remove("token");
        }
        let sees_all = sight().reads_request || matches!(moment(), Some(Moment::Claims | Moment::Section));
        let session = session.map(|session| if sees_all { session } else { ids(&session) });
        Ok(session.map(|session| session.to_string()))
    }

    pub(crate) fn set_body(&self, json: &str) -> Result<(), HostError> {
        let Sight { changes_request, secrets, .. } = sight();
        if moment().is_some_and(|moment| moment != Moment::Before) {
            return Err(HostError::Denied("the body changes only in a `before` hook".to_owned()));
        }
        if !changes_request {
            return Err(HostError::Denied("`changes-request` is not granted on this path".to_owned()));
        }
        let written =
            serde_json::from_str(json).map_err(|error| HostError::Invalid(format!("the body is no JSON: {error}")))?;
        let was = self.body.borrow().as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let body: Value = if secrets { written } else { redaction::restored(&was, written) };
        *self.body.borrow_mut() = Some(body.to_string());
        Ok(())
    }
}

/// Whether the present call may read a part of the request with this name.
fn is_shown(name: &str) -> bool {
    let Sight { reads_request, secrets, .. } = sight();
    is_own_query() || (reads_request && (secrets || !redaction::is_secret(name)))
}

/// A section reads its own parameters of the page's address.
fn is_own_query() -> bool {
    moment() == Some(Moment::Section)
}

fn ids(session: &Value) -> Value {
    let id = |path: &str| session.pointer(path).cloned().unwrap_or_default();
    let own = serde_json::json!({ "id": id("/session/id"), "userId": id("/session/userId") });
    serde_json::json!({ "session": own, "user": { "id": id("/user/id") } })
}
