//! A route: where an endpoint is reached and what the pipeline checks before it is called.

use std::sync::Arc;

use doorward_contract::{PathPattern, RateLimit};

use super::Endpoint;

/// One entry of the route table, of the core or of a plugin.
#[derive(Clone)]
pub struct Route {
    /// Upper-case method.
    pub method: String,
    /// Path below the base path; a segment `:name` stands for any one segment.
    pub path: String,
    /// Accepts `application/x-www-form-urlencoded` beside JSON.
    pub accepts_form: bool,
    /// Checks the origin of requests without cookies too, against login CSRF.
    pub is_sign_in: bool,
    /// Answers.
    pub endpoint: Arc<dyn Endpoint>,
}

impl Route {
    /// A route that takes JSON and checks the origin of requests with cookies.
    pub fn new(method: &str, path: &str, endpoint: Arc<dyn Endpoint>) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), accepts_form: false, is_sign_in: false, endpoint }
    }

    /// Accepts forms too.
    #[must_use]
    pub fn accepting_form(mut self) -> Self {
        self.accepts_form = true;
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
    /// The paths.
    pub path: PathPattern,
    /// `None` for no limit.
    pub limit: Option<RateLimit>,
}
