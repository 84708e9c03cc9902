//! A file that is served as it is, to everyone and for ever: its type by its name, and its compressed form.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Headers, Response};

/// Largest asset.
pub const MOST_BYTES: usize = 1 << 20;

/// The types that are served, by the end of the name.
const TYPES: [(&str, &str); 8] = [
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("woff2", "font/woff2"),
    ("txt", "text/plain; charset=utf-8"),
    ("json", "application/json"),
];

/// An SVG that is opened by itself is a document: it runs nothing and loads nothing.
const SVG_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'";

/// A file in memory.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Where it is served: the whole path.
    pub path: String,
    content_type: &'static str,
    plain: Bytes,
    gzip: Option<Bytes>,
}

impl Asset {
    /// An asset at `path`; `None` when its name has no type that is served.
    pub fn new(path: String, plain: Bytes, gzip: Option<Bytes>) -> Option<Self> {
        let content_type = content_type(&path)?;
        Some(Self { path, content_type, plain, gzip })
    }

    /// The answer to a request with these headers.
    pub fn answer(&self, request: &Headers) -> Response {
        let packed = self.gzip.as_ref().filter(|_| request.all("accept-encoding").any(takes_gzip));
        let mut response = Response::with_type(200, self.content_type, packed.unwrap_or(&self.plain).clone());
        let headers = &mut response.headers;
        headers.push("cache-control", "public, max-age=31536000, immutable");
        headers.push("cross-origin-resource-policy", "same-origin");
        if self.gzip.is_some() {
            headers.push("vary", "Accept-Encoding");
        }
        if packed.is_some() {
            headers.push("content-encoding", "gzip");
        }
        if self.content_type == "image/svg+xml" {
            headers.push("content-security-policy", SVG_POLICY);
        }
        response
    }
}

/// The type of a file with this name; `None` when such files are not served.
pub fn content_type(name: &str) -> Option<&'static str> {
    let (_, end) = name.rsplit_once('.')?;
    TYPES.iter().find(|(known, _)| *known == end).map(|(_, content_type)| *content_type)
}

/// Whether an asset can have this name: plain segments, and a type that is served.
pub fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let is_segment = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_letter);
    name.len() <= 128 && name.split('/').all(is_segment) && content_type(name).is_some()
}

/// The compressed form, where it is smaller by a tenth.
pub fn gzip(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().filter(|packed| packed.len() < plain.len() - plain.len() / 10)
}

fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim_end_matches(['0', '.']).is_empty());
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["app.css", "js/field.js", "icons/a-b_c.1.svg"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "app",
            "../app.css",
            "a/../b.css",
            "/app.css",
            "a//b.css",
            ".css",
            "a/.b.css",
            "App.css",
            "a.html",
            "a.css ",
            "a\\b.css",
            "a%2e.css",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn the_compressed_form_goes_to_who_takes_it() {
        let text = "body { margin: 0 }\n".repeat(50);
        let packed = gzip(text.as_bytes()).unwrap();
        assert!(gzip(b"body").is_none(), "nothing is gained");
        let asset = Asset::new("/a.css".into(), text.clone().into(), Some(packed.clone().into())).unwrap();
        let asked = |accepted: &str| {
            let mut headers = Headers::default();
            headers.push("accept-encoding", accepted);
            let answer = asset.answer(&headers);
            assert_eq!(answer.headers.get("vary"), Some("Accept-Encoding"));
            (answer.headers.get("content-encoding").is_some(), answer.body.len())
        };
        assert_eq!(asked("br, gzip;q=0.8"), (true, packed.len()));
        for accepted in ["", "br", "gzip;q=0", "gzip; q=0.0", "gzipped"] {
            assert_eq!(asked(accepted), (false, text.len()), "{accepted}");
        }
    }

    #[test]
    fn a_drawing_runs_nothing() {
        let drawing = Asset::new("/a.svg".into(), Bytes::from_static(b"<svg/>"), None).unwrap();
        let answer = drawing.answer(&Headers::default());
        assert!(answer.headers.get("content-security-policy").unwrap().starts_with("sandbox; default-src 'none'"));
    }
}
