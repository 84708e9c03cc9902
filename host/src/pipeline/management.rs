//! The management API: server-only functions for an application's backend, and health, readiness and metrics.
//!
//! Invariant: nothing here is reachable on the public address; `server` binds it to an address of its own.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::metrics::Metrics;
use super::{Extensions, Pipeline};
use crate::config::ManagementKey;
use crate::crypto::{constant_time_eq, sha256};
use crate::error::{ApiError, Code};
use crate::exchange::Route;
use crate::http::{Headers, Mount, Query, Request, RequestHead, Response};
use crate::outbox::Deliveries;
use crate::store::Models;
use crate::store::outbox;

/// Functions by name.
pub type Functions = HashMap<String, Arc<Route>>;

/// Who may call the functions of the core and of plugins.
pub struct Management {
    keys: Vec<ManagementKey>,
    deliveries: Option<Arc<Deliveries>>,
}

impl Management {
    /// An API for these keys. Readiness tells of the sender, when there is one.
    pub fn new(keys: Vec<ManagementKey>, deliveries: Option<Arc<Deliveries>>) -> Self {
        Self { keys, deliveries }
    }

    /// Answers one request to the management address; its path is the whole path.
    pub async fn answer(&self, pipeline: &Pipeline, request: Request) -> Response {
        let answered = match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/health") => Ok(Response::json(&json!({ "status": "ok" }))),
            ("GET", "/ready") => self.ready(pipeline).await,
            ("GET", "/metrics") => metrics(pipeline).await,
            ("POST", path) => return self.call(pipeline, path.trim_start_matches('/').to_owned(), request).await,
            _ => Err(Code::FUNCTION_NOT_FOUND.into()),
        };
        answered.unwrap_or_else(|error| Response::from(&error))
    }

    /// 200 when the database can be read and written and the sender works, else 503.
    async fn ready(&self, pipeline: &Pipeline) -> Result<Response, ApiError> {
        let store = &*pipeline.auth().store;
        store.find_one("user", &[crate::store::eq("id", "")]).await?;
        // It goes the way of every write, and no row has this id.
        outbox::delete(store, "").await?;
        if self.deliveries.as_ref().is_some_and(|deliveries| !deliveries.is_alive()) {
            return Err(ApiError::new(503, "SENDER_STOPPED", "The sender of mail does not work"));
        }
        Ok(Response::json(&json!({ "status": "ready" })))
    }

    /// Checks the key, then its scope, then the call's form; every call leaves an audit event.
    async fn call(&self, pipeline: &Pipeline, name: String, request: Request) -> Response {
        let id = request.id.clone();
        let peer = request.peer;
        let key = self.key_of(&request);
        let key_name = key.map(|key| key.name.as_str());
        let extensions = pipeline.extensions();
        // Who learns what a key may do, or which functions there are, has a key.
        let (response, code) = match admit(&extensions, key, &name, request) {
            Ok((function, request)) => (pipeline.call_function(&extensions, request, function).await, None),
            Err(error) => (Response::from(&error), error.code().map(str::to_owned)),
        };
        tracing::info!(
            target: "audit",
            event = "management-call",
            function = ?name,
            key = key_name,
            outcome = if response.status >= 400 { "refused" } else { "done" },
            status = response.status,
            code,
            client = peer.map(tracing::field::display),
            request_id = id,
        );
        response
    }

    /// The key in the one `Authorization: Bearer` header. All keys are compared, each in constant time.
    fn key_of(&self, request: &Request) -> Option<&ManagementKey> {
        let mut headers = request.headers.all("authorization");
        let (Some(header), None) = (headers.next(), headers.next()) else { return None };
        let (scheme, given) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let given = sha256(given.trim().as_bytes());
        let is_given = |key: &&ManagementKey| constant_time_eq(&sha256(key.value.expose().as_bytes()), &given);
        self.keys.iter().fold(None, |found, key| if is_given(&key) { Some(key) } else { found })
    }
}

fn admit(
    extensions: &Extensions,
    key: Option<&ManagementKey>,
    name: &str,
    request: Request,
) -> Result<(Arc<Route>, Request), ApiError> {
    let key = key.ok_or(Code::UNAUTHORIZED)?;
    if !key.scopes.iter().any(|scope| scope == "*" || scope == name) {
        return Err(Code::INSUFFICIENT_SCOPE.into());
    }
    let function = extensions.functions.get(name).cloned().ok_or(Code::FUNCTION_NOT_FOUND)?;
    Ok((function, read_call(name, request)?))
}

/// Turns `{"body", "query", "headers"}` into the request that the function sees.
fn read_call(name: &str, request: Request) -> Result<Request, ApiError> {
    let bad = |message: &'static str| ApiError::new(400, "BAD_REQUEST", message);
    let mut call = match serde_json::from_slice(&request.raw_body) {
        Ok(Json::Object(call)) => call,
        _ if request.raw_body.is_empty() => Map::new(),
        _ => return Err(bad("The call must be a JSON object with `body`, `query` and `headers`")),
    };
    let body = call.remove("body").filter(|body| !body.is_null());
    let query = pairs(call.remove("query")).ok_or_else(|| bad("`query` must be an object of strings"))?;
    let headers = pairs(call.remove("headers")).ok_or_else(|| bad("`headers` must be an object of strings"))?;
    if !call.is_empty() {
        return Err(bad("A call has no other members than `body`, `query` and `headers`"));
    }
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let mut plain = Headers::default();
    headers.into_iter().for_each(|(name, value)| plain.push(name.to_ascii_lowercase(), value));
    let head = RequestHead {
        id: request.id.clone(),
        method: request.method.clone(),
        mount: Mount::Base,
        path: format!("/{name}"),
        query: Query::parse(&encoded),
        headers: plain,
        peer: None,
        client_address: None,
    };
    Ok(Request { head: Arc::new(head), body, ..request })
}

/// An object's texts, and the items of its lists of texts; `None` for anything else.
fn pairs(value: Option<Json>) -> Option<Vec<(String, String)>> {
    let fields = match value {
        None | Some(Json::Null) => return Some(Vec::new()),
        Some(Json::Object(fields)) => fields,
        Some(_) => return None,
    };
    let mut pairs = Vec::new();
    for (name, value) in fields {
        match value {
            Json::String(text) => pairs.push((name, text)),
            Json::Array(items) => {
                for item in items {
                    let Json::String(text) = item else { return None };
                    pairs.push((name.clone(), text));
                }
            }
            _ => return None,
        }
    }
    Some(pairs)
}

async fn metrics(pipeline: &Pipeline) -> Result<Response, ApiError> {
    let auth = pipeline.auth();
    let waiting_hashes = auth.passwords.waiting() as u64;
    let waiting_mail = outbox::depth(&*auth.store).await?;
    let mut text = pipeline.metrics.render(&[
        ("doorward_hash_queue_depth", "Passwords that wait to be hashed.", waiting_hashes),
        ("doorward_outbox_depth", "Mails that wait to be delivered.", waiting_mail),
    ]);
    text.push_str(&Metrics::render_scripts(&pipeline.script_counts()));
    text.push_str(&Metrics::render_plugins(&pipeline.plugin_counters()));
    Ok(Response::with_type(200, "text/plain; version=0.0.4; charset=utf-8", text))
}
