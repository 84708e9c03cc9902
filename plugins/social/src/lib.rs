//! Sign in with other providers: OAuth 2.0 and OpenID Connect.

pub mod providers;

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

/// The whole plugin.
pub fn plugin() -> Plugin {
    Plugin::new("social", env!("CARGO_PKG_VERSION"))
}
