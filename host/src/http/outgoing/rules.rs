//! Which servers may be asked: by the name in the URL, before anything is resolved.

use std::net::IpAddr;

use url::{Host, Url};

use super::Failure;
use super::resolver::is_allowed;

const LONGEST_URL: usize = 8192;

/// What one client may reach.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    hosts: Vec<Pattern>,
    /// Whether this machine and its own network are in reach.
    pub allows_private: bool,
    /// Whether `http:` is sent too.
    pub allows_http: bool,
}

/// `host`, `host:port`, `*.suffix` or `*.suffix:port`. Without a port, the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    name: String,
    is_suffix: bool,
    port: Option<u16>,
}

impl Rules {
    /// Rules that allow these hosts.
    ///
    /// # Errors
    /// Names the first that is no host.
    pub fn new<'a>(
        hosts: impl IntoIterator<Item = &'a str>,
        allows_private: bool,
        allows_http: bool,
    ) -> Result<Self, String> {
        let parse = |text: &str| {
            Pattern::parse(text).ok_or_else(|| {
                format!("`{text}` is no host: write `api.example.com`, `api.example.com:8443` or `*.example.com`")
            })
        };
        let hosts = hosts.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { hosts, allows_private, allows_http })
    }

    /// The URL in its one spelling, when it may be asked. Names are checked here, what they resolve to is checked later.
    pub(super) fn check(&self, url: &str) -> Result<Url, Failure> {
        let invalid = |reason: &str| Failure::Invalid(format!("the URL {reason}"));
        if url.len() > LONGEST_URL {
            return Err(invalid("is too long"));
        }
        let url = Url::parse(url).map_err(|_| invalid("is malformed"))?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(invalid("carries a name, a password or a fragment"));
        }
        match url.scheme() {
            "https" => {}
            "http" if self.allows_http => {}
            "http" => return Err(Failure::Denied("`http:` is not allowed (`allow_http`)".to_owned())),
            _ => return Err(invalid("is neither https: nor http:")),
        }
        let host = url.host().ok_or_else(|| invalid("has no host"))?;
        if !self.hosts.iter().any(|pattern| pattern.matches(&url)) {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            return Err(Failure::Denied(format!("the host `{host}{port}` is not one that is allowed")));
        }
        // A proxy resolves names itself, so that addresses and this machine's own name are refused here too.
        let is_reachable = match &host {
            Host::Ipv4(address) => is_allowed(IpAddr::V4(*address), self.allows_private),
            Host::Ipv6(address) => is_allowed(IpAddr::V6(*address), self.allows_private),
            Host::Domain(name) => self.allows_private || !is_this_machine(name),
        };
        if is_reachable { Ok(url) } else { Err(Failure::Denied(format!("`{host}` is not public (`allow_private`)"))) }
    }
}

fn is_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

impl Pattern {
    /// None for what is no host. Names are compared in the spelling that URLs give them.
    fn parse(text: &str) -> Option<Self> {
        let (is_suffix, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let url = Url::parse(&format!("https://{rest}/")).ok()?;
        let name = url.host_str()?.to_owned();
        // Nothing but a host and a port: no path, no name, no pattern elsewhere.
        let is_plain = !rest.contains(['/', '@', '?', '#', '*', '\\']) && !rest.ends_with(':');
        let is_below_a_name = !is_suffix || (matches!(url.host(), Some(Host::Domain(_))) && name.contains('.'));
        let port = url.port().or_else(|| rest.ends_with(":443").then_some(443));
        (is_plain && is_below_a_name).then_some(Self { name, is_suffix, port })
    }

    fn matches(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let is_named = match host.strip_suffix(self.name.as_str()) {
            Some(rest) => {
                (rest.is_empty() && !self.is_suffix) || (self.is_suffix && rest.ends_with('.') && rest.len() > 1)
            }
            None => false,
        };
        let port = match self.port {
            Some(_) => url.port_or_known_default(),
            None => url.port(),
        };
        is_named && port == self.port
    }
}
