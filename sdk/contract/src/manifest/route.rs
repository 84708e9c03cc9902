//! Endpoints of a plugin, and functions for the application's own backend.

use serde::{Deserialize, Serialize};

use crate::api_note::ApiNote;

/// One endpoint.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
pub struct RouteRule<S = &'static str> {
    /// In capitals.
    pub method: S,
    /// Below the base path; `:name` matches one segment.
    pub path: S,
    /// Option that replaces the path; a dot goes into a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_option: Option<S>,
    /// Its origin is checked also without cookies.
    #[serde(default)]
    pub signs_in: bool,
    /// Takes forms beside JSON.
    #[serde(default)]
    pub accepts_form: bool,
    /// Query parameters that must hold trusted targets.
    #[serde(default)]
    pub redirect_params: Vec<S>,
    /// Media types that it takes as bytes, beside JSON: `text/csv`, `image/*`, `*/*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepts: Vec<S>,
    /// Largest body in bytes; none is what the server takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_body_bytes: Option<u32>,
    /// Whether the handler reads the body chunk by chunk; `max_body_bytes` may be more than the server takes then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads_chunks: bool,
    /// Largest answer in bytes of an endpoint that answers chunk by chunk; none of one that does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_answer_bytes: Option<u64>,
    /// What the description of the API says of it; none of plugins whose SDK says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<ApiNote>,
}

/// The methods that an endpoint may have.
pub(super) const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl<S> RouteRule<S> {
    /// An endpoint that takes JSON.
    pub const fn new(method: S, path: S) -> Self {
        Self {
            method,
            path,
            path_option: None,
            signs_in: false,
            accepts_form: false,
            redirect_params: Vec::new(),
            accepts: Vec::new(),
            max_body_bytes: None,
            reads_chunks: false,
            most_answer_bytes: None,
            note: None,
        }
    }
}

impl<S: AsRef<str>> RouteRule<S> {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        let (method, path) = (self.method.as_ref(), self.path.as_ref());
        if !METHODS.contains(&method) {
            return Some(format!("`{method} {path}`: routes are GET, POST, PUT, PATCH or DELETE"));
        }
        if method == "GET" && !self.accepts.is_empty() {
            return Some(format!("`GET {path}` takes no body"));
        }
        if self.reads_chunks && (self.accepts.is_empty() || self.max_body_bytes.is_none()) {
            return Some(format!("`{method} {path}` reads chunks, and says neither of which types nor how many bytes"));
        }
        if self.reads_chunks && self.most_answer_bytes.is_some() {
            return Some(format!("`{method} {path}` reads its body in chunks and answers in chunks: one of both"));
        }
        let is_type = |text: &str| text == "*/*" || text.split('/').filter(|part| !part.is_empty()).count() == 2;
        let wrong = self.accepts.iter().map(AsRef::as_ref).find(|text| !is_type(text) || text.contains([';', ' ']));
        wrong.map(|text| {
            format!("`{method} {path}` takes `{text}`, which is no media type such as `text/csv` or `image/*`")
        })
    }
}

/// One function for the application's own backend.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
pub struct FunctionRule<S = &'static str> {
    /// In lower case with hyphens.
    pub name: S,
    /// What the description of the API says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<ApiNote>,
}
