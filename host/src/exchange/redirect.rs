//! Where a followed link may redirect, and how the redirect carries the outcome.

use serde_json::{Map, Value as Json};

use super::Exchange;
use crate::error::{ApiError, Code, ErrorBody};
use crate::http::{Response, decode_component, encode_component};

impl Exchange {
    /// Refuses the request when one of these query parameters is a URL that the operator does not trust.
    ///
    /// # Errors
    /// `INVALID_CALLBACK_URL`
    pub fn require_trusted_targets<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), ApiError> {
        if self.auth().config.advanced.disable_origin_check {
            return Ok(());
        }
        let origins = &self.auth().origins;
        let is_trusted = |value: &Json| match value {
            Json::String(target) if target.is_empty() => true,
            // Clients escape the target once more inside the query; both readings must be trusted.
            Json::String(target) => origins.trusts_target(target) && origins.trusts_target(&decode_component(target)),
            _ => false,
        };
        let query = self.request.query.to_json();
        let mut targets = names.into_iter().filter_map(|name| query.get(name));
        if targets.all(is_trusted) { Ok(()) } else { Err(Code::INVALID_CALLBACK_URL.into()) }
    }

    /// Refuses to act on a link that a browser or a mail scanner only prefetches: a person must follow it.
    ///
    /// # Errors
    /// `503` without a body. It is not cached, so the browser asks again when the person follows the link.
    pub fn refuse_prefetch(&self) -> Result<(), ApiError> {
        let says_prefetch = |name| self.request.headers.get(name).is_some_and(|value| value.contains("prefetch"));
        if ["sec-purpose", "purpose", "x-moz"].into_iter().any(says_prefetch) {
            return Err(ApiError::empty(503).header("cache-control", "no-store".into()));
        }
        Ok(())
    }

    /// A page with a button that follows the link, when `advanced.confirm_links` is on and nobody pressed it yet: mail scanners
    /// open links as browsers do, but press no buttons. For links that change something or sign in.
    pub fn ask_to_confirm(&mut self) -> Option<Response> {
        if !self.auth().config.advanced.confirm_links || self.request.query.get(CONFIRMED) == Some("1") {
            return None;
        }
        self.trail.asks_to_confirm = true;
        let query = &self.request.query;
        let named = |(name, value): (&str, &str)| {
            format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value))
        };
        let kept: String = query.pairs().filter(|(name, _)| *name != CONFIRMED).map(named).collect();
        let title = escaped(&self.auth().config.app_name);
        let page = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"robots\" content=\"noindex\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head><body><h1>{title}</h1>\
             <form method=\"get\">{kept}<input type=\"hidden\" name=\"{CONFIRMED}\" value=\"1\">\
             <button>Continue</button></form></body></html>"
        );
        let mut response = Response::with_type(200, "text/html; charset=utf-8", page);
        response.headers.push("cache-control", "no-store");
        Some(response)
    }

    /// Redirects to `target` with `error=<code>`. Without a target, the error itself is the answer.
    ///
    /// # Errors
    /// `error`, when there is no target or it has no code.
    pub fn refuse_at(&mut self, target: Option<&str>, error: ApiError) -> Result<Response, ApiError> {
        match (target.filter(|target| !target.is_empty()), &error.body) {
            (Some(target), ErrorBody::Coded { code, .. }) => {
                self.trail.refused = Some(code.to_string());
                Ok(Response::redirect(&with_parameter(target, "error", code)))
            }
            _ => Err(error),
        }
    }
}

/// The query parameter that the button adds.
const CONFIRMED: &str = "confirmed";

/// Text as it stands in HTML, inside and outside of quotes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Redirects to `target` with the content of the challenge (`twoFactorRedirect=true&twoFactorMethods=totp,otp`).
/// Without a target, the challenge itself is the answer.
pub fn challenge_at(target: Option<&str>, challenge: Response) -> Response {
    let Some(target) = target.filter(|target| !target.is_empty()) else { return challenge };
    let said: Map<String, Json> = serde_json::from_slice(&challenge.body).unwrap_or_default();
    let told = said.iter().fold(target.to_owned(), |target, (name, value)| with_parameter(&target, name, &flat(value)));
    Response::redirect(&told)
}

fn flat(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Adds a query parameter to `target`, before its fragment.
pub fn with_parameter(target: &str, name: &str, value: &str) -> String {
    let (rest, fragment) = target.split_at(target.find('#').unwrap_or(target.len()));
    let glue = if rest.contains('?') { '&' } else { '?' };
    format!("{rest}{glue}{name}={}{fragment}", encode_component(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_told_in_the_query() {
        let challenge =
            || Response::json(&serde_json::json!({ "twoFactorRedirect": true, "twoFactorMethods": ["totp", "otp"] }));
        let told = challenge_at(Some("/home?a=1"), challenge());
        assert_eq!(told.status, 302);
        let expected = "/home?a=1&twoFactorRedirect=true&twoFactorMethods=totp%2Cotp";
        assert_eq!(told.headers.get("location"), Some(expected));
        assert_eq!(challenge_at(None, challenge()).body, challenge().body);
    }

    #[test]
    fn parameters_stand_before_the_fragment() {
        for (target, expected) in [
            ("/ok", "/ok?error=A%20B"),
            ("/ok?a=1", "/ok?a=1&error=A%20B"),
            ("/ok?a=1#f?x", "/ok?a=1&error=A%20B#f?x"),
            ("myapp://x#f", "myapp://x?error=A%20B#f"),
        ] {
            assert_eq!(with_parameter(target, "error", "A B"), expected);
        }
    }
}
