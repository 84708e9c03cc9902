//! The management API: functions and endpoints for an application's backend, and health, readiness and metrics.
//!
//! Invariant: nothing here is reachable on the public address; `server` binds it to an address of its own.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::functions::Function;
use super::probe::Probe;
use super::{Extensions, Pipeline};
use crate::auth::audit::{ActorKind, AuditEvent};
use crate::config::ManagementKey;
use crate::crypto::{constant_time_eq, sha256};
use crate::error::{ApiError, Code};
use crate::exchange::Route;
use crate::http::{Headers, Mount, Query, Request, RequestHead, Response};
use crate::outbox::Deliveries;
use crate::telemetry::render;

/// Endpoints that act for the user in the call's `userId`, when the call has no session.
const FOR_A_USER: [&str; 3] = ["/get-access-token", "/refresh-token", "/account-info"];

/// A call that was admitted.
pub(super) struct Call {
    /// What the endpoint sees.
    pub request: Request,
    /// Values of the route's `:parameters`.
    pub params: Vec<(String, String)>,
    /// The function or the endpoint.
    pub route: Arc<Route>,
    /// The user whom the call is for, when it has no session.
    pub for_user: Option<String>,
    /// The name of the key that the call came with.
    pub key: Option<String>,
}

/// Who may call the functions and endpoints of the core and of plugins.
pub struct Management {
    keys: Vec<ManagementKey>,
    deliveries: Option<Arc<Deliveries>>,
    probe: Probe,
}

impl Management {
    /// An API for these keys. Readiness tells of the sender, when there is one.
    pub fn new(keys: Vec<ManagementKey>, deliveries: Option<Arc<Deliveries>>) -> Self {
        Self { keys, deliveries, probe: Probe::default() }
    }

    /// Answers one request to the management address; its path is the whole path.
    pub async fn answer(&self, pipeline: &Pipeline, request: Request) -> Response {
        let answered = match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/health") => Ok(Response::json(&json!({ "status": "ok" }))),
            ("GET", "/ready") => self.ready(pipeline).await,
            ("GET", "/metrics") => Ok(self.metrics(pipeline).await),
            ("POST", path) => return self.call(pipeline, path.trim_start_matches('/').to_owned(), request).await,
            _ => Err(Code::FUNCTION_NOT_FOUND.into()),
        };
        answered.unwrap_or_else(|error| Response::from(&error))
    }

    /// 200 when the database can be read and written and the sender works, else 503.
    async fn ready(&self, pipeline: &Pipeline) -> Result<Response, ApiError> {
        self.probe.readiness(pipeline.auth()).await?;
        if self.deliveries.as_ref().is_some_and(|deliveries| !deliveries.is_alive()) {
            return Err(ApiError::new(503, "SENDER_STOPPED", "The sender of mail does not work"));
        }
        Ok(Response::json(&json!({ "status": "ready" })))
    }

    /// What was counted, for Prometheus.
    async fn metrics(&self, pipeline: &Pipeline) -> Response {
        let text = render(&pipeline.numbers(&self.probe).await);
        Response::with_type(200, "text/plain; version=0.0.4; charset=utf-8", text)
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
            Ok(mut call) => {
                call.request.client_address = pipeline.address_told(&call.request);
                call.key = key_name.map(str::to_owned);
                (pipeline.call_function(&extensions, call).await, None)
            }
            Err(error) => (Response::from(&error), error.code().map(str::to_owned)),
        };
        if code.is_some() {
            // What an admitted call does has an event of its own.
            pipeline.auth().audit.record(AuditEvent {
                is_done: false,
                status: Some(response.status),
                code: code.clone(),
                actor_kind: if key.is_some() { ActorKind::Key } else { ActorKind::Stranger },
                actor: key_name.map(str::to_owned),
                request: Some(("POST".to_owned(), format!("/{name}"))),
                client: peer.map(|peer| peer.to_string()),
                request_id: Some(id.clone()),
                ..AuditEvent::new("management-call", pipeline.auth().now())
            });
        }
        tracing::info!(
            target: "audit",
            event = "management-call",
            function = name,
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

fn admit(extensions: &Extensions, key: Option<&ManagementKey>, name: &str, request: Request) -> Result<Call, ApiError> {
    let key = key.ok_or(Code::UNAUTHORIZED)?;
    let functions = &extensions.functions;
    let function = functions.find(name);
    // A scope is any name of the function.
    let is_of = |scope: &str| match (function, functions.find(scope)) {
        (Some(function), Some(scope)) => Arc::ptr_eq(function, scope),
        _ => scope == name,
    };
    if !key.scopes.iter().any(|scope| scope == "*" || is_of(scope)) {
        return Err(Code::INSUFFICIENT_SCOPE.into());
    }
    read_call(function.ok_or(Code::FUNCTION_NOT_FOUND)?, request)
}

/// Turns `{"body", "query", "headers", "params", "method"}` into the request that the function sees.
fn read_call(function: &Function, request: Request) -> Result<Call, ApiError> {
    let mut call = match serde_json::from_slice(&request.raw_body) {
        Ok(Json::Object(call)) => call,
        _ if request.raw_body.is_empty() => Map::new(),
        _ => return Err(bad("The call must be a JSON object with `body`, `query` and `headers`")),
    };
    let body = call.remove("body").filter(|body| !body.is_null());
    let query = pairs(call.remove("query")).ok_or_else(|| bad("`query` must be an object of strings"))?;
    let headers = pairs(call.remove("headers")).ok_or_else(|| bad("`headers` must be an object of strings"))?;
    let given = pairs(call.remove("params")).ok_or_else(|| bad("`params` must be an object of strings"))?;
    let method = call.remove("method").filter(|method| !method.is_null());
    if !call.is_empty() {
        return Err(bad("A call has no other members than `body`, `query`, `headers`, `params` and `method`"));
    }
    let route = match &method {
        None => function.route(None),
        Some(method) => function.route(Some(method.as_str().unwrap_or_default())),
    };
    let route = Arc::clone(route.ok_or_else(|| bad("`method` must be a method of this endpoint"))?);
    let (path, params) = filled(&route.path, &given)?;
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let mut plain = Headers::default();
    headers.into_iter().for_each(|(name, value)| plain.push(name.to_ascii_lowercase(), value));
    let head = RequestHead {
        id: request.id.clone(),
        method: route.method.clone(),
        is_head: false,
        mount: Mount::Base,
        path,
        query: Query::parse(&encoded),
        headers: plain,
        peer: None,
        client_address: None,
    };
    let raw_body = body.as_ref().map(|body| body.to_string().into()).unwrap_or_default();
    let for_user = FOR_A_USER.contains(&route.path.as_str()).then(|| user_id(body.as_ref(), &head)).flatten();
    Ok(Call {
        request: Request { head: Arc::new(head), raw_body, body, ..request },
        params,
        route,
        for_user,
        key: None,
    })
}

fn bad(message: &'static str) -> ApiError {
    ApiError::new(400, "BAD_REQUEST", message)
}

/// The path of a route with its parameters filled in, and the parameters. None may be missing, and none hold a slash.
fn filled(pattern: &str, given: &[(String, String)]) -> Result<(String, Vec<(String, String)>), ApiError> {
    let mut params = Vec::new();
    let mut segments = Vec::new();
    for segment in pattern.split('/') {
        let Some(name) = segment.strip_prefix(':') else {
            segments.push(segment);
            continue;
        };
        let value = given.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let value = value.filter(|value| !value.is_empty() && !value.contains('/'));
        let value = value.ok_or_else(|| bad("`params` must have every parameter of the path"))?;
        params.push((name.to_owned(), value.to_owned()));
        segments.push(value);
    }
    Ok((segments.join("/"), params))
}

fn user_id(body: Option<&Json>, head: &RequestHead) -> Option<String> {
    let in_body = body.and_then(|body| body.get("userId")).and_then(Json::as_str);
    in_body.or_else(|| head.query.get("userId")).map(str::to_owned)
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
