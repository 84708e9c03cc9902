//! Stage "respond": puts headers and cookies on the answer and logs the cause of an error, once.

use crate::config::Config;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::http::Response;

/// The answer to a refusal. The cause goes to the log with the request's id, never to the client.
pub fn refuse(exchange: &mut Exchange, error: &ApiError) -> Response {
    // What a refused request prepared for the browser is dropped; what it removes stays removed.
    exchange.cookies.retain(crate::cookie::Cookie::is_deletion);
    let request = &exchange.request;
    if let Some(source) = &error.source {
        tracing::error!(
            request_id = request.id,
            method = request.method,
            path = exchange.logged_path(),
            status = error.status,
            cause = %Chain(source.as_ref()),
            "request failed"
        );
    }
    Response::from(error)
}

/// Adds what every answer carries.
pub fn finish(exchange: &mut Exchange, mut response: Response) -> Response {
    exchange.wake_mail_sender();
    if exchange.request.is_head {
        response = response.without_chunks();
    }
    for (name, value) in exchange.headers.iter() {
        response.headers.push(name, value);
    }
    // Answers tell who someone is; only an endpoint that says so itself may be cached, and never with a cookie.
    if !exchange.cookies.is_empty() || response.headers.get("cache-control").is_none() {
        response.headers.set("cache-control", "no-store");
    }
    for cookie in &exchange.cookies {
        response.headers.push("set-cookie", cookie.to_header());
    }
    response.headers.push("x-request-id", exchange.request.id.clone());
    protect(&mut response, &exchange.auth().config);
    response
}

/// Adds the headers that keep browsers from misusing an answer, whoever made it.
pub fn protect(response: &mut Response, config: &Config) {
    if response.headers.get("content-security-policy").is_none() {
        response.headers.push("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    }
    response.headers.set("x-content-type-options", "nosniff");
    // Pages tell their own server where someone comes from, and nobody else.
    let is_page = response.headers.get("referrer-policy") == Some("same-origin");
    response.headers.set("referrer-policy", if is_page { "same-origin" } else { "no-referrer" });
    if config.uses_secure_cookies() {
        response.headers.push("strict-transport-security", "max-age=31536000");
    }
}

/// An error with its causes, outermost first.
struct Chain<'a>(&'a (dyn std::error::Error + 'a));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
