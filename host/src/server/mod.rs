//! The HTTP server: turns actix's requests into plain ones and back. The only place that names actix.

mod connection;
mod end;
mod gate;
mod open_files;
mod upload;

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{ConnectionType, HttpService, Protocol, Request as HttpHead, Response as HttpAnswer};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::body::{BodySize, BodyStream, BoxBody, MessageBody, SizedStream};
use actix_web::dev::AppConfig;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::rt::net::TcpStream;
use actix_web::{App as ActixApp, HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::app::App;
use crate::crypto::tls::Certificate;
use crate::error::{ApiError, Code};
use crate::http::chunks::CutOff;
use crate::http::{Headers, Mount, Query, Request, RequestHead, Response, encode_component};
use connection::{Connection, HEAD_TIMEOUT, Progress, Transport};
use gate::Gate;

const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Bytes of a body beyond its limit that are read before the connection is cut.
const DROPPED_BYTES: usize = 2 << 20;
const SHUTDOWN_SECS: u64 = 10;
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Serves until the process is told to stop; then lets requests in flight finish, and after them deliveries.
///
/// # Errors
/// When the workers cannot be started.
pub async fn serve(app: Arc<App>, listeners: Listeners) -> std::io::Result<()> {
    end::tell()?;
    let options = &app.config.server;
    let workers = match options.workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        workers => workers,
    };
    let room = open_files::room_for_connections();
    let rule = app.pipeline.address_rule();
    let gate = Gate::new(rule, room, options.max_connections_per_address);
    let data = web::Data::from(Arc::clone(&app));
    let tls = app.certificate.as_ref().map(Certificate::acceptor).transpose().map_err(std::io::Error::other)?;
    let public = Listening { listener: listeners.public, workers, gate: Some(gate), tls };
    let public_app = data.clone();
    let public = run(public, move || ActixApp::new().app_data(public_app.clone()).default_service(web::to(handle)))?;
    match listeners.management {
        None => public.await?,
        Some(listener) => {
            let management = Listening { listener, workers: 1, gate: None, tls: None };
            let factory = move || ActixApp::new().app_data(data.clone()).default_service(web::to(handle_management));
            tokio::try_join!(public, run(management, factory)?).map(drop)?;
        }
    }
    app.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// One address that is listened on.
struct Listening {
    listener: TcpListener,
    workers: usize,
    /// Bounds the connections of each address.
    gate: Option<Arc<Gate>>,
    tls: Option<TlsAcceptor>,
}

/// Starts the workers of one address.
fn run<F, I, S, B>(listening: Listening, factory: F) -> std::io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, HttpHead>,
    S: ServiceFactory<HttpHead, Config = AppConfig, Error = actix_web::Error> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<HttpAnswer<B>> + 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let Listening { listener, workers, gate, tls } = listening;
    let builder = Server::build().workers(workers).shutdown_timeout(SHUTDOWN_SECS);
    let stopping = builder.graceful_shutdown_signal();
    let name = listener.local_addr()?.to_string();
    let service = move || {
        let (stopping, gate, tls) = (stopping.clone(), gate.clone(), tls.clone());
        let app = factory().into_factory().map_err(|error| error.error_response());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIMEOUT)
            // Without it, actix goes on reading for ever from a client that never stops sending.
            .client_disconnect_timeout(Duration::ZERO)
            .on_connect_ext(|connection: &Connection, data| _ = data.insert(connection.progress()))
            .finish(map_config(app, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| admit(stream, gate.clone(), tls.clone())).and_then(http)
    };
    Ok(builder.listen(name, listener, service)?.run())
}

/// Lets a connection in and makes it secure, or tells the client that it has too many.
async fn admit(
    stream: TcpStream,
    gate: Option<Arc<Gate>>,
    tls: Option<TlsAcceptor>,
) -> Result<(Connection, Protocol, Option<SocketAddr>), DispatchError> {
    let peer = stream.peer_addr()?;
    let admission = gate.as_ref().map(|gate| gate.admit(peer.ip()));
    if let Some(None) = admission {
        // Whoever does not take it at once learns it from the closed connection.
        _ = stream.try_write(BUSY);
        return Err(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into());
    }
    stream.set_nodelay(true)?;
    let stream = match tls {
        None => Transport::Left(stream),
        Some(tls) => {
            // A client that says nothing holds a place no longer than one that sends no head.
            let secured = timeout(HEAD_TIMEOUT, tls.accept(stream)).await;
            Transport::Right(Box::new(secured.map_err(std::io::Error::from)??))
        }
    };
    Ok((Connection::new(stream, admission.flatten()), Protocol::Http1, Some(peer)))
}

/// The addresses that the server listens on.
pub struct Listeners {
    /// For clients.
    pub public: TcpListener,
    /// For the application's own backend.
    pub management: Option<TcpListener>,
}

async fn handle_management(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    in_turn(&request, pin!(answer_management(&app, &request, payload))).await
}

async fn answer_management(app: &App, request: &HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let Some(management) = &app.management else { return cut(into_actix(Response::bare(404)), payload) };
    let path = (Mount::Base, request.uri().path());
    match read_body(app, &mut payload).await {
        Ok(body) => into_actix(management.answer(&app.pipeline, into_plain(app, request, path, body)).await),
        Err(error) => cut(into_actix(Response::from(&error)), payload),
    }
}

async fn handle(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    in_turn(&request, pin!(answer(&app, &request, payload))).await
}

/// Answers in the connection's turn. A chunked request is the last one of its connection: whatever actix takes for the
/// next is not answered.
async fn in_turn(request: &HttpRequest, answer: Pin<&mut impl Future<Output = HttpResponse>>) -> HttpResponse {
    let is_last = request.headers().contains_key(header::TRANSFER_ENCODING);
    let Some(progress) = request.conn_data::<Progress>() else { return answer.await };
    if !progress.begin(is_last) {
        // The answer before this one is written meanwhile.
        tokio::task::yield_now().await;
        progress.cut();
        return HttpResponse::new(StatusCode::BAD_REQUEST);
    }
    let answer = answer.await;
    if answer.body().size() == BodySize::Stream {
        return until_sent(answer, InTurn(progress.clone()));
    }
    progress.end();
    if is_last { last(answer, progress.clone()) } else { answer }
}

/// Ends the turn of a request when it is dropped.
struct InTurn(Progress);

impl Drop for InTurn {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Keeps the turn while the answer is still made.
fn until_sent(answer: HttpResponse, turn: InTurn) -> HttpResponse {
    answer.map_body(|head, mut body| {
        if turn.0.is_last() {
            head.set_connection_type(ConnectionType::Close);
        }
        let chunks = stream::poll_fn(move |cx| Pin::new(&mut body).poll_next(cx));
        BoxBody::new(BodyStream::new(chunks.inspect(move |_| _ = &turn)))
    })
}

/// Drops the connection once the answer is written.
fn last(answer: HttpResponse, progress: Progress) -> HttpResponse {
    answer.map_body(|head, body| {
        head.set_connection_type(ConnectionType::Close);
        match body.try_into_bytes() {
            Ok(body) if !body.is_empty() => {
                let length = body.len() as u64;
                let written = stream::poll_fn(move |cx| progress.poll_written(cx).map(|()| None));
                BoxBody::new(SizedStream::new(length, stream::iter([Ok::<_, Infallible>(body)]).chain(written)))
            }
            Ok(body) => BoxBody::new(body),
            // It closes the connection by itself.
            Err(body) => body,
        }
    })
}

async fn answer(app: &App, request: &HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let path = request.uri().path();
    let (mount, path) = match below(&app.config.base_path, path) {
        Some(path) => (Mount::Base, path),
        None => (Mount::Root, path),
    };
    if let Some(most) = app.pipeline.upload_limit(mount, request.method().as_str(), path) {
        let plain = into_plain(app, request, (mount, path), Bytes::new());
        return Box::pin(upload::answer(app, plain, payload, most)).await;
    }
    match read_body(app, &mut payload).await {
        Ok(body) => into_actix(app.pipeline.answer(into_plain(app, request, (mount, path), body)).await),
        Err(error) => {
            let head = into_plain(app, request, (mount, path), Bytes::new()).head;
            cut(into_actix(app.pipeline.refuse_unread(&head, Response::from(&error))), payload)
        }
    }
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

fn into_plain(app: &App, request: &HttpRequest, (mount, path): (Mount, &str), raw_body: Bytes) -> Request {
    let mut headers = Headers::default();
    for (name, value) in request.headers() {
        headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    let auth = app.pipeline.auth();
    let is_head = request.method() == Method::HEAD;
    let head = RequestHead {
        id: auth.random.tag(),
        method: if is_head { Method::GET } else { request.method().clone() }.to_string(),
        is_head,
        mount,
        path: path.to_owned(),
        query: Query::parse(request.uri().query().unwrap_or_default()),
        headers,
        peer: request.peer_addr().map(|address| address.ip()),
        client_address: None,
    };
    Request { head: Arc::new(head), raw_body, upload: None, body: None, received_at: auth.now() }
}

fn into_actix(response: Response) -> HttpResponse {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponse::build(status);
    for (name, value) in response.headers.iter() {
        // A header that HTTP does not allow is left out rather than sent broken.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(&header_bytes(value))) {
            builder.append_header((name, value));
        }
    }
    match response.rest {
        None => builder.body(response.body),
        Some(rest) => {
            let first = stream::iter([Ok(response.body)]);
            let after = stream::try_unfold(Some(rest), async |rest| {
                let Some(rest) = rest else { return Ok::<_, CutOff>(None) };
                let next = rest.next().await;
                if next.is_err() {
                    // What was made before is written meanwhile: an error drops it.
                    tokio::task::yield_now().await;
                }
                next.map(Some)
            });
            builder.body(BodyStream::new(first.chain(after)))
        }
    }
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
