//! Stage "preflight", and the headers that let pages of other origins read answers.
//!
//! Invariant: an answer names the one origin that asked, and only a trusted one; never `*`.
//!
//! Source: the Fetch standard, "HTTP extensions" of the CORS protocol.

use super::router::Router;
use crate::config::Config;
use crate::http::origin::TrustedOrigins;
use crate::http::{Headers, Mount, RequestHead, Response, is_token};

/// Headers of answers that clients read in scripts.
const EXPOSED: [&str; 4] = ["set-auth-token", "set-auth-jwt", "X-Retry-After", "Retry-After"];
const EXPOSE: &str = "access-control-expose-headers";

/// Whose pages may call, compiled once.
pub struct Cors {
    origins: TrustedOrigins,
    max_age_secs: u32,
}

impl Cors {
    /// The rule of the configuration; `None` when it is switched off.
    pub fn new(config: &Config) -> Option<Self> {
        let own = config.origin();
        let trusted = || TrustedOrigins::new(config.trusted_origins.iter().map(String::as_str).chain([own.as_str()]));
        let listed = |list: &Vec<String>| TrustedOrigins::new(list.iter().map(String::as_str));
        let origins = config.cors.origins.as_ref().map_or_else(trusted, listed);
        config.cors.enabled.then_some(Self { origins, max_age_secs: config.cors.max_age })
    }

    /// Answers a preflight: `204` when a trusted origin asks for a route that exists. Everything else is no preflight.
    pub fn preflight(&self, head: &RequestHead, router: &Router) -> Option<Response> {
        let method = head.headers.get("access-control-request-method").filter(|_| head.method == "OPTIONS")?;
        self.allowed(&head.headers)?;
        router.find(&RequestHead { method: method.to_owned(), ..head.clone() })?;
        let mut response = Response::bare(204);
        let headers = &mut response.headers;
        headers.push("access-control-allow-methods", method);
        let asked = head.headers.get("access-control-request-headers").unwrap_or_default();
        if !asked.is_empty() && asked.split(',').all(|name| is_token(name.trim())) {
            headers.push("access-control-allow-headers", asked);
        }
        headers.push("access-control-max-age", self.max_age_secs.to_string());
        headers.push("vary", "Access-Control-Request-Method, Access-Control-Request-Headers");
        Some(response)
    }

    /// Adds the headers to any answer below the base path, whoever made it. An origin that a plugin allowed stays.
    pub fn dress(&self, head: &RequestHead, response: &mut Response) {
        if head.mount != Mount::Base {
            return;
        }
        let headers = &mut response.headers;
        // Always: what a cache keeps of one origin must not be given to another.
        headers.push("vary", "Origin");
        let Some(origin) = self.allowed(&head.headers) else { return };
        if headers.get("access-control-allow-origin").is_some() {
            return;
        }
        headers.push("access-control-allow-origin", origin);
        headers.push("access-control-allow-credentials", "true");
        let exposed = exposed(headers);
        headers.set(EXPOSE, exposed);
    }

    /// The origin that asks, when it is trusted.
    fn allowed<'a>(&self, headers: &'a Headers) -> Option<&'a str> {
        let mut origins = headers.all("origin");
        let (Some(origin), None) = (origins.next(), origins.next()) else { return None };
        self.origins.trusts_origin(origin).then_some(origin)
    }
}

/// What the answer exposes by itself, and what every answer does.
fn exposed(headers: &Headers) -> String {
    let own = headers.all(EXPOSE).flat_map(|list| list.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let mut names: Vec<&str> = Vec::new();
    for name in own.chain(EXPOSED) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    names.join(", ")
}
