//! The HTTP server: turns actix's requests into plain ones and back. The only place that names actix.

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody, SizedStream};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App as ActixApp, HttpRequest, HttpResponse, HttpServer, web};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use crate::app::App;
use crate::error::{ApiError, Code};
use crate::http::{Headers, Query, Request, RequestHead, Response, encode_component};
use crate::outbox::dev_mailbox;
use crate::pipeline::respond;

/// How long a client may take to send the head of its request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Bytes of a body beyond its limit that are read before the connection is cut.
const DROPPED_BYTES: usize = 2 << 20;

/// Serves until the process is told to stop; then lets requests in flight finish.
///
/// # Errors
/// When the workers cannot be started.
pub async fn serve(app: Arc<App>, listeners: Listeners) -> std::io::Result<()> {
    let app = web::Data::from(app);
    let workers = match app.config.server.workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        workers => workers,
    };
    let (public, management) = (app.clone(), app);
    let factory = move || ActixApp::new().app_data(public.clone()).default_service(web::to(handle));
    let public = HttpServer::new(factory)
        .workers(workers)
        .client_request_timeout(HEAD_TIMEOUT)
        // Without it, actix goes on reading for ever from a client that never stops sending.
        .client_disconnect_timeout(Duration::ZERO)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(10)
        .listen(listeners.public)?
        .run();
    let Some(listener) = listeners.management else { return public.await };
    let factory = move || ActixApp::new().app_data(management.clone()).default_service(web::to(handle_management));
    let management = HttpServer::new(factory)
        .workers(1)
        .client_request_timeout(HEAD_TIMEOUT)
        // Without it, actix goes on reading for ever from a client that never stops sending.
        .client_disconnect_timeout(Duration::ZERO)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(10)
        .listen(listener)?
        .run();
    tokio::try_join!(public, management).map(drop)
}

/// The addresses that the server listens on.
pub struct Listeners {
    /// For clients.
    pub public: TcpListener,
    /// For the application's own backend.
    pub management: Option<TcpListener>,
}

async fn handle_management(app: web::Data<App>, request: HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let Some(management) = &app.management else { return cut(into_actix(&Response::bare(404)), payload) };
    let path = request.uri().path().to_owned();
    match read_body(&app, &mut payload).await {
        Ok(body) => into_actix(&management.answer(&app.pipeline, into_plain(&app, &request, path, body)).await),
        Err(error) => cut(into_actix(&Response::from(&error)), payload),
    }
}

async fn handle(app: web::Data<App>, request: HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let raw_path = request.uri().path();
    let host = request.headers().get("host").and_then(|host| host.to_str().ok());
    let visitor = dev_mailbox::Visitor { peer: request.peer_addr().map(|address| address.ip()), host };
    if let Some(response) = dev_mailbox::answer(app.mailbox.as_deref(), raw_path, visitor) {
        return into_actix(&response);
    }
    let Some(path) = below(&app.config.base_path, raw_path) else {
        return cut(refuse(&app, Response::bare(404)), payload);
    };
    let path = path.to_owned();
    match read_body(&app, &mut payload).await {
        Ok(body) => into_actix(&app.pipeline.answer(into_plain(&app, &request, path, body)).await),
        Err(error) => cut(refuse(&app, Response::from(&error)), payload),
    }
}

/// An answer that the pipeline did not make.
fn refuse(app: &App, mut response: Response) -> HttpResponse {
    respond::protect(&mut response, &app.config);
    into_actix(&response)
}

/// The path behind the base path; `None` when it lies elsewhere.
fn below<'a>(base_path: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(base_path).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Ends the connection after an answer to a request whose body was not read to its end. Keeping the payload alive in
/// the response makes actix close; dropping it makes actix drain the upload.
fn cut(answer: HttpResponse, payload: web::Payload) -> HttpResponse {
    answer.map_body(|_, body| {
        let body = body.try_into_bytes().unwrap_or_default();
        let length = body.len() as u64;
        let holding = stream::iter([Ok::<_, Infallible>(body)]).inspect(move |_| _ = &payload);
        BoxBody::new(SizedStream::new(length, holding))
    })
}

async fn read_body(app: &App, payload: &mut web::Payload) -> Result<Bytes, ApiError> {
    let options = &app.config.server;
    let reading = read_limited(payload, options.max_body_bytes);
    let read = tokio::time::timeout(Duration::from_millis(options.body_timeout_ms), reading).await;
    read.unwrap_or_else(|_| Err(ApiError::new(408, "REQUEST_TIMEOUT", "The request body took too long")))
}

/// Reads a body of at most `limit` bytes. Up to [`DROPPED_BYTES`] beyond the limit are read and dropped, because a
/// client that is cut off while it sends may never see why it was refused.
async fn read_limited(payload: &mut web::Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::new();
    let mut dropped = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::new(400, "BAD_REQUEST", "The request body could not be read"))?;
        if dropped == 0 && body.len() + chunk.len() <= limit {
            body.extend_from_slice(&chunk);
            continue;
        }
        dropped += chunk.len();
        if dropped > DROPPED_BYTES {
            break;
        }
    }
    if dropped == 0 { Ok(body.freeze()) } else { Err(Code::PAYLOAD_TOO_LARGE.into()) }
}

fn into_plain(app: &App, request: &HttpRequest, path: String, raw_body: Bytes) -> Request {
    let mut headers = Headers::default();
    for (name, value) in request.headers() {
        headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    let auth = app.pipeline.auth();
    let head = RequestHead {
        id: auth.random.string(crate::crypto::random::LOWER_ALPHANUMERIC, 16),
        method: request.method().as_str().to_owned(),
        path,
        query: Query::parse(request.uri().query().unwrap_or_default()),
        headers,
        peer: request.peer_addr().map(|address| address.ip()),
        client_address: None,
    };
    Request { head: Arc::new(head), raw_body, body: None, received_at: auth.now() }
}

fn into_actix(response: &Response) -> HttpResponse {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponse::build(status);
    for (name, value) in response.headers.iter() {
        // A header that HTTP does not allow is left out rather than sent broken.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(&header_bytes(value))) {
            builder.append_header((name, value));
        }
    }
    builder.body(response.body.clone())
}

/// Headers are Latin-1 on the wire, as the reference sends them; other characters are percent-encoded.
fn header_bytes(value: &str) -> Cow<'_, [u8]> {
    if value.is_ascii() {
        return Cow::Borrowed(value.as_bytes());
    }
    let mut bytes = Vec::with_capacity(value.len());
    for letter in value.chars() {
        match u8::try_from(letter) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend(encode_component(letter.encode_utf8(&mut [0; 4])).bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// Runs a future to its end on a runtime that [`serve`] can be called from.
///
/// # Errors
/// When the runtime cannot be started.
pub fn block_on<T>(future: impl Future<Output = T>) -> std::io::Result<T> {
    Ok(actix_web::rt::System::new().block_on(future))
}
