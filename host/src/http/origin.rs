//! Which origins and redirect targets are trusted.
//!
//! Source: the verdicts in `tests/wire/origin-verdicts.json` and `origin-patterns.json`, recorded from the reference.

use url::Url;

use super::decode_component;
use super::glob::Glob;

/// Schemes that run what follows them as a script or show it as a page, whatever host they seem to name.
const RUN_IN_PLACE: [&str; 3] = ["javascript", "data", "vbscript"];

/// The origins an operator trusts, compiled once.
#[derive(Clone, Debug, Default)]
pub struct TrustedOrigins(Vec<Pattern>);

#[derive(Clone, Debug)]
enum Pattern {
    /// `*.app.com` or `192.168.*.*`: a glob over host and port, whatever the scheme.
    Host(Glob),
    /// `https://app.com` or `https://*.app.com`: scheme, host and port, with or without wildcards; and an application's own
    /// scheme.
    Full { origin: Origin, own_scheme: Option<OwnScheme> },
}

#[derive(Clone, Debug)]
enum Origin {
    Exact(String),
    Glob(Glob),
}

/// `myapp://`, `myapp://host/path` or `exp://192.168.*.*:*/**`. Without wildcards, all that lies below the path is trusted.
#[derive(Clone, Debug)]
struct OwnScheme {
    is_glob: bool,
    scheme: String,
    authority: Option<Part>,
    path: Option<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Exact(String),
    Glob(Glob),
}

impl TrustedOrigins {
    /// Compiles patterns. Those that [`problem`] refuses match what they match in the reference, mostly nothing.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        Self(patterns.into_iter().filter_map(Pattern::parse).collect())
    }

    /// Whether an `Origin` (or the URL in a `Referer`) is trusted.
    pub fn trusts_origin(&self, origin: &str) -> bool {
        Url::parse(origin).is_ok_and(|url| self.0.iter().any(|pattern| pattern.matches(&url, origin)))
    }

    /// Whether the answer may send a browser to `target`: a path on this server, or a URL of a trusted origin.
    pub fn trusts_target(&self, target: &str) -> bool {
        if target.starts_with('/') { is_safe_path(target) } else { self.trusts_origin(target) }
    }
}

/// Why an operator cannot have meant this pattern, with what to write instead.
pub fn problem(pattern: &str) -> Option<String> {
    let says = |text: &str| Some(text.to_owned());
    let is_glob = is_glob(pattern);
    let Some((scheme, rest)) = pattern.split_once("://") else {
        return match (is_glob, pattern.chars().any(char::is_alphanumeric)) {
            (false, _) => Some(format!("has no scheme. Write \"https://{pattern}\"")),
            (true, false) => {
                says("trusts every site, and each could act for your users. Name the hosts: \"*.example.com\"")
            }
            (true, true) => lower_case(pattern),
        };
    };
    if scheme.is_empty() {
        return says("has no scheme. Write \"https://\" before the host");
    }
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return None;
    }
    if rest.is_empty() {
        return says("has no host");
    }
    if is_glob {
        let (origin, path) = pattern.split_at(pattern.len() - rest.len() + rest.find('/').unwrap_or(rest.len()));
        return if path.is_empty() { lower_case(pattern) } else { Some(format!("has a path. Write \"{origin}\"")) };
    }
    match Url::parse(pattern) {
        Err(error) => Some(format!("is not a URL: {error}")),
        Ok(url) => {
            let origin = url.origin().ascii_serialization();
            (origin != pattern)
                .then(|| format!("is more than an origin, or spelled in another way. Write \"{origin}\""))
        }
    }
}

/// Browsers send hosts in lower case, and names with other letters than ASCII as `xn--…`.
fn lower_case(pattern: &str) -> Option<String> {
    if !pattern.is_ascii() {
        return Some("has letters that no host has. Write the name as browsers send it, with \"xn--\"".to_owned());
    }
    let lower = pattern.to_ascii_lowercase();
    (lower != pattern).then(|| format!("has capital letters, and hosts have none. Write \"{lower}\""))
}

fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        if !is_glob(text) {
            return Some(Self::Full { origin: Origin::Exact(text.to_owned()), own_scheme: OwnScheme::parse(text) });
        }
        match text.split_once("://") {
            None => Glob::of_host(text, text).map(Self::Host),
            Some((_, authority)) => {
                let origin = Origin::Glob(Glob::of_host(text, authority)?);
                Some(Self::Full { origin, own_scheme: OwnScheme::parse(text) })
            }
        }
    }

    fn matches(&self, url: &Url, text: &str) -> bool {
        let authority = authority(url);
        match self {
            Self::Host(glob) => {
                !authority.is_empty()
                    && !RUN_IN_PLACE.contains(&url.scheme())
                    && glob.matches_host(&authority, &authority)
            }
            Self::Full { origin, .. } if is_web(url) => {
                let found = url.origin().ascii_serialization();
                match origin {
                    Origin::Exact(origin) => *origin == found,
                    Origin::Glob(glob) => glob.matches_host(&found, &authority),
                }
            }
            Self::Full { own_scheme, .. } => own_scheme.as_ref().is_some_and(|pattern| pattern.matches(text)),
        }
    }
}

impl OwnScheme {
    fn parse(text: &str) -> Option<Self> {
        let is_glob = is_glob(text);
        let split = Split::of(text, is_glob)?;
        // A part that cannot be compiled makes the pattern void, never wide.
        let part = |text: String| match (text.is_empty(), is_glob) {
            (true, _) => Some(None),
            (false, true) => Glob::of_host(&text, &text).map(|glob| Some(Part::Glob(glob))),
            (false, false) => Some(Some(Part::Exact(text))),
        };
        Some(Self { is_glob, scheme: split.scheme, authority: part(split.authority)?, path: part(split.path)? })
    }

    fn matches(&self, text: &str) -> bool {
        let Some(url) = Split::of(text, false) else { return false };
        let is_at = match &self.authority {
            None => true,
            Some(Part::Exact(authority)) => *authority == url.authority,
            Some(Part::Glob(glob)) => glob.matches_host(&url.authority, &url.authority),
        };
        let is_below = match &self.path {
            None => true,
            Some(Part::Exact(path)) => {
                url.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Some(Part::Glob(glob)) => glob.matches(if url.path.is_empty() { "/" } else { &url.path }),
        };
        let names_user = self.is_glob && url.authority.contains('@');
        self.scheme == url.scheme && is_at && is_below && !names_user
    }
}

/// The parts of a URL with an application's own scheme, read as text as the reference does.
struct Split {
    scheme: String,
    authority: String,
    /// Decoded, without `.` and `..`, and without a slash at the end.
    path: String,
}

impl Split {
    /// In a pattern with wildcards, `?` is one of them.
    fn of(text: &str, is_glob: bool) -> Option<Self> {
        if text.chars().any(char::is_control) {
            return None;
        }
        let (scheme, rest) = text.split_once(':').filter(|(scheme, _)| !scheme.is_empty())?;
        let ends: &[char] = if is_glob { &['#'] } else { &['?', '#'] };
        let (authority, rest) = match rest.strip_prefix("//") {
            None => ("", rest),
            Some(rest) => {
                rest.split_at(rest.find(|letter| letter == '/' || ends.contains(&letter)).unwrap_or(rest.len()))
            }
        };
        let path = rest.split(ends).next().unwrap_or_default();
        Some(Self { scheme: scheme.to_lowercase(), authority: authority.to_lowercase(), path: resolved(path) })
    }
}

/// A path that is decoded and does not go up.
fn resolved(path: &str) -> String {
    let mut segments = Vec::new();
    let decoded = decode_component(path);
    for segment in decoded.split('/') {
        match segment {
            ".." => _ = segments.pop(),
            "." | "" => {}
            segment => segments.push(segment),
        }
    }
    segments.iter().map(|segment| format!("/{segment}")).collect()
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Host and port; without a port where it is the scheme's own.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// A path that a browser cannot read as another host: no second slash, no backslash, no control character, and no
/// escaped slash or backslash before the query.
fn is_safe_path(target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let is_bad = |letter: char| letter == '\\' || letter.is_control();
    !target.starts_with("//") && !target.contains(is_bad) && !path.contains("%2f") && !path.contains("%5c")
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

    /// What differs from the reference on purpose: a pattern of hosts never trusts what runs as a script.
    fn differs_on_purpose(pattern: &str, url: &str) -> bool {
        let scheme = url.split(':').next().unwrap_or_default().to_ascii_lowercase();
        !pattern.contains("://") && RUN_IN_PLACE.contains(&scheme.as_str())
    }

    #[test]
    fn every_pattern_gets_the_references_verdicts() {
        let recorded = include_str!("../../../tests/wire/origin-patterns.json");
        let recorded: serde_json::Value = serde_json::from_str(recorded).unwrap();
        let texts = |list: &serde_json::Value| {
            list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let urls = texts(&recorded["urls"]);
        let mut wrong = Vec::new();
        let mut on_purpose = 0;
        for set in recorded["sets"].as_array().unwrap() {
            let patterns = texts(&set["patterns"]);
            let trusted = TrustedOrigins::new(patterns.iter().map(String::as_str));
            for (url, verdict) in urls.iter().zip(set["verdicts"].as_str().unwrap().chars()) {
                // `t` is trusted as a target alone, `o` as an origin too, `-` not at all.
                let own = match (trusted.trusts_target(url), trusted.trusts_origin(url)) {
                    (_, true) => 'o',
                    (true, false) => 't',
                    (false, false) => '-',
                };
                match own == verdict {
                    true => {}
                    false if own == '-' && patterns.iter().any(|one| differs_on_purpose(one, url)) => on_purpose += 1,
                    false => wrong.push(format!("{patterns:?} {url:?}: {own}, and the reference says {verdict}")),
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(on_purpose > 0, "the listed difference no longer differs");
    }

    #[test]
    fn patterns_that_mean_nothing_or_everything_name_the_right_one() {
        for (pattern, part) in [
            ("", "has no scheme"),
            ("app.example.com", "Write \"https://app.example.com\""),
            ("localhost:5173", "Write \"https://localhost:5173\""),
            ("://app.example.com", "has no scheme"),
            ("https://", "has no host"),
            ("https://a b", "is not a URL"),
            ("https://app.example.com/", "Write \"https://app.example.com\""),
            ("https://app.example.com/login", "Write \"https://app.example.com\""),
            ("https://app.example.com:443", "Write \"https://app.example.com\""),
            ("HTTPS://App.example.com", "Write \"https://app.example.com\""),
            ("https://*.example.com/**", "Write \"https://*.example.com\""),
            ("https://*.Example.com", "Write \"https://*.example.com\""),
            ("*.Example.com", "Write \"*.example.com\""),
            ("*.exämple.com", "xn--"),
            ("*", "trusts every site"),
            ("**", "trusts every site"),
            ("*.*", "trusts every site"),
        ] {
            let problem = problem(pattern).unwrap_or_else(|| panic!("{pattern:?} has no problem"));
            assert!(problem.contains(part), "{pattern:?} {problem}");
        }
        for pattern in [
            "https://app.example.com",
            "http://localhost:5173",
            "https://*.example.com",
            "*.example.com",
            "192.168.*.*",
            "http://*:8080",
            "myapp://",
            "MyApp://host/path",
            "exp://192.168.*.*:*/**",
            "chrome-extension://*",
        ] {
            assert_eq!(problem(pattern), None, "{pattern}");
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
