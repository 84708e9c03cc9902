//! A request and an answer as plain values, free of any server library.

pub mod address;
pub mod asset;
pub mod chunks;
mod glob;
pub mod origin;
pub mod outgoing;

use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock};

use bytes::{Bytes, BytesMut};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json};

use crate::clock::Timestamp;
use crate::error::{ApiError, ErrorBody};
use chunks::{CutOff, Rest, Upload};

/// Headers in the order they came, names in lower case.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Adds a header; `name` must be in lower case.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Replaces every value of `name` by one.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes every value of `name`.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| key != name);
    }

    /// All headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The decoded query string, in order; a key may repeat.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=1&b=2` as forms do: `+` is a space, escapes are decoded.
    pub fn parse(raw: &str) -> Self {
        Self(url::form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    /// A query with these names and values.
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The value of `name`, when it is there exactly once.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// The first value of `name`, however often it is there.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Names and values, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The names of the parameters, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The query as an object: strings, and arrays where a key repeats.
    pub fn to_json(&self) -> Json {
        let mut object = Map::new();
        for (key, value) in &self.0 {
            let value = Json::String(value.clone());
            match object.get_mut(key) {
                None => _ = object.insert(key.clone(), value),
                Some(Json::Array(values)) => values.push(value),
                Some(first) => *first = Json::Array(vec![first.take(), value]),
            }
        }
        Json::Object(object)
    }
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mount {
    /// Below the base path.
    #[default]
    Base,
    /// At the server's root: every path that is not below the base path.
    Root,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Everything but the body. Changing a field while the head is shared changes a copy.
    pub head: Arc<RequestHead>,
    /// The body as it came.
    pub raw_body: Bytes,
    /// The body of a request to an endpoint that reads it chunk by chunk; `raw_body` is empty then.
    pub upload: Option<Upload>,
    /// The body as JSON (forms become an object of strings); `None` when there was none.
    pub body: Option<Json>,
    /// When the request arrived.
    pub received_at: Timestamp,
}

/// The head of a request, and who sent it.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// Unique per request; stands in the log and in `x-request-id`.
    pub id: String,
    /// Upper-case method; `GET` for `HEAD`, which is answered alike.
    pub method: String,
    /// Whether the client wants no body: the method was `HEAD`.
    pub is_head: bool,
    /// Where the path begins.
    pub mount: Mount,
    /// The path below [`RequestHead::mount`], as it was sent: starts with `/`, or is empty for the base path itself.
    pub path: String,
    /// Decoded query.
    pub query: Query,
    /// Headers, names in lower case.
    pub headers: Headers,
    /// Address of the socket's other end.
    pub peer: Option<IpAddr>,
    /// The client's address by the configured rule; `None` when it cannot be trusted.
    pub client_address: Option<String>,
}

impl Deref for Request {
    type Target = RequestHead;

    fn deref(&self) -> &RequestHead {
        &self.head
    }
}

impl DerefMut for Request {
    fn deref_mut(&mut self) -> &mut RequestHead {
        Arc::make_mut(&mut self.head)
    }
}

impl Request {
    /// A request without a body.
    pub fn new(head: RequestHead) -> Self {
        Self { head: Arc::new(head), ..Self::placeholder() }
    }

    /// A request that stands for "none" while the real one is lent out.
    pub fn placeholder() -> Self {
        static NONE: LazyLock<Arc<RequestHead>> = LazyLock::new(Arc::default);
        Self { head: Arc::clone(&NONE), raw_body: Bytes::new(), upload: None, body: None, received_at: Timestamp(0) }
    }
}

impl RequestHead {
    /// The value of a cookie: the first of that name, unquoted and URL-decoded where it is escaped.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let raw = self.cookies().find(|(key, _)| *key == name)?.1;
        let unquoted = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
        Some(decode_component(unquoted))
    }

    /// Puts a cookie in place of those of the same name. `value` is as it goes on the wire.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        let others = self.cookies().filter(|(other, _)| *other != name);
        let pairs = others.map(|(name, value)| format!("{name}={value}")).chain([format!("{name}={value}")]);
        let header = pairs.collect::<Vec<_>>().join("; ");
        self.headers.set("cookie", header);
    }

    /// Every cookie in the order sent: its name and its value as it came.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.headers.all("cookie").flat_map(|header| header.split(';'));
        pairs.filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.trim(), value.trim()))
    }

    /// Whether any `Cookie` header was sent.
    pub fn has_cookies(&self) -> bool {
        self.headers.get("cookie").is_some()
    }
}

/// URL-decodes; text with a malformed escape or invalid UTF-8 stays as it is.
pub fn decode_component(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let is_escape = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    let well_formed = (0..bytes.len()).all(|at| bytes.get(at) != Some(&b'%') || is_escape(at));
    let decoded = percent_decode_str(text).decode_utf8().ok().filter(|_| well_formed);
    decoded.map_or_else(|| text.to_owned(), |decoded| decoded.into_owned())
}

/// Escapes everything but `A-Z a-z 0-9 - _ . ! ~ * ' ( )`, as JavaScript's `encodeURIComponent` does.
pub fn encode_component(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEEP: AsciiSet = NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'!')
        .remove(b'~')
        .remove(b'*')
        .remove(b'\'')
        .remove(b'(')
        .remove(b')');
    utf8_percent_encode(text, &KEEP).to_string()
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Headers,
    /// The body's bytes; its first ones when there is a rest.
    pub body: Bytes,
    /// The rest of a body that is made while the client takes it.
    pub rest: Option<Rest>,
}

impl Response {
    /// The answer with its whole body.
    ///
    /// # Errors
    /// When the rest cannot be made.
    pub async fn whole(mut self) -> Result<Self, CutOff> {
        let mut body = BytesMut::from(&*self.body);
        while let Some(rest) = self.rest.take() {
            let (bytes, after) = rest.next().await?;
            body.extend_from_slice(&bytes);
            self.rest = after;
        }
        Ok(Self { body: body.freeze(), ..self })
    }

    /// The head alone of an answer in chunks, which says no length; any other answer as it is.
    #[must_use]
    pub fn without_chunks(self) -> Self {
        match self.rest {
            None => self,
            Some(rest) => Self { body: Bytes::new(), rest: Some(rest.left_out()), ..self },
        }
    }

    /// `200` with a JSON body.
    pub fn json(body: &Json) -> Self {
        Self::json_bytes(200, body.to_string())
    }

    /// `302` to `location`, without a body.
    pub fn redirect(location: &str) -> Self {
        let mut response = Self::json_bytes(302, "");
        response.headers.push("location", header_text(location));
        response
    }

    /// No body and no content type.
    pub fn bare(status: u16) -> Self {
        Self { status, headers: Headers::default(), body: Bytes::new(), rest: None }
    }

    /// A body of another type.
    pub fn with_type(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut headers = Headers::default();
        headers.push("content-type", content_type);
        Self { status, headers, body: body.into(), rest: None }
    }

    fn json_bytes(status: u16, body: impl Into<Bytes>) -> Self {
        Self::with_type(status, "application/json", body)
    }
}

impl From<&ApiError> for Response {
    fn from(error: &ApiError) -> Self {
        let body = match &error.body {
            ErrorBody::Coded { code, message } => serde_json::json!({ "message": message, "code": code }).to_string(),
            ErrorBody::Message(message) => serde_json::json!({ "message": message }).to_string(),
            ErrorBody::Empty => String::new(),
        };
        let mut response = Self::json_bytes(error.status, body);
        for (name, value) in &error.headers {
            response.headers.push(*name, value.clone());
        }
        response
    }
}

/// The URLs of the single servers of a URL that names several, as `scheme://user@one,two:5433/name`; or else the URL itself.
pub fn urls_of_servers(text: &str) -> Vec<String> {
    match several_servers(text) {
        Some((user, servers, rest)) => servers.iter().map(|server| format!("{user}{server}{rest}")).collect(),
        None => vec![text.to_owned()],
    }
}

/// What stands before the servers of a URL that names several, the servers, and what stands after them.
fn several_servers(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    let begin = text.find("://")? + 3;
    let authority = text.get(begin..)?.split(['/', '?', '#']).next()?;
    let begin = begin + authority.rfind('@').map_or(0, |at| at + 1);
    let servers = text.get(begin..)?.split(['/', '?', '#']).next()?;
    let rest = text.get(begin + servers.len()..)?;
    servers.contains(',').then(|| (text.get(..begin).unwrap_or_default(), servers.split(',').collect(), rest))
}

/// A URL as errors and logs may show it: without password, query and fragment. Of what cannot be read as one, only the
/// scheme is shown.
pub fn shown_url(text: &str) -> String {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    let unreadable = || if scheme.is_empty() { "…".to_owned() } else { format!("{scheme}://…") };
    if let Some((user, servers, rest)) = several_servers(text) {
        let shown: Vec<String> = servers.iter().map(|server| shown_url(&format!("{user}{server}{rest}"))).collect();
        let first = shown.first().filter(|_| !shown.contains(&unreadable()));
        let place = first.and_then(|first| {
            let begin = first.find('@').map_or(first.find("://")? + 3, |at| at + 1);
            Some((first, begin + servers.first()?.len()))
        });
        return place.map_or_else(unreadable, |(first, end)| {
            let (before, after) = first.split_at_checked(end).unwrap_or((first, ""));
            format!("{before},{}{after}", servers.get(1..).unwrap_or_default().join(","))
        });
    }
    let Ok(mut url) = url::Url::parse(text) else { return unreadable() };
    let has_user = !url.username().is_empty() || url.password().is_some();
    if text.contains('@') && !has_user {
        // A password with a letter that ends the host.
        return unreadable();
    }
    // A URL with a password has an authority, so that this cannot fail.
    _ = url.password().is_some().then(|| url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// Text that is safe as a header value: line breaks and other controls are dropped.
pub fn header_text(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

/// True for a token: at least one of the letters that names of headers and cookies have (RFC 9110, 5.6.2).
pub fn is_token(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(cookie: &str) -> Request {
        let mut request = Request::placeholder();
        request.headers.push("cookie", cookie);
        request
    }

    #[test]
    fn cookies_are_read_as_the_wire_says() {
        assert_eq!(request("a=b;s=x%2By;c=d").cookie("s").unwrap(), "x+y");
        assert_eq!(request("s=\"quoted\"").cookie("s").unwrap(), "quoted");
        assert_eq!(request("s=first; s=second").cookie("s").unwrap(), "first");
        assert_eq!(request("s=100%").cookie("s").unwrap(), "100%");
        assert_eq!(request("s=%zz").cookie("s").unwrap(), "%zz");
        assert_eq!(request("xs=1").cookie("s"), None);
    }

    #[test]
    fn repeated_query_keys_become_an_array() {
        let query = Query::parse("token=a&token=b&c=1+2");
        assert_eq!(query.to_json(), serde_json::json!({ "token": ["a", "b"], "c": "1 2" }));
        assert_eq!(query.get("token"), None);
        assert_eq!(query.get("c"), Some("1 2"));
    }

    #[test]
    fn encode_component_is_javascripts() {
        assert_eq!(encode_component("a+b/c=d é!~*'()"), "a%2Bb%2Fc%3Dd%20%C3%A9!~*'()");
    }

    #[test]
    fn a_shown_url_has_no_secret() {
        for (url, shown) in [
            ("postgres://ada@db.example/app", "postgres://ada@db.example/app"),
            ("postgres://ada:hush@db.example:5432/app?password=hush#hush", "postgres://ada@db.example:5432/app"),
            ("postgres://ada:hu/sh@db.example/app", "postgres://…"),
            ("postgres://ada:12?hush@db.example/app", "postgres://…"),
            ("postgres://ada:hush@db.example:port/app", "postgres://…"),
            ("postgres://ada:hu,sh@a:5433,b.example/app?password=hush", "postgres://ada@a:5433,b.example/app"),
            ("postgres://a,b:6432,[::1]:7/app", "postgres://a,b:6432,[::1]:7/app"),
            ("postgres://a.a:hush@a,b/app", "postgres://a.a@a,b/app"),
            ("postgres://ada:12,hush/x@db.example/app", "postgres://…"),
            ("postgres://ada:hu,sh/x@db.example/app", "postgres://…"),
            ("postgres://ada:hush@a:port,b/app", "postgres://…"),
            ("ada:hush@db.example", "…"),
            ("hush", "…"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
    }

    #[test]
    fn header_text_drops_line_breaks() {
        assert_eq!(header_text("/a\r\nset-cookie: x"), "/aset-cookie: x");
    }
}
