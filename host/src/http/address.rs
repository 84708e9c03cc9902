//! The client's address: the socket's peer, or what a trusted proxy says, in one spelling per client.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

/// Where the client's address is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AddressSource {
    /// The socket's peer; forwarding headers count only when the peer is a trusted proxy.
    #[default]
    Peer,
    /// Forwarding headers alone, never the socket, as the reference does behind a proxy that sets them.
    Header,
}

/// The rule that tells a client's address.
#[derive(Clone, Debug)]
pub struct AddressRule {
    /// Peer or header.
    pub source: AddressSource,
    /// Forwarding headers, the first that is present counts; lower-case names.
    pub headers: Vec<String>,
    /// Proxies whose entries in a forwarding header are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Length of the IPv6 prefix that stands for one client, in bits.
    pub ipv6_subnet: u8,
    /// Never tells an address.
    pub is_disabled: bool,
}

/// The networks in a list of networks and addresses; what is neither is left out.
pub fn networks(texts: &[String]) -> impl Iterator<Item = IpNet> {
    texts.iter().filter_map(|text| text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)))
}

impl AddressRule {
    /// The client's address in its one spelling, or `None` when nothing can be trusted.
    ///
    /// `header` gives the joined values of a request header.
    pub fn resolve(&self, peer: Option<IpAddr>, header: impl Fn(&str) -> Option<String>) -> Option<String> {
        if self.is_disabled {
            return None;
        }
        let address = match self.source {
            AddressSource::Header => self.forwarded(&header),
            AddressSource::Peer => {
                let peer = peer?.to_canonical();
                let forwarded = || self.forwarded(&header);
                if self.is_trusted(peer) { forwarded().or(Some(peer)) } else { Some(peer) }
            }
        };
        address.map(|address| self.spell(address))
    }

    /// The address in the forwarding header of someone who is trusted: the application's own backend, which tells of its
    /// client.
    pub fn told(&self, header: impl Fn(&str) -> Option<String>) -> Option<String> {
        let address = if self.is_disabled { None } else { self.forwarded(&header) };
        address.map(|address| self.spell(address))
    }

    /// With trusted proxies the list is walked from the right to the first hop that is not one of them; without,
    /// only a header with exactly one valid address counts.
    fn forwarded(&self, header: &impl Fn(&str) -> Option<String>) -> Option<IpAddr> {
        let value = self.headers.iter().find_map(|name| header(name))?;
        let hops: Option<Vec<Hop>> = value.split(',').map(Hop::parse).collect();
        let hops = hops?;
        let client = match (self.trusted_proxies.is_empty(), hops.as_slice()) {
            (true, [only]) => *only,
            (true, _) => return None,
            (false, hops) => {
                *hops.iter().rev().find(|hop| !matches!(hop, Hop::Address(hop) if self.is_trusted(*hop)))?
            }
        };
        match client {
            Hop::Address(address) => Some(address),
            Hop::Unknown => None,
        }
    }

    /// Whether a request that came over `peer` has a forwarding header that does not count, for want of an entry in
    /// `trusted_proxies`.
    pub fn ignores_header(&self, peer: IpAddr, header: impl Fn(&str) -> Option<String>) -> bool {
        !self.is_disabled
            && self.source == AddressSource::Peer
            && !self.is_trusted(peer)
            && self.headers.iter().any(|name| header(name).is_some())
    }

    /// True for a proxy whose headers are believed.
    pub fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }

    /// One key for each client: IPv4 as it is; IPv6 as its network in eight full groups, so that one client has one key.
    pub fn spell(&self, address: IpAddr) -> String {
        match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => {
                let bits = u32::from(self.ipv6_subnet.min(128));
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                let network = Ipv6Addr::from(u128::from(v6) & mask);
                network.segments().map(|group| format!("{group:04x}")).join(":")
            }
        }
    }
}

/// One entry of a forwarding header.
#[derive(Clone, Copy, Debug)]
enum Hop {
    Address(IpAddr),
    /// The proxy does not know, or does not tell: `unknown`, or a name of its own such as `_hidden` (RFC 7239, 6).
    Unknown,
}

impl Hop {
    /// Reads an address with or without a port: `203.0.113.7:51234`, `[2001:db8::7]:443`. IPv4-mapped IPv6 becomes IPv4, a
    /// zone id is refused.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("unknown") || text.starts_with('_') {
            return Some(Self::Unknown);
        }
        let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from);
        let with_port = || text.parse::<SocketAddr>().ok().filter(|_| !text.contains('%')).map(|address| address.ip());
        let address = text.parse::<IpAddr>().ok().or_else(in_brackets).or_else(with_port)?;
        Some(Self::Address(address.to_canonical()))
    }
}

/// Whether a host with or without a port, as it stands in a `Host` header or an address to listen on, is this machine's own.
pub fn is_loopback(authority: &str) -> bool {
    let with_port = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let host = with_port.map_or(authority, |(host, _)| host);
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => bare.eq_ignore_ascii_case("localhost") || bare.to_ascii_lowercase().ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(source: AddressSource, proxies: &[&str]) -> AddressRule {
        AddressRule {
            source,
            headers: vec!["x-forwarded-for".into()],
            trusted_proxies: proxies.iter().map(|net| net.parse().unwrap()).collect(),
            ipv6_subnet: 64,
            is_disabled: false,
        }
    }

    fn resolve(rule: &AddressRule, peer: &str, forwarded: Option<&str>) -> Option<String> {
        rule.resolve(peer.parse().ok(), |_| forwarded.map(str::to_owned))
    }

    #[test]
    fn a_spoofed_header_never_changes_the_peer() {
        let rule = rule(AddressSource::Peer, &[]);
        assert_eq!(resolve(&rule, "198.51.100.1", Some("1.2.3.4")).unwrap(), "198.51.100.1");
        assert_eq!(resolve(&rule, "::ffff:198.51.100.1", None).unwrap(), "198.51.100.1");
    }

    #[test]
    fn trusted_proxies_are_skipped_from_the_right() {
        let rule = rule(AddressSource::Peer, &["10.0.0.0/8"]);
        assert_eq!(resolve(&rule, "10.0.0.1", Some("6.6.6.6, 203.0.113.7, 10.0.0.2")).unwrap(), "203.0.113.7");
        assert_eq!(resolve(&rule, "203.0.113.9", Some("6.6.6.6")).unwrap(), "203.0.113.9");
        assert_eq!(resolve(&rule, "10.0.0.1", Some("garbage")).unwrap(), "10.0.0.1");
    }

    #[test]
    fn proxies_write_ports_and_say_when_they_do_not_know() {
        let rule = rule(AddressSource::Peer, &["10.0.0.0/8", "fd00::/8"]);
        for (header, address) in [
            ("203.0.113.7:51234", "203.0.113.7"),
            ("203.0.113.7:51234, 10.0.0.2:443", "203.0.113.7"),
            ("[2001:db8::7]:443", "2001:0db8:0000:0000:0000:0000:0000:0000"),
            ("[2001:db8::7]", "2001:0db8:0000:0000:0000:0000:0000:0000"),
            ("203.0.113.7, [fd00::1]:80", "203.0.113.7"),
            ("unknown, 203.0.113.7", "203.0.113.7"),
            ("_hidden, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
            // Whoever comes through the proxy without an address shares the proxy's.
            ("unknown", "10.0.0.1"),
            ("203.0.113.7, unknown", "10.0.0.1"),
            ("203.0.113.7:port", "10.0.0.1"),
            ("203.0.113.7:99999", "10.0.0.1"),
            ("[2001:db8::7", "10.0.0.1"),
            ("[203.0.113.7]", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(resolve(&rule, "10.0.0.1", Some(header)).unwrap(), address, "{header}");
        }
    }

    #[test]
    fn a_header_of_a_stranger_is_noticed() {
        let rule = |proxies: &[&str]| rule(AddressSource::Peer, proxies);
        let ignores = |rule: &AddressRule, header: Option<&str>| {
            rule.ignores_header("10.0.0.1".parse().unwrap(), |_| header.map(str::to_owned))
        };
        assert!(ignores(&rule(&[]), Some("203.0.113.7")));
        assert!(!ignores(&rule(&[]), None));
        assert!(!ignores(&rule(&["10.0.0.0/8"]), Some("203.0.113.7")));
        let by_header = AddressRule { source: AddressSource::Header, ..rule(&[]) };
        assert!(!ignores(&by_header, Some("203.0.113.7")));
    }

    #[test]
    fn header_mode_believes_only_a_single_valid_address() {
        let rule = rule(AddressSource::Header, &[]);
        assert_eq!(resolve(&rule, "127.0.0.1", Some("203.0.113.7")).unwrap(), "203.0.113.7");
        assert_eq!(resolve(&rule, "127.0.0.1", Some("203.0.113.7, 10.0.0.1")), None);
        assert_eq!(resolve(&rule, "127.0.0.1", None), None);
    }

    #[test]
    fn one_ipv6_network_has_one_spelling() {
        let rule = rule(AddressSource::Header, &[]);
        let spelled = "2001:0db8:0001:0002:0000:0000:0000:0000";
        for form in ["2001:db8:1:2:3:4:5:6", "2001:DB8:1:2::FFFF", "2001:0db8:0001:0002::"] {
            assert_eq!(resolve(&rule, "127.0.0.1", Some(form)).unwrap(), spelled);
        }
        for form in ["::ffff:1.2.3.4", "::ffff:0102:0304"] {
            assert_eq!(resolve(&rule, "127.0.0.1", Some(form)).unwrap(), "1.2.3.4");
        }
        assert_eq!(resolve(&rule, "127.0.0.1", Some("fe80::1%eth0")), None);
    }
}
