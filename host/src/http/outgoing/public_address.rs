//! Which addresses are anybody's to connect to.
//!
//! Source: the special-purpose address registries of RFC 6890 and its updates.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The internet.
    Public,
    /// This machine or its own network; an operator may want that.
    Private,
    /// Nobody that a request is for: metadata services, groups, documentation, addresses that stand for others.
    Never,
}

/// Networks that are an operator's own.
const PRIVATE_V4: [(Ipv4Addr, u32); 5] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
];
const NEVER_V4: [(Ipv4Addr, u32); 9] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Groups, and what is reserved for ever.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];
/// The part of the global space that is not anybody's: protocols and tunnels, documentation, 6to4.
const NEVER_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const UNIQUE_LOCAL: (Ipv6Addr, u32) = (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);

/// Who is at `address`. An IPv4 address inside an IPv6 one counts as itself.
pub(super) fn reach(address: IpAddr) -> Reach {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let is_in = |(network, bits): &(Ipv4Addr, u32)| (address.to_bits() ^ network.to_bits()) >> (32 - bits) == 0;
            match (PRIVATE_V4.iter().any(is_in), NEVER_V4.iter().any(is_in)) {
                (true, _) => Reach::Private,
                (false, true) => Reach::Never,
                (false, false) => Reach::Public,
            }
        }
        IpAddr::V6(address) => {
            let is_in =
                |(network, bits): &(Ipv6Addr, u32)| (address.to_bits() ^ network.to_bits()) >> (128 - bits) == 0;
            if address.is_loopback() || is_in(&UNIQUE_LOCAL) {
                Reach::Private
            } else if is_in(&GLOBAL_V6) && !NEVER_V6.iter().any(is_in) {
                Reach::Public
            } else {
                Reach::Never
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OA-1 of the red team, and the edges of each network.
    #[test]
    fn addresses_by_reach() {
        for (address, expected) in [
            ("1.1.1.1", Reach::Public),
            ("9.255.255.255", Reach::Public),
            ("10.0.0.0", Reach::Private),
            ("10.255.255.255", Reach::Private),
            ("11.0.0.0", Reach::Public),
            ("100.63.255.255", Reach::Public),
            ("100.64.0.1", Reach::Private),
            ("100.128.0.0", Reach::Public),
            ("127.0.0.1", Reach::Private),
            ("127.255.255.255", Reach::Private),
            ("172.15.255.255", Reach::Public),
            ("172.16.0.1", Reach::Private),
            ("172.32.0.0", Reach::Public),
            ("192.168.1.1", Reach::Private),
            ("0.0.0.0", Reach::Never),
            ("0.1.2.3", Reach::Never),
            ("169.254.169.254", Reach::Never),
            ("192.0.0.1", Reach::Never),
            ("192.0.2.1", Reach::Never),
            ("192.88.99.1", Reach::Never),
            ("198.19.255.255", Reach::Never),
            ("198.51.100.1", Reach::Never),
            ("203.0.113.1", Reach::Never),
            ("224.0.0.1", Reach::Never),
            ("240.0.0.1", Reach::Never),
            ("255.255.255.255", Reach::Never),
            ("223.255.255.255", Reach::Public),
            ("2606:4700:4700::1111", Reach::Public),
            ("::1", Reach::Private),
            ("fd00::1", Reach::Private),
            ("::", Reach::Never),
            ("::127.0.0.1", Reach::Never),
            ("::ffff:127.0.0.1", Reach::Private),
            ("::ffff:169.254.169.254", Reach::Never),
            ("::ffff:1.1.1.1", Reach::Public),
            ("64:ff9b::169.254.169.254", Reach::Never),
            ("64:ff9b:1::1", Reach::Never),
            ("100::1", Reach::Never),
            ("2001::1", Reach::Never),
            ("2001:db8::1", Reach::Never),
            ("2001:4860:4860::8888", Reach::Public),
            ("2002:7f00:1::", Reach::Never),
            ("3fff::1", Reach::Never),
            ("fe80::1", Reach::Never),
            ("fec0::1", Reach::Never),
            ("ff02::1", Reach::Never),
            ("5f00::1", Reach::Never),
        ] {
            assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
        }
    }
}
