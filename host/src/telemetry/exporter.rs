//! Sends numbers and traces to a collector by OTLP over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::family::Family;
use super::otlp::{self, Span};
use super::trace::{FOLLOWER, Follower};
use crate::clock::Clock;
use crate::config::Telemetry;
use crate::http::outgoing;

/// Longest time of one request to the collector.
const LONGEST: Duration = Duration::from_secs(5);
/// How long the last spans may take when the process ends.
const LONGEST_END: Duration = Duration::from_secs(2);
/// Of an answer, which nobody reads.
const MOST_BYTES: u64 = 64 << 10;

/// Why nothing is sent.
pub type Fault = String;

/// Sends to one collector.
pub struct Exporter {
    client: Client,
    metrics_url: String,
    resource: Vec<(String, String)>,
    /// Nanoseconds since 1970.
    began: u64,
    clock: Arc<dyn Clock>,
    traces: Option<SdkTracerProvider>,
}

impl Exporter {
    /// An exporter as the options say, which follows requests from now on; none without an endpoint.
    ///
    /// # Errors
    /// Which option cannot be, and why.
    pub fn start(options: &Telemetry, clock: Arc<dyn Clock>) -> Result<Option<Self>, Fault> {
        let Some(endpoint) = options.endpoint.as_ref().map(|endpoint| endpoint.trim_end_matches('/')) else {
            return Ok(None);
        };
        let client = Client::new(options)?;
        let resource = Resource::builder()
            .with_service_name(options.service_name.clone().unwrap_or_else(|| "doorward".to_owned()))
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let traces = (options.traced_share > 0.0).then(|| tracer(options, endpoint, &client, resource.clone()));
        let traces = traces.transpose()?;
        if let Some(provider) = &traces {
            let follower = Follower { tracer: provider.tracer("doorward"), trusts_callers: options.trust_callers };
            // A second server of one process, in tests, is followed by the first one's.
            _ = FOLLOWER.set(follower);
        }
        Ok(Some(Self {
            client,
            metrics_url: format!("{endpoint}/v1/metrics"),
            resource: resource.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            began: nanos(&*clock),
            clock,
            traces,
        }))
    }

    /// Whether one could be started.
    ///
    /// # Errors
    /// As [`Exporter::start`].
    pub fn check(options: &Telemetry) -> Result<(), Fault> {
        Client::new(options).map(drop)
    }

    /// Sends the numbers. When the collector is away, the next ones have what these had.
    pub async fn send(&self, families: Vec<Family>) {
        let span = Span { began: self.began, read: nanos(&*self.clock) };
        let body = otlp::metrics(&self.resource, families, span);
        let (client, url) = (self.client.clone(), self.metrics_url.clone());
        let sent = tokio::task::spawn_blocking(move || {
            let request = Request::post(url).header("content-type", "application/x-protobuf").body(Bytes::from(body));
            request.map_err(HttpError::from).and_then(|request| client.send(request))
        });
        // The client has told what is wrong.
        _ = sent.await;
    }

    /// Sends the spans that wait, in two seconds at most.
    pub async fn stop(&self) {
        let Some(traces) = self.traces.clone() else { return };
        let stopped = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(LONGEST_END));
        if let Ok(Err(error)) = stopped.await {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}

fn nanos(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.now().0).unwrap_or_default().saturating_mul(1_000_000)
}

fn tracer(
    options: &Telemetry,
    endpoint: &str,
    client: &Client,
    resource: Resource,
) -> Result<SdkTracerProvider, Fault> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client.clone())
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(LONGEST)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()
        .map_err(|error| format!("telemetry.endpoint: {error}"))?;
    let own = Sampler::TraceIdRatioBased(options.traced_share);
    let builder = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource);
    let builder = match options.trust_callers {
        true => builder.with_sampler(Sampler::ParentBased(Box::new(own))),
        false => builder.with_sampler(own),
    };
    Ok(builder.build())
}

/// Sends requests on the threads that wait for them, and tells once when the collector goes and once when it comes back.
#[derive(Clone)]
struct Client {
    agent: Agent,
    headers: Arc<HeaderMap>,
    was_away: Arc<AtomicBool>,
}

/// Shows no header: they may be secrets.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    fn new(options: &Telemetry) -> Result<Self, Fault> {
        let mut headers = HeaderMap::new();
        for (name, value) in &options.headers {
            let header = name.parse::<HeaderName>().ok().zip(value.value().parse::<HeaderValue>().ok());
            let (name, value) =
                header.ok_or_else(|| format!("telemetry.headers: {name} or its value cannot be a header"))?;
            headers.insert(name, value);
        }
        let config = Agent::config_builder().tls_config(outgoing::tls()).http_status_as_error(false).max_redirects(0);
        let agent = config.timeout_global(Some(LONGEST)).build().new_agent();
        Ok(Self { agent, headers: Arc::new(headers), was_away: Arc::default() })
    }

    fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        request.headers_mut().extend((*self.headers).clone());
        let sent = self.exchange(request);
        let away = match &sent {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers with {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        self.tell(away);
        sent
    }

    fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let answer = self.agent.run(Request::from_parts(parts, body.to_vec()))?;
        let (parts, mut body) = answer.into_parts();
        Ok(Response::from_parts(parts, Bytes::from(body.with_config().limit(MOST_BYTES).read_to_vec()?)))
    }

    fn tell(&self, away: Option<String>) {
        let is_away = away.is_some();
        let was_away = self.was_away.swap(is_away, Ordering::Relaxed);
        match away {
            Some(reason) if !was_away => {
                tracing::warn!(reason, "traces and numbers cannot be sent to the collector (telemetry.endpoint)");
            }
            None if was_away => tracing::info!("traces and numbers reach the collector again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    /// Waits on the exporter's own thread, as its library has it.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.send(request)
    }
}
