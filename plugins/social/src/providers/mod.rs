//! Identity providers: a table of data, and what reads it.
//!
//! [`fault`] checks the operator's `[providers]` at start; [`open`] makes a [`Client`] of one of them, which knows the URL of a
//! sign-in, how codes are exchanged and ID tokens verified, and asks who the user is.
//!
//! Flat: one file per question that is asked about a provider.

mod authorization;
mod client;
mod discovery;
mod endpoints;
mod id_token;
mod mapping;
mod option_rule;
mod provider;
mod settings;
mod shape;
mod table;
mod template;
mod user;
mod user_info;

pub use authorization::{Authorization, NO_ENDPOINT, REPLACING, RESERVED, SECRET_NEEDED};
pub use client::{Client, unique};
pub use discovery::Discovery;
pub use id_token::{ClaimCheck, IdTokenCheck, IdTokenRules};
pub use mapping::Profile;
pub use provider::{ClientAuth, NonceRule, Provider, TokenMethod, Tokens};
pub use settings::{ClientIds, Settings};

use std::collections::BTreeMap;

/// Every provider of the table that has a name.
pub fn all() -> impl Iterator<Item = &'static Provider> {
    static TABLE: [&[Provider]; 2] = table::ALL;
    TABLE.iter().flat_map(|part| part.iter())
}

/// The provider of this name.
pub fn find(id: &str) -> Option<&'static Provider> {
    all().find(|provider| provider.id == id)
}

/// The entry of the table that the operator's `[providers.<id>]` is about.
pub fn entry(id: &str, settings: &Settings) -> Option<&'static Provider> {
    static GENERIC: Provider = table::GENERIC;
    match settings.preset.as_deref() {
        Some(preset) => find(preset),
        None => find(id).or(Some(&GENERIC)),
    }
}

/// The names that other ways to sign in, and accounts with a password, have.
const NO_PROVIDERS: [&str; 13] = [
    "credential",
    "email",
    "email-otp",
    "impersonation",
    "magic-link",
    "passkey",
    "passkey-presence",
    "phone-number",
    "replacement",
    "siwe",
    "two-factor",
    "username",
    "verify-email",
];

/// What is wrong with the operator's `[providers]`.
pub fn fault(providers: &BTreeMap<String, Settings>) -> Option<String> {
    providers.iter().find_map(|(id, settings)| {
        let is_path = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if id.is_empty() || !id.bytes().all(is_path) {
            return Some(format!("`providers.{id}`: a name has letters, digits, `-`, `_` and `.`"));
        }
        if NO_PROVIDERS.contains(&id.to_ascii_lowercase().as_str()) {
            return Some(format!("`providers.{id}`: this is the name of another way to sign in"));
        }
        match entry(id, settings) {
            Some(provider) => settings.fault(id, provider),
            None => Some(format!(
                "`providers.{id}`: there is no preset {:?}",
                settings.preset.as_deref().unwrap_or_default()
            )),
        }
    })
}

/// This server as a client of the operator's `[providers.<id>]`. None when it is switched off, or when its discovery
/// document is not to be had or not to be trusted: the log has the reason, and a call half a minute later asks again.
pub fn open(id: &str, settings: &Settings) -> Option<Client> {
    let provider = entry(id, settings).filter(|_| settings.enabled != Some(false))?;
    Client::open(id, provider, settings.clone())
}

/// The hosts that the table's requests go to, each once: those of the manifest.
pub fn hosts() -> Vec<&'static str> {
    let mut hosts = Vec::new();
    for provider in all() {
        for host in provider.hosts() {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
    }
    hosts
}
