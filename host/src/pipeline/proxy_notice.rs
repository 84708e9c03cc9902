//! Tells the operator, once each, that a proxy stands before the server and the configuration does not know it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::joined;
use crate::config::Config;
use crate::http::Request;
use crate::http::address::AddressRule;

/// What was told already.
#[derive(Default)]
pub struct ProxyNotice {
    of_header: AtomicBool,
    of_tls: AtomicBool,
}

impl ProxyNotice {
    /// Looks at one request.
    pub fn look(&self, request: &Request, rule: &AddressRule, config: &Config) {
        let header = |name: &str| joined(request, name);
        if let Some(peer) = request.peer.map(|peer| peer.to_canonical())
            && !self.of_header.load(Ordering::Relaxed)
            && rule.ignores_header(peer, header)
            && first(&self.of_header)
        {
            let line = format!("[advanced.ip_address] trusted_proxies = [\"{peer}\"]");
            tracing::warn!(%peer, line, "a forwarding header is ignored: all clients of this proxy count as one; if it is yours, write the line");
        }
        let is_tls = request.headers.get("x-forwarded-proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        if is_tls && !config.uses_secure_cookies() && first(&self.of_tls) {
            let line = "base_url = \"https://…\"";
            tracing::warn!(
                line,
                "a proxy says that clients use TLS, and cookies are sent without `Secure`; write the public address as base_url"
            );
        }
    }
}

/// True for the first caller. Reading comes first: it costs nothing, and it is true for all requests but one.
fn first(told: &AtomicBool) -> bool {
    !told.load(Ordering::Relaxed) && !told.swap(true, Ordering::Relaxed)
}
