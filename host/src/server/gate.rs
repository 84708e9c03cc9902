//! Counts open connections, so that no address can take them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::http::address::AddressRule;

/// Connections of one address, unless the operator says otherwise.
const USUAL: usize = 512;

/// Lets connections in.
pub struct Gate {
    rule: AddressRule,
    /// Of all addresses together.
    room: usize,
    /// Of one address; 0 means the usual.
    per_address: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_address: HashMap<String, usize>,
}

/// One connection that was let in; it counts until this is dropped.
pub struct Admission {
    gate: Arc<Gate>,
    address: String,
}

impl Gate {
    /// A gate for `room` connections. `per_address` is `server.max_connections_per_address`.
    pub fn new(rule: AddressRule, room: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self { rule, room, per_address, open: Mutex::default() })
    }

    /// Lets one connection of `peer` in; `None` when it has as many as it may, or when all room is taken.
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Admission> {
        let peer = peer.to_canonical();
        let address = self.rule.spell(peer);
        let most = self.most(peer);
        let mut open = self.lock();
        if open.total >= self.room || open.by_address.get(&address).is_some_and(|count| *count >= most) {
            return None;
        }
        open.total += 1;
        *open.by_address.entry(address.clone()).or_default() += 1;
        drop(open);
        Some(Admission { gate: Arc::clone(self), address })
    }

    /// Behind a trusted proxy are many clients, and so there may be on this machine: half of the room stays for others.
    fn most(&self, peer: IpAddr) -> usize {
        let half = (self.room / 2).max(1);
        match self.per_address {
            _ if self.rule.is_trusted(peer) => half,
            0 if peer.is_loopback() => half,
            0 => USUAL.min((self.room / 4).max(1)),
            set => set,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.gate.lock();
        open.total = open.total.saturating_sub(1);
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::address::AddressSource;

    fn gate(room: usize, per_address: usize) -> Arc<Gate> {
        let rule = AddressRule {
            source: AddressSource::Peer,
            headers: Vec::new(),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ipv6_subnet: 64,
            is_disabled: false,
        };
        Gate::new(rule, room, per_address)
    }

    /// How many connections an address gets of those that it tries.
    fn admitted(gate: &Arc<Gate>, address: &str, tries: usize) -> Vec<Admission> {
        (0..tries).filter_map(|_| gate.admit(address.parse().unwrap())).collect()
    }

    #[test]
    fn an_address_has_its_share() {
        for (address, room, per_address, most) in [
            ("192.0.2.1", 10_000, 0, 512),
            ("192.0.2.1", 896, 0, 224),
            ("192.0.2.1", 10_000, 7, 7),
            ("127.0.0.1", 896, 0, 448),
            ("127.0.0.1", 896, 7, 7),
            ("10.1.2.3", 896, 7, 448),
            ("::ffff:192.0.2.1", 10_000, 7, 7),
        ] {
            let gate = gate(room, per_address);
            let held = admitted(&gate, address, 1000);
            assert_eq!(held.len(), most, "{address} {room} {per_address}");
            assert_eq!(admitted(&gate, "198.51.100.9", 1).len(), 1, "another address has room beside {address}");
        }
    }

    #[test]
    fn one_network_is_one_address_and_all_share_the_room() {
        let gate = gate(9, 4);
        let first = admitted(&gate, "2001:db8::1", 3);
        let second = admitted(&gate, "2001:db8::2", 3);
        assert_eq!((first.len(), second.len()), (3, 1));
        let others: Vec<_> = (0..9).flat_map(|host| admitted(&gate, &format!("192.0.2.{host}"), 1)).collect();
        assert_eq!(others.len(), 5);
        drop(first);
        assert_eq!(admitted(&gate, "2001:db8::3", 5).len(), 3, "what was closed is free again");
    }
}
