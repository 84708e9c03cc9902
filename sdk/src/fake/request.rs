//! Requests, replies and sign-ins as a test makes them.

use crate::error::{ApiError, HostError};
use crate::{Error, Flow, Plugin, Reply, Request, Response};
use serde_json::{Map, Value};
use std::cell::RefCell;

/// A request of a test.
#[derive(Debug, Default)]
pub struct RawRequest {
    method: String,
    path: String,
    query: Map<String, Value>,
    params: RefCell<Vec<(String, String)>>,
    body: RefCell<Option<String>>,
    session: Option<String>,
}

/// An answer of a test.
#[derive(Debug, Default)]
pub struct RawReply {
    status: u16,
    writes_session_cookie: bool,
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

    /// Calls the plugin's route with this method and path.
    ///
    /// # Errors
    /// What the handler refused with; 404 when the plugin has no such route.
    pub fn send(&self, plugin: &Plugin) -> Result<Response, Error> {
        let fits = |route: &&crate::Route| route.method == self.method && params(route.path, &self.path).is_some();
        let Some(route) = plugin.routes.iter().find(fits) else {
            return Err(Error::new(404, "NOT_FOUND", "no such route"));
        };
        self.params.replace(params(route.path, &self.path).unwrap_or_default());
        super::with(|world| world.declared = Some(plugin.tables.clone()));
        (route.handler)(&Request::new(self))
    }

    /// Runs the `before` hooks of the plugin until one answers. Paths and conditions are for the host to look at.
    ///
    /// # Errors
    /// What the first hook refused with.
    pub fn run_before(&self, plugin: &Plugin) -> Result<Option<Response>, Error> {
        super::with(|world| world.declared = Some(plugin.tables.clone()));
        for hook in &plugin.before {
            if let Flow::Respond(response) = (hook.call)(&Request::new(self))? {
                return Ok(Some(response));
            }
        }
        Ok(None)
    }

    /// Runs every `after` hook of the plugin. Paths and conditions are for the host to look at.
    ///
    /// # Errors
    /// What the first hook refused with.
    pub fn run_after(&self, plugin: &Plugin, reply: &RawReply) -> Result<(), Error> {
        plugin.after.iter().try_for_each(|hook| (hook.call)(&Request::new(self), &Reply::new(reply)))
    }

    pub(crate) fn method(&self) -> String {
        self.method.clone()
    }

    pub(crate) fn path(&self) -> String {
        self.path.clone()
    }

    pub(crate) fn param(&self, name: &str) -> Option<String> {
        self.params.borrow().iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.query.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    pub(crate) fn query_json(&self) -> String {
        Value::Object(self.query.clone()).to_string()
    }

    pub(crate) fn header(&self, _name: &str) -> Option<String> {
        None
    }

    pub(crate) fn body(&self) -> Option<String> {
        self.body.borrow().clone()
    }

    pub(crate) fn client_address(&self) -> Option<String> {
        Some("127.0.0.1".to_owned())
    }

    pub(crate) fn user_agent(&self) -> Option<String> {
        None
    }

    pub(crate) fn session(&self) -> Result<Option<String>, HostError> {
        Ok(self.session.clone())
    }

    pub(crate) fn set_body(&self, json: &str) -> Result<(), HostError> {
        *self.body.borrow_mut() = Some(json.to_owned());
        Ok(())
    }
}

/// The values of `:name` in `pattern`; none when `path` is another.
fn params(pattern: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut params = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(wanted), Some(given)) => match wanted.strip_prefix(':') {
                Some(name) => params.push((name.to_owned(), given.to_owned())),
                None if wanted == given => {}
                None => return None,
            },
            _ => return None,
        }
    }
}

impl RawReply {
    /// An answer that signs a user in.
    pub fn signed_in(user: &Value) -> RawReply {
        let new_session = Some(serde_json::json!({ "session": {}, "user": user }).to_string());
        RawReply { status: 200, writes_session_cookie: true, new_session, ..RawReply::default() }
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

impl Error {
    /// The refusal that a client would see, for tests.
    pub fn refusal(self) -> ApiError {
        self.into_refusal()
    }
}
