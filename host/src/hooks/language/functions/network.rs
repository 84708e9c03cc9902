//! `in_network` and `same_address`: whether an address lies in a network, and whether two addresses are one.

use std::net::IpAddr;

use ipnet::IpNet;
use rhai::{Array, Dynamic, Engine};

use crate::email;
use crate::hooks::language::native::Native;

/// Gives scripts `in_network(address, network or list of networks)`. Nobody's address, `()`, is in no network.
pub fn register(engine: &mut Engine) {
    engine.register_fn("in_network", |address: &str, network: &str| is_in(address, network));
    engine.register_fn("in_network", |address: &str, networks: Array| {
        let mut found = false;
        for network in networks {
            let network = network.into_immutable_string().map_err(|kind| format!("a network is a text, not {kind}"))?;
            found |= is_in(address, &network)?;
        }
        Native::Ok(found)
    });
    engine.register_fn("in_network", |(): (), _networks: Dynamic| false);
    engine.register_fn("same_address", |a: Dynamic, b: Dynamic| -> Native<bool> {
        Ok(matches!((address_from(&a)?, address_from(&b)?), (Some(a), Some(b)) if a == b))
    });
}

/// Whether the address lies in the network; what is no address lies nowhere. IPv6 that carries IPv4 counts as IPv4.
fn is_in(address: &str, network: &str) -> Native<bool> {
    let network = network_from(network).ok_or_else(|| format!("`{network}` is no network such as 10.0.0.0/8"))?;
    Ok(address.parse::<IpAddr>().is_ok_and(|address| network.contains(&address.to_canonical())))
}

/// An address of e-mail or of a network, in the one form that it is compared in; `()` is nobody's.
fn address_from(value: &Dynamic) -> Native<Option<String>> {
    if value.is_unit() {
        return Ok(None);
    }
    let text = value.as_immutable_string_ref().map_err(|kind| format!("an address is a text, not {kind}"))?;
    let text = text.trim();
    let network = text.parse::<IpAddr>().map(|address| address.to_canonical().to_string());
    Ok(Some(network.unwrap_or_else(|_| email::normalize(text))))
}

/// A network, or one address as a network of its own.
fn network_from(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_networks_alone() {
        for (address, network, expected) in [
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("::ffff:10.1.2.3", "10.0.0.0/8", true),
            ("2001:db8::1", "2001:db8::/32", true),
            ("2001:db8::1", "10.0.0.0/8", false),
            ("10.1.2.3 ", "10.0.0.0/8", false),
            ("010.1.2.3", "10.0.0.0/8", false),
            ("", "0.0.0.0/0", false),
        ] {
            assert_eq!(is_in(address, network).unwrap(), expected, "{address} {network}");
        }
        assert!(is_in("10.1.2.3", "10.0.0.0/33").is_err() && is_in("10.1.2.3", "office").is_err());
    }
}
