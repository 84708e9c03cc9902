//! Identity providers: a table of data, and what reads it.

mod authorization;
mod client;
mod discovery;
mod mapping;
mod provider;
mod settings;
mod table;
mod template;
mod user_info;

pub use authorization::{Authorization, RESERVED};
pub use client::{Client, IdTokenCheck, IdTokenRules};
pub use discovery::Discovery;
pub use mapping::Profile;
pub use provider::{ClaimRule, ClientAuth, NonceRule, Provider, TokenMethod};
pub use settings::{ClientIds, Settings};
pub use user_info::Tokens;

/// Every provider of the table, by name.
pub fn all() -> &'static [Provider] {
    table::ALL
}

/// The provider of this name.
pub fn find(id: &str) -> Option<&'static Provider> {
    all().iter().find(|provider| provider.id == id)
}
