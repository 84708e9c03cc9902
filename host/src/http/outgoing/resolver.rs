//! Resolves names and refuses those that lead to a private place.

use std::net::IpAddr;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::public_address::{Reach, reach};

/// Whether a request may go to this address.
pub(super) fn is_allowed(address: IpAddr, allows_private: bool) -> bool {
    match reach(address) {
        Reach::Public => true,
        Reach::Private => allows_private,
        Reach::Never => false,
    }
}

/// A name that leads to an address that is not allowed.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` leads to an address that is not public")]
pub(super) struct Denied(String);

/// Looks a name up once per connection; what it returns is what is connected to.
#[derive(Debug)]
pub(super) struct PublicResolver {
    names: DefaultResolver,
    allows_private: bool,
}

impl PublicResolver {
    pub(super) fn new(allows_private: bool) -> Self {
        Self { names: DefaultResolver::default(), allows_private }
    }
}

impl Resolver for PublicResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let addresses = self.names.resolve(uri, config, timeout)?;
        // The proxy is the operator's, wherever it is.
        let is_proxy = config.proxy().is_some_and(|proxy| proxy.uri() == uri);
        let may_connect = |address: &std::net::SocketAddr| is_allowed(address.ip(), self.allows_private);
        if is_proxy || addresses.iter().all(may_connect) {
            return Ok(addresses);
        }
        Err(Error::Other(Box::new(Denied(uri.host().unwrap_or_default().to_owned()))))
    }
}

/// A name that leads out of the own network.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` leads to an address that is not private, and http: goes to no other")]
struct NotPrivate(String);

/// Refuses names that lead out of the own network; what it returns is what is connected to.
#[derive(Debug, Default)]
pub(super) struct PrivateResolver(DefaultResolver);

impl Resolver for PrivateResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let addresses = self.0.resolve(uri, config, timeout)?;
        if addresses.iter().all(|address| reach(address.ip()) == Reach::Private) {
            return Ok(addresses);
        }
        Err(Error::Other(Box::new(NotPrivate(uri.host().unwrap_or_default().to_owned()))))
    }
}
