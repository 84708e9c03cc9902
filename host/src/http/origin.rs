//! Which origins and redirect targets are trusted.
//!
//! Source: the verdicts in `tests/wire/origin-verdicts.json`, recorded from the reference.

use std::net::Ipv4Addr;

use url::Url;

/// The origins an operator trusts, compiled once.
#[derive(Clone, Debug, Default)]
pub struct TrustedOrigins(Vec<Pattern>);

#[derive(Clone, Debug)]
enum Pattern {
    /// `https://app.com`: this scheme, host and port.
    Origin(String),
    /// `https://*.app.com`: a glob over scheme, host and port.
    OriginGlob(String),
    /// `*.app.com`: a glob over host and port.
    HostGlob(String),
    /// `192.168.*.*`: a glob that only an IPv4 address can match.
    AddressGlob(String),
    /// `myapp://` or `myapp://host/path`: an application's own scheme, with all that lies below the path.
    Scheme { scheme: String, target: Option<(String, String)> },
}

impl TrustedOrigins {
    /// Compiles patterns; one that is neither an origin, a glob nor a custom scheme matches nothing.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        Self(patterns.into_iter().filter_map(Pattern::parse).collect())
    }

    /// Whether an `Origin` (or the URL in a `Referer`) is trusted.
    pub fn trusts_origin(&self, origin: &str) -> bool {
        Url::parse(origin).is_ok_and(|url| self.trusts(&url, origin))
    }

    /// Whether the answer may send a browser to `target`: a path on this server, or a URL of a trusted origin.
    pub fn trusts_target(&self, target: &str) -> bool {
        if target.starts_with('/') { is_safe_path(target) } else { self.trusts_origin(target) }
    }

    fn trusts(&self, url: &Url, text: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(url, text))
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let is_glob = text.contains(['*', '?']);
        let lower = || text.to_ascii_lowercase();
        if is_glob && text.contains("://") {
            return Some(Self::OriginGlob(lower()));
        }
        if is_glob {
            let is_numeric =
                text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'*' | b'?' | b':'));
            return Some(if is_numeric { Self::AddressGlob(lower()) } else { Self::HostGlob(lower()) });
        }
        let url = Url::parse(text).ok()?;
        if is_web(&url) {
            return Some(Self::Origin(url.origin().ascii_serialization()));
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let target = host.map(|host| (host.to_ascii_lowercase(), url.path().trim_end_matches('/').to_owned()));
        Some(Self::Scheme { scheme: url.scheme().to_owned(), target })
    }

    fn matches(&self, url: &Url, text: &str) -> bool {
        match self {
            Self::Origin(origin) => is_web(url) && url.origin().ascii_serialization() == *origin,
            Self::OriginGlob(glob) => is_web(url) && glob_matches(glob, &url.origin().ascii_serialization()),
            Self::HostGlob(glob) => is_web(url) && glob_matches(glob, &host_and_port(url)),
            Self::AddressGlob(glob) => {
                let is_address = url.host_str().is_some_and(|host| host.parse::<Ipv4Addr>().is_ok());
                is_web(url) && is_address && glob_matches(glob, &host_and_port(url))
            }
            Self::Scheme { scheme, target } => {
                url.scheme() == scheme
                    && !text.chars().any(char::is_control)
                    && target.as_ref().is_none_or(|(host, path)| is_below(url, host, path))
            }
        }
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_below(url: &Url, host: &str, path: &str) -> bool {
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    let rest = url.path().strip_prefix(path);
    let same_host = url.host_str().is_some_and(|found| found.eq_ignore_ascii_case(host));
    same_host
        && url.port().is_none()
        && !has_credentials
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path that a browser cannot read as another host: no second slash, no backslash, no control character, and no
/// escaped slash or backslash before the query.
fn is_safe_path(target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let is_bad = |letter: char| letter == '\\' || letter.is_control();
    !target.starts_with("//") && !target.contains(is_bad) && !path.contains("%2f") && !path.contains("%5c")
}

/// `*` stands for any run of characters, `?` for one.
fn glob_matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(seen) {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(wanted) if wanted == letter || *wanted == '?' => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                seen = taken + 1;
            }
        }
    }
    glob.iter().skip(at).all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_the_references() {
        let recorded = include_str!("../../../tests/wire/origin-verdicts.json");
        let recorded: serde_json::Value = serde_json::from_str(recorded).unwrap();
        let patterns = recorded["trusted_origins"].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
        let base = recorded["base_url"].as_str().unwrap();
        let trusted = TrustedOrigins::new(patterns.chain([base]));
        for verdict in recorded["verdicts"].as_array().unwrap() {
            let target = verdict[0].as_str().unwrap();
            let expected = verdict[1].as_bool().unwrap();
            // An empty target means "none" and is never asked about.
            if !target.is_empty() {
                assert_eq!(trusted.trusts_target(target), expected, "target {target:?}");
            }
            if verdict[2].as_bool().unwrap() {
                assert!(trusted.trusts_origin(target), "origin {target:?}");
            } else if !expected {
                assert!(!trusted.trusts_origin(target), "origin {target:?}");
            }
        }
    }

    #[test]
    fn scripts_behind_a_matching_host_are_refused() {
        let trusted = TrustedOrigins::new(["*.x.com", "myapp://callback"]);
        for target in
            ["javascript://a.x.com/%0aalert(1)", "myapp://u@callback", "myapp://callback.evil", "data://a.x.com/x"]
        {
            assert!(!trusted.trusts_target(target), "{target}");
        }
        assert!(trusted.trusts_target("MyApp://CALLBACK"));
    }
}
