//! Values that are too long for one cookie: cut into `name.0`, `name.1`, … and joined again.
//!
//! Source: `cookies.md` of the wire contract, "Chunking".

use super::{Cookie, CookieSpec};
use crate::http::Request;

/// Maximum bytes of one cookie with its name and attributes.
const COOKIE_BYTES: usize = 4050;
const MOST_CHUNKS: usize = 100;

/// The value of the cookie `name`, joined from its chunks if it was cut.
pub fn read(request: &Request, name: &str) -> Option<String> {
    if !request.cookies().any(|(sent, _)| is_of(sent, name)) {
        return None;
    }
    if let Some(whole) = request.cookie(name) {
        return Some(whole);
    }
    let mut chunks: Vec<(usize, String)> = names(request, name)
        .into_iter()
        .filter_map(|chunk| Some((index(&chunk, name)?, request.cookie(&chunk)?)))
        .collect();
    chunks.sort_unstable_by_key(|(index, _)| *index);
    (!chunks.is_empty()).then(|| chunks.into_iter().map(|(_, value)| value).collect())
}

/// The names under which the request carries the cookie `name`: its own and those of its chunks, each once, as sent.
pub fn names(request: &Request, name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (sent, _) in request.cookies() {
        if is_of(sent, name) && found.len() <= MOST_CHUNKS && !found.iter().any(|known| known == sent) {
            found.push(sent.to_owned());
        }
    }
    found
}

/// Whether `sent` is the cookie `name` or a chunk of it.
pub fn is_of(sent: &str, name: &str) -> bool {
    sent == name || index(sent, name).is_some()
}

/// The cookies that set `value` and delete the rest of those that the browser has under the names `present`. A value
/// that is too long is not sent at all.
pub fn write(spec: &CookieSpec, value: &str, max_age_secs: Option<i64>, present: &[String]) -> Vec<Cookie> {
    let mut pieces = cut(spec, value, max_age_secs);
    let mut cookies = Vec::with_capacity(pieces.len() + present.len());
    for name in present {
        match pieces.iter().position(|piece| piece.name == *name) {
            Some(at) => cookies.push(pieces.remove(at)),
            None => cookies.push(Cookie { name: name.clone(), ..spec.deletion() }),
        }
    }
    cookies.extend(pieces);
    cookies
}

fn cut(spec: &CookieSpec, value: &str, max_age_secs: Option<i64>) -> Vec<Cookie> {
    let empty = spec.cookie(String::new(), max_age_secs);
    let room = COOKIE_BYTES.saturating_sub(empty.to_header().len() + ".00".len()).max(1);
    if value.len() <= room {
        return vec![spec.cookie(value.to_owned(), max_age_secs)];
    }
    let chunks = value.as_bytes().chunks(room);
    if chunks.len() > MOST_CHUNKS {
        tracing::warn!(cookie = spec.name, bytes = value.len(), "a value is too long even for many cookies");
        return Vec::new();
    }
    let cookie = |(index, chunk): (usize, &[u8])| Cookie {
        name: format!("{}.{index}", spec.name),
        ..spec.cookie(String::from_utf8_lossy(chunk).into_owned(), max_age_secs)
    };
    chunks.enumerate().map(cookie).collect()
}

fn index(chunk: &str, name: &str) -> Option<usize> {
    let digits = chunk.strip_prefix(name)?.strip_prefix('.')?;
    let is_canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|index| is_canonical && *index < MOST_CHUNKS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CookieAttributes;

    fn spec() -> CookieSpec {
        let attributes = CookieAttributes { path: Some("/".into()), ..CookieAttributes::default() };
        CookieSpec { name: "data".into(), attributes }
    }

    fn request(cookie: &str) -> Request {
        let mut request = Request::placeholder();
        request.headers.push("cookie", cookie);
        request
    }

    #[test]
    fn a_long_value_is_cut_and_joined() {
        let value: String = (0..9_000).map(|index| char::from(b'a' + u8::try_from(index % 26).unwrap())).collect();
        let cookies = write(&spec(), &value, Some(300), &[]);
        assert_eq!(
            cookies.iter().map(|cookie| cookie.name.as_str()).collect::<Vec<_>>(),
            ["data.0", "data.1", "data.2"]
        );
        assert!(cookies.iter().all(|cookie| cookie.to_header().len() <= COOKIE_BYTES));
        let sent: Vec<String> =
            cookies.iter().rev().map(|cookie| format!("{}={}", cookie.name, cookie.value.expose())).collect();
        assert_eq!(read(&request(&sent.join("; ")), "data").unwrap(), value);
    }

    #[test]
    fn what_is_no_longer_needed_is_deleted_in_its_place() {
        let shown = |value: &str, present: &[&str]| -> Vec<String> {
            let present: Vec<String> = present.iter().map(|name| (*name).to_owned()).collect();
            let mark = |cookie: &Cookie| format!("{}{}", if cookie.is_deletion() { "-" } else { "" }, cookie.name);
            write(&spec(), value, Some(300), &present).iter().map(mark).collect()
        };
        let long = "x".repeat(5_000);
        assert_eq!(shown("short", &["data.0", "data.1"]), ["-data.0", "-data.1", "data"]);
        assert_eq!(shown(&long, &["data"]), ["-data", "data.0", "data.1"]);
        assert_eq!(shown(&long, &["data.0", "data.1", "data.2"]), ["data.0", "data.1", "-data.2"]);
        assert_eq!(shown(&"x".repeat(500_000), &["data.0"]), ["-data.0"]);
    }

    #[test]
    fn only_chunks_of_the_cookie_count() {
        let request = request("data.x=1; data.01=2; data.100=3; database.0=4; data.-1=5; data.1=b; data.0=a; data.0=z");
        assert_eq!(names(&request, "data"), ["data.1", "data.0"]);
        assert_eq!(read(&request, "data").unwrap(), "ab");
        assert_eq!(read(&self::request("data=whole; data.0=a"), "data").unwrap(), "whole");
        assert_eq!(read(&self::request("other=1"), "data"), None);
    }
}
