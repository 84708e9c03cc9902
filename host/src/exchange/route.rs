//! A route: the method and path of an endpoint, and what the pipeline checks before it calls the endpoint.

use std::sync::Arc;

use doorward_contract::{ApiNote, PathPattern, RateLimit};

use super::Endpoint;
use crate::http::Mount;

/// The audit event of a route that has no event of its own and is not only read.
pub const CHANGE: &str = "change";

/// What people who manage the server do by a route, as the description of the API tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorTask {
    /// The name of the function that does the same for a backend: `list-audit`.
    pub name: &'static str,
    /// The permission that is needed: `audit.read`.
    pub permission: &'static str,
}

/// One entry of the route table, of the core or of a plugin.
#[derive(Clone)]
pub struct Route {
    /// Upper-case method.
    pub method: String,
    /// Where the path begins.
    pub mount: Mount,
    /// Path below the mount. A segment `:name` matches any one segment.
    pub path: String,
    /// Accepts `application/x-www-form-urlencoded` as well as JSON.
    pub accepts_form: bool,
    /// Media types whose bodies the endpoint takes as bytes: `text/csv`, `image/*`, `*/*`.
    pub accepts: Vec<String>,
    /// Largest body in bytes, below what the server takes.
    pub max_body_bytes: Option<usize>,
    /// Reads its body chunk by chunk: then `max_body_bytes` may be more than the server takes.
    pub reads_chunks: bool,
    /// Checks the origin even without cookies, against login CSRF.
    pub is_sign_in: bool,
    /// Lets a user leave: no hook and no observer of changes keeps it from being called or from doing so.
    pub is_leaving: bool,
    /// Is for people who manage the server, or for their backend: no hook and no script stands around it.
    pub is_for_operators: bool,
    /// What they do by it; `None` for the function of their backend.
    pub task: Option<OperatorTask>,
    /// The plugin that answers; `None` for the core.
    pub plugin: Option<String>,
    /// The code that answers.
    pub endpoint: Arc<dyn Endpoint>,
    /// What the description of the API says of it.
    pub note: Option<Arc<ApiNote>>,
    event: Option<&'static str>,
}

impl Route {
    /// A route that takes JSON and checks the origin of requests with cookies.
    pub fn new(method: &str, path: &str, endpoint: Arc<dyn Endpoint>) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Self {
            method,
            mount: Mount::Base,
            path,
            accepts_form: false,
            accepts: Vec::new(),
            max_body_bytes: None,
            reads_chunks: false,
            is_sign_in: false,
            is_leaving: false,
            is_for_operators: false,
            task: None,
            plugin: None,
            endpoint,
            note: None,
            event: None,
        }
    }

    /// Stands at the server's root.
    #[must_use]
    pub fn at_root(mut self) -> Self {
        self.mount = Mount::Root;
        self
    }

    /// Belongs to a plugin.
    #[must_use]
    pub fn of_plugin(mut self, id: &str) -> Self {
        self.plugin = Some(id.to_owned());
        self
    }

    /// Is described so, when anybody says something.
    #[must_use]
    pub fn noted(mut self, note: Option<ApiNote>) -> Self {
        self.note = note.map(Arc::new);
        self
    }

    /// Names the audit event of a request.
    #[must_use]
    pub fn audited(mut self, event: &'static str) -> Self {
        self.event = Some(event);
        self
    }

    /// The audit event of a request: its own, or what can be said of any route. `None` where nothing changes.
    pub fn event(&self) -> Option<&'static str> {
        self.event.or(match (self.is_sign_in, self.method.as_str()) {
            (true, _) => Some("sign-in"),
            (false, "GET") => None,
            (false, _) => Some(CHANGE),
        })
    }

    /// Accepts forms too.
    #[must_use]
    pub fn accepting_form(mut self) -> Self {
        self.accepts_form = true;
        self
    }

    /// Takes bodies of these media types as bytes.
    #[must_use]
    pub fn accepting(mut self, media_types: &[String]) -> Self {
        self.accepts = media_types.to_vec();
        self
    }

    /// Takes bodies of at most so many bytes.
    #[must_use]
    pub fn up_to(mut self, max_body_bytes: Option<u32>) -> Self {
        self.max_body_bytes = max_body_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        self
    }

    /// Reads its body chunk by chunk, when it says so.
    #[must_use]
    pub fn in_chunks(mut self, reads_chunks: bool) -> Self {
        self.reads_chunks = reads_chunks;
        self
    }

    /// Whether bodies of this media type reach the endpoint as bytes.
    pub fn takes_bytes_of(&self, media_type: &str) -> bool {
        self.accepts.iter().any(|accepted| match accepted.strip_suffix('*') {
            Some("*/") => true,
            Some(kind) => media_type.starts_with(kind),
            None => accepted.eq_ignore_ascii_case(media_type),
        })
    }

    /// Is called and does its work whatever hooks and observers do.
    #[must_use]
    pub fn leaving(mut self) -> Self {
        self.is_leaving = true;
        self
    }

    /// Is for people who manage the server.
    #[must_use]
    pub fn for_operators(mut self) -> Self {
        self.is_for_operators = true;
        self
    }

    /// Does this for people who manage the server.
    #[must_use]
    pub fn doing(mut self, task: OperatorTask) -> Self {
        self.task = Some(task);
        self
    }

    /// Checks the origin even without cookies.
    #[must_use]
    pub fn signing_in(mut self) -> Self {
        self.is_sign_in = true;
        self
    }
}

/// A limit on one path or group of paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathLimit {
    /// Where the paths begin.
    pub mount: Mount,
    /// The paths.
    pub path: PathPattern,
    /// `None` for no limit.
    pub limit: Option<RateLimit>,
}
