//! Requests to other servers on behalf of plugins: to allowed hosts at public addresses, bounded in time, size and number.
//!
//! Invariant: the address that was checked is the one that is connected to, and no redirect is followed.

mod public_address;
mod resolver;
mod rules;
mod stored;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{AcquireError, Semaphore};
use ureq::config::AutoHeaderValue;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Error, http};

use resolver::{Denied, PrivateResolver, PublicResolver};
pub use rules::Rules;

/// Longest time of one request, with its wait for a permit.
pub const LONGEST: Duration = Duration::from_secs(5);
/// Largest body of an answer, in bytes.
pub const MOST_BYTES: usize = 1 << 20;
/// Requests that run at once, in the whole server.
const AT_ONCE: usize = 96;
/// Those of one client among them, so that a server which does not answer takes no other's place.
const OF_ONE_CLIENT: usize = 32;
const MOST_HEADERS: usize = 64;
/// Headers that belong to the connection, not to its user.
const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-authorization",
];

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, … in capitals.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Of `POST`, `PUT` and `PATCH` alone.
    pub body: Option<Vec<u8>>,
    /// At most [`LONGEST`], or as the client's patience lasts.
    pub timeout: Duration,
}

/// One answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case; values that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// At most [`MOST_BYTES`].
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The rules or the address do not allow it.
    #[error("{0}")]
    Denied(String),
    /// The request is malformed.
    #[error("{0}")]
    Invalid(String),
    /// It took too long.
    #[error("it took too long")]
    TimedOut,
    /// Not resolved, refused, broken off, or its certificate is wrong.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The answer is too large.
    #[error("the answer is too large")]
    TooLarge,
}

/// How certificates of other servers are checked: against those of the machine, or of `SSL_CERT_FILE`.
pub fn tls() -> TlsConfig {
    TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build()
}

/// An agent that connects to private addresses alone: for what goes without TLS and must not leave the own network.
pub fn private_agent(config: ureq::config::Config) -> Agent {
    Agent::with_parts(config, DefaultConnector::default(), PrivateResolver::default())
}

/// Answers in place of all other servers, where nothing shall leave this machine: in an author's cases.
pub trait Upstream: fmt::Debug + Send + Sync {
    /// The answer to a request that the rules allow.
    ///
    /// # Errors
    /// Why there is none.
    fn answer(&self, request: &Request) -> Result<Response, Failure>;
}

/// The threads that wait for other servers. All clients of a server share one.
#[derive(Clone, Debug)]
pub struct Permits {
    threads: Arc<Semaphore>,
    instead: Option<Arc<dyn Upstream>>,
}

impl Default for Permits {
    fn default() -> Self {
        Self { threads: Arc::new(Semaphore::new(AT_ONCE)), instead: None }
    }
}

impl Permits {
    /// Nothing is sent: this answers.
    pub fn answered_by(upstream: Arc<dyn Upstream>) -> Self {
        Self { instead: Some(upstream), ..Self::default() }
    }
}

/// Sends requests under one set of rules. Its connections are its own.
#[derive(Debug)]
pub struct Client {
    rules: Rules,
    agent: Agent,
    permits: Permits,
    own_permits: Arc<Semaphore>,
    longest: Duration,
}

impl Client {
    /// A client under these rules, by the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY`).
    pub fn new(rules: Rules, permits: Permits) -> Self {
        let resolver = PublicResolver::new(rules.allows_private);
        let agent = Agent::with_parts(agent_options().build(), DefaultConnector::default(), resolver);
        Self::with_agent(rules, permits, agent)
    }

    /// A client that connects to private addresses alone, past every proxy: for what may go without TLS there.
    pub fn in_own_network(rules: Rules, permits: Permits) -> Self {
        Self::with_agent(rules, permits, private_agent(agent_options().proxy(None).build()))
    }

    fn with_agent(rules: Rules, permits: Permits, agent: Agent) -> Self {
        Self { rules, agent, permits, own_permits: Arc::new(Semaphore::new(OF_ONE_CLIENT)), longest: LONGEST }
    }

    /// The same for requests that may take so long.
    #[must_use]
    pub fn patient(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Sends one request and reads its whole answer, on a thread that may wait.
    ///
    /// # Errors
    /// Why there is no answer. An answer with an error's status is an answer.
    pub async fn send(&self, request: Request) -> Result<Response, Failure> {
        let begun = Instant::now();
        let longest = request.timeout.min(self.longest);
        if let Some(upstream) = &self.permits.instead {
            self.prepare(request.clone())?;
            return upstream.answer(&request);
        }
        let request = self.prepare(request)?;
        let permits = async {
            let own = Arc::clone(&self.own_permits).acquire_owned().await?;
            Ok::<_, AcquireError>((own, Arc::clone(&self.permits.threads).acquire_owned().await?))
        };
        let Ok(Ok(permits)) = tokio::time::timeout(longest, permits).await else { return Err(Failure::TimedOut) };
        let left = longest.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
        let agent = self.agent.clone();
        let sent = tokio::task::spawn_blocking(move || {
            // Held to the end, also when nobody waits for the answer any more.
            let _permits = permits;
            exchange(&agent, request, left)
        });
        sent.await.map_err(|_| Failure::Unreachable)?
    }

    /// Whether it could be sent now, as far as can be told without asking anybody.
    ///
    /// # Errors
    /// Why it could not.
    pub fn check(&self, request: &Request) -> Result<(), Failure> {
        self.prepare(request.clone()).map(drop)
    }

    fn prepare(&self, request: Request) -> Result<http::Request<Vec<u8>>, Failure> {
        let Request { method, url, headers, body, .. } = request;
        let url = self.rules.check(&url)?;
        let takes_body = matches!(method.as_str(), "POST" | "PUT" | "PATCH");
        if !takes_body && !matches!(method.as_str(), "GET" | "HEAD" | "DELETE" | "OPTIONS") {
            return Err(Failure::Invalid(format!("the method `{method:.16}` is not one that is sent")));
        }
        if !takes_body && body.is_some() {
            return Err(Failure::Invalid(format!("{method} has no body")));
        }
        if headers.len() > MOST_HEADERS || body.as_ref().is_some_and(|body| body.len() > MOST_BYTES) {
            return Err(Failure::Invalid("the request is too large".to_owned()));
        }
        let mut built = http::Request::builder().method(method.as_str()).uri(url.as_str());
        for (name, value) in &headers {
            if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
                return Err(Failure::Invalid(format!("the header `{name}` belongs to the connection")));
            }
            built = built.header(name, value);
        }
        built.body(body.unwrap_or_default()).map_err(|_| Failure::Invalid("a header is malformed".to_owned()))
    }
}

fn agent_options() -> ureq::config::ConfigBuilder<ureq::typestate::AgentScope> {
    Agent::config_builder()
        .tls_config(tls())
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(AutoHeaderValue::Provided(Arc::new(concat!("doorward/", env!("CARGO_PKG_VERSION")).to_owned())))
}

fn exchange(agent: &Agent, request: http::Request<Vec<u8>>, longest: Duration) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let takes_body = matches!(parts.method.as_str(), "POST" | "PUT" | "PATCH");
    let answer = if takes_body {
        let request = http::Request::from_parts(parts, body);
        agent.run(agent.configure_request(request).timeout_global(Some(longest)).build())
    } else {
        let request = http::Request::from_parts(parts, ());
        agent.run(agent.configure_request(request).timeout_global(Some(longest)).build())
    };
    let mut answer = answer.map_err(failure)?;
    let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let headers = answer.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect();
    let body = answer.body_mut().with_config().limit(MOST_BYTES as u64).read_to_vec().map_err(failure)?;
    Ok(Response { status: answer.status().as_u16(), headers, body })
}

fn failure(error: Error) -> Failure {
    tracing::debug!(%error, "a request to another server failed");
    match error {
        Error::Other(other) => match other.downcast::<Denied>() {
            Ok(denied) => Failure::Denied(denied.to_string()),
            Err(_) => Failure::Unreachable,
        },
        Error::Timeout(_) => Failure::TimedOut,
        Error::BodyExceedsLimit(_) | Error::LargeResponseHeader(..) => Failure::TooLarge,
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Failure::TimedOut,
        Error::Io(error) => match error.downcast::<Error>() {
            Ok(inner) => failure(inner),
            Err(_) => Failure::Unreachable,
        },
        Error::BadUri(_) | Error::Http(_) => Failure::Invalid("the request is malformed".to_owned()),
        _ => Failure::Unreachable,
    }
}
