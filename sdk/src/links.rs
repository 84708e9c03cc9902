//! URLs: of this server, resolved against it, with a query parameter set.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! let url = links::with_query(&links::endpoint("/seat/take"), "seat", "7 B");
//! assert!(url.ends_with("/api/auth/seat/take?seat=7+B"));
//! ```

use crate::bindings::doorward::plugin::types as raw;
use crate::error::{Error, HostError, Result};
use crate::{Response, config};
use serde_json::{Map, Value};

/// The URL of an endpoint of this server: base URL, base path and `path`.
///
/// ```
/// use doorward_sdk::links;
/// # doorward_sdk::fake::reset();
/// assert_eq!(links::endpoint("/invites/K7"), "http://localhost:3000/api/auth/invites/K7");
/// ```
pub fn endpoint(path: &str) -> String {
    format!("{}{}{path}", config::base_url(), config::base_path())
}

/// `target` as an absolute URL: an absolute one stays, `/path` is below the server's base URL.
///
/// ```
/// use doorward_sdk::links;
/// # doorward_sdk::fake::reset();
/// assert_eq!(links::absolute("/welcome back"), "http://localhost:3000/welcome%20back");
/// assert_eq!(links::absolute("https://app.example.com"), "https://app.example.com/");
/// ```
pub fn absolute(target: &str) -> String {
    resolve(&config::base_url(), target)
}

/// The URL with the query parameter `name` set to `value`, in place of the first it has of that name. The query is written
/// anew, as HTML forms do it.
///
/// ```
/// use doorward_sdk::links;
/// let next = links::with_query("/welcome?lang=de&step=1#top", "step", "2");
/// assert_eq!(next, "/welcome?lang=de&step=2#top");
/// # Ok::<(), doorward_sdk::Error>(())
/// ```
pub fn with_query(url: &str, name: &str, value: &str) -> String {
    let (rest, fragment) = split(url, '#');
    let (path, query) = split(rest, '?');
    let mut new = Some((name.to_owned(), value.to_owned()));
    let given = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = split(pair, '=');
        (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
    });
    let mut pairs: Vec<(String, String)> =
        given.filter_map(|pair| if pair.0 == name { new.take() } else { Some(pair) }).collect();
    pairs.extend(new);
    let written: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let hash = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    format!("{path}?{}{hash}", written.join("&"))
}

/// Sends the browser that followed a link on to `target` when a gate demands a challenge, with what the challenge says in
/// the query: `twoFactorRedirect=true&twoFactorMethods=totp%2Cotp`.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// # use doorward_sdk::users::User;
/// // What a magic link leads to: the session, or the page that asks for the second factor.
/// fn arrive(user: &User) -> Result<Response> {
///     match sessions::open(user, "magic-link") {
///         Ok(_) => Ok(Response::redirect("/home")),
///         Err(error) => links::challenge_at("/second-step", error),
///     }
/// }
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// assert_eq!(fake::header(&arrive(&ada)?, "location").as_deref(), Some("/home"));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// Any other error, as it is.
pub fn challenge_at(target: &str, error: Error) -> Result<Response> {
    let Error::Host(HostError::Challenged(raw::Response { body, .. })) = error else { return Err(error) };
    let said: Map<String, Value> = body.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default();
    let told = said.iter().fold(target.to_owned(), |url, (name, value)| with_query(&url, name, &flat(value)));
    Ok(Response::redirect(told))
}

fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Names and values as a query or a form: `a=1&b=two%20words`.
///
/// ```
/// use doorward_sdk::links;
/// let query = links::query(&[("client_id", "news"), ("scope", "openid email")]);
/// assert_eq!(query, "client_id=news&scope=openid+email");
/// ```
pub fn query(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Undoes percent-encoding; text with a malformed escape stays as it is.
///
/// ```
/// use doorward_sdk::links;
/// assert_eq!(links::decode("M%C3%BCnchen"), "München");
/// assert_eq!(links::decode("100%"), "100%");
/// ```
pub fn decode(text: &str) -> String {
    crate::percent::decode(text)
}

fn resolve(base_url: &str, target: &str) -> String {
    let target = escape(target);
    match target.split_once("://") {
        Some(("http" | "https", rest)) if !rest.contains(['/', '?', '#']) => format!("{target}/"),
        Some(_) => target,
        None if target.starts_with('/') => format!("{base_url}{target}"),
        None => format!("{base_url}/{target}"),
    }
}

/// Escapes what cannot stand in a URL, and leaves the escapes that are there.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' | b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | 0..=31 | 127..=255 => {
                escaped.push_str(&format!("%{byte:02X}"));
            }
            _ => escaped.push(char::from(byte)),
        }
    }
    escaped
}

fn split(text: &str, mark: char) -> (&str, &str) {
    text.split_once(mark).unwrap_or((text, ""))
}

/// As HTML forms do it: a space is `+`, everything but letters, digits and `*-._` is escaped.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_set_once_and_before_the_fragment() {
        let cases = [
            ("http://a/home", "http://a/home?error=NO"),
            ("http://a/home?a=1", "http://a/home?a=1&error=NO"),
            ("http://a/?error=old&a=1#top", "http://a/?error=NO&a=1#top"),
            ("http://a/?q=a%20b&e=%C3%A9&f", "http://a/?q=a+b&e=%C3%A9&f=&error=NO"),
            ("myapp://", "myapp://?error=NO"),
        ];
        for (url, expected) in cases {
            assert_eq!(with_query(url, "error", "NO"), expected);
        }
        assert_eq!(with_query("/x", "to", "/a b&c"), "/x?to=%2Fa+b%26c");
    }

    #[test]
    fn targets_are_resolved_against_the_server() {
        let cases = [
            ("/", "http://s/"),
            ("/home?a=1", "http://s/home?a=1"),
            ("https://app.example", "https://app.example/"),
            ("https://app.example/x", "https://app.example/x"),
            ("myapp://", "myapp://"),
            ("/a b/%20é", "http://s/a%20b/%20%C3%A9"),
        ];
        for (target, expected) in cases {
            assert_eq!(resolve("http://s", target), expected);
        }
    }

    #[test]
    fn a_malformed_escape_stays() {
        assert_eq!(decode("%2Fhome%20x"), "/home x");
        assert_eq!(decode("50%"), "50%");
        assert_eq!(decode("%zz"), "%zz");
    }
}
