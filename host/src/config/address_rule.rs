//! The rule by which a client's address is found, made of `[advanced.ip_address]`.

use super::IpAddress;
use crate::http::address::AddressRule;

impl IpAddress {
    /// The rule.
    ///
    /// # Errors
    /// The entry of `trusted_proxies` that is no address and no network.
    pub fn rule(&self) -> Result<AddressRule, String> {
        let network = |text: &String| {
            let single = || text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
            text.parse().or_else(|_| single()).map_err(|_| {
                format!("advanced.ip_address.trusted_proxies: \"{text}\" is neither an address nor a network. Write \"127.0.0.1\" or \"10.0.0.0/8\"")
            })
        };
        Ok(AddressRule {
            source: self.source,
            headers: self.ip_address_headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
            trusted_proxies: self.trusted_proxies.iter().map(network).collect::<Result<_, _>>()?,
            ipv6_subnet: self.ipv6_subnet,
            is_disabled: self.disable_ip_tracking,
        })
    }
}
