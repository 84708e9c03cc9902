//! Requests, replies and sign-ins as a test makes them.

use crate::bindings::doorward::plugin::types::HostError;
use serde_json::{Map, Value};
use std::cell::RefCell;

/// A request of a test.
#[derive(Debug, Default)]
pub struct RawRequest {
    method: String,
    path: String,
    query: Map<String, Value>,
    body: RefCell<Option<String>>,
    headers: Vec<(String, String)>,
    params: RefCell<Map<String, Value>>,
}

/// An answer of a test.
#[derive(Debug, Default)]
pub struct RawReply {
    status: u16,
    writes_session_cookie: bool,
    sets_session_cookie: bool,
    new_session: Option<String>,
    headers: RefCell<Vec<(String, String)>>,
    body: RefCell<Option<String>>,
}

/// A sign-in of a test.
#[derive(Debug, Default)]
pub struct RawAttempt {
    user: String,
    method: String,
    plugin: Option<String>,
}

impl RawRequest {
    /// `POST` with a JSON body.
    pub fn post(path: &str, body: &Value) -> RawRequest {
        let body = RefCell::new(Some(body.to_string()));
        RawRequest { method: "POST".to_owned(), path: path.to_owned(), body, ..RawRequest::default() }
    }

    /// `GET` with a query.
    pub fn get(path: &str, query: &[(&str, &str)]) -> RawRequest {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        RawRequest { method: "GET".to_owned(), path: path.to_owned(), query, ..RawRequest::default() }
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
        let params =
            pairs().filter_map(|(wanted, given)| Some((wanted.strip_prefix(':')?.to_owned(), (*given).into())));
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
        self.params.borrow().get(name).and_then(Value::as_str).map(str::to_owned)
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.query.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    pub(crate) fn query_json(&self) -> String {
        Value::Object(self.query.clone()).to_string()
    }

    /// Credentials are the host's: as there, they are not shown.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let is_shown = !matches!(name, "cookie" | "authorization" | "proxy-authorization");
        let found = self.headers.iter().find(|(own, _)| is_shown && own == name);
        found.map(|(_, value)| value.clone())
    }

    pub(crate) fn body(&self) -> Option<String> {
        self.body.borrow().clone()
    }

    pub(crate) fn client_address(&self) -> Option<String> {
        Some("127.0.0.1".to_owned())
    }

    pub(crate) fn user_agent(&self) -> Option<String> {
        self.header("user-agent")
    }

    /// The world's session, without its token.
    pub(crate) fn session(&self) -> Result<Option<String>, HostError> {
        let mut session = super::with(|world| world.session.clone());
        if let Some(fields) = session.as_mut().and_then(|session| session["session"].as_object_mut()) {
            fields.remove("token");
        }
        Ok(session.map(|session| session.to_string()))
    }

    pub(crate) fn set_body(&self, json: &str) -> Result<(), HostError> {
        *self.body.borrow_mut() = Some(json.to_owned());
        Ok(())
    }
}

impl RawReply {
    /// An answer that signs a user in.
    pub fn signed_in(user: &Value) -> RawReply {
        let new_session = Some(serde_json::json!({ "session": {}, "user": user }).to_string());
        let sent = RawReply { writes_session_cookie: true, sets_session_cookie: true, ..RawReply::plain(200) };
        RawReply { new_session, ..sent }
    }

    /// An answer that deletes the session cookie.
    pub fn signed_out() -> RawReply {
        RawReply { writes_session_cookie: true, ..RawReply::plain(200) }
    }

    /// 200 with a body.
    pub fn with_body(body: &Value) -> RawReply {
        let body = RefCell::new(Some(body.to_string()));
        RawReply { status: 200, body, ..RawReply::default() }
    }

    /// The body as the hooks left it.
    pub fn json_body(&self) -> Option<Value> {
        self.body().and_then(|text| serde_json::from_str(&text).ok())
    }

    /// An answer that has nothing to do with sessions.
    pub fn plain(status: u16) -> RawReply {
        RawReply { status, ..RawReply::default() }
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn body(&self) -> Option<String> {
        self.body.borrow().clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.borrow().iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn writes_session_cookie(&self) -> bool {
        self.writes_session_cookie
    }

    pub(super) fn sets_session_cookie(&self) -> bool {
        self.sets_session_cookie
    }

    pub(crate) fn new_session(&self) -> Option<String> {
        self.new_session.clone()
    }

    pub(crate) fn sign_in_method(&self) -> Option<String> {
        self.new_session.as_ref().map(|_| "email".to_owned())
    }

    pub(crate) fn set_header(&self, name: &str, value: &str) -> Result<(), HostError> {
        self.headers.borrow_mut().push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    pub(crate) fn set_body(&self, json: &str) -> Result<(), HostError> {
        *self.body.borrow_mut() = Some(json.to_owned());
        Ok(())
    }
}

impl RawAttempt {
    /// A sign-in of `user` by `method`.
    pub fn new(user: &Value, method: &str) -> RawAttempt {
        RawAttempt { user: user.to_string(), method: method.to_owned(), plugin: None }
    }

    /// The same sign-in, made by a plugin.
    pub fn of_plugin(mut self, id: &str) -> RawAttempt {
        self.plugin = Some(id.to_owned());
        self
    }

    pub(crate) fn user(&self) -> String {
        self.user.clone()
    }

    pub(crate) fn method(&self) -> String {
        self.method.clone()
    }

    pub(crate) fn path(&self) -> String {
        "/sign-in/email".to_owned()
    }

    pub(crate) fn plugin(&self) -> Option<String> {
        self.plugin.clone()
    }

    pub(crate) fn remember(&self) -> bool {
        true
    }

    pub(crate) fn client_address(&self) -> Option<String> {
        Some("127.0.0.1".to_owned())
    }

    pub(crate) fn user_agent(&self) -> Option<String> {
        None
    }
}
