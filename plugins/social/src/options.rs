//! What the operator can set: providers here, the rules for accounts in the core's section `[account]`.

use crate::providers::{self, Client, Discovery, Provider, Settings};
use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// By id, which is in the callback's path and in the accounts.
    pub providers: BTreeMap<String, Settings>,
}

impl Options {
    /// What the server must not start with.
    pub fn fault(&self) -> Option<String> {
        self.providers.iter().find_map(|(id, settings)| match entry(id, settings) {
            _ if !is_id(id) => Some(format!("`providers.{id}`: an id has letters, digits, `-`, `_` and `.` only")),
            Some(provider) => settings.fault(id, provider),
            None => Some(format!("`providers.{id}`: there is no such provider")),
        })
    }

    /// The ids of the providers that may say where a user signs out.
    pub fn with_logout(&self) -> impl Iterator<Item = &str> {
        let names_one = |settings: &Settings| {
            settings.text("discovery_url").or_else(|| settings.text("end_session_endpoint")).is_some()
                && settings.flag("disable_provider_logout") != Some(true)
        };
        self.providers.iter().filter(move |(_, settings)| names_one(settings)).map(|(id, _)| id.as_str())
    }

    /// This server as a client of the provider; none when it is not set up. Its discovery document is fetched when it has
    /// one.
    ///
    /// # Errors
    /// When that document cannot be had: without it nothing that the provider says could be checked.
    pub fn client(mut self, id: &str) -> Result<Option<Client>> {
        let Some(settings) = self.providers.remove(id).filter(|settings| settings.enabled != Some(false)) else {
            return Ok(None);
        };
        let Some(provider) = entry(id, &settings) else { return Ok(None) };
        let url = settings.text("discovery_url");
        let headers = table(&settings, "discovery_headers");
        let discovered = url.map(|url| Discovery::fetch(&url, &headers)).transpose()?;
        Ok(Some(Client::new(id, provider, settings, discovered)))
    }
}

/// The client of a provider.
///
/// # Errors
/// As [`Options::client`].
pub fn client(id: &str) -> Result<Option<Client>> {
    config::options::<Options>()?.client(id)
}

/// Names and texts of a setting.
pub fn table(settings: &Settings, name: &str) -> Vec<(String, String)> {
    let table = settings.own.get(name).and_then(Value::as_object).into_iter().flatten();
    table.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

fn entry(id: &str, settings: &Settings) -> Option<&'static Provider> {
    providers::find(settings.preset.as_deref().unwrap_or(id))
}

fn is_id(id: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !id.is_empty() && id != "credential" && id.bytes().all(is_part)
}

/// The core's section `[account]`, as far as this plugin minds it.
#[derive(Deserialize)]
#[serde(default)]
pub struct AccountOptions {
    pub store_state_strategy: StateStrategy,
    pub skip_state_cookie_check: bool,
    pub update_account_on_sign_in: bool,
    pub account_linking: AccountLinking,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StateStrategy {
    Database,
    Cookie,
}

#[derive(Deserialize)]
#[serde(default)]
pub struct AccountLinking {
    pub enabled: bool,
    pub disable_implicit_linking: bool,
    pub require_local_email_verified: bool,
    pub trusted_providers: Vec<String>,
    pub allow_different_emails: bool,
    pub update_user_info_on_link: bool,
}

impl Default for AccountOptions {
    fn default() -> Self {
        AccountOptions {
            store_state_strategy: StateStrategy::Database,
            skip_state_cookie_check: false,
            update_account_on_sign_in: true,
            account_linking: AccountLinking::default(),
        }
    }
}

impl Default for AccountLinking {
    fn default() -> Self {
        AccountLinking {
            enabled: true,
            disable_implicit_linking: false,
            require_local_email_verified: true,
            trusted_providers: Vec::new(),
            allow_different_emails: false,
            update_user_info_on_link: false,
        }
    }
}

impl AccountOptions {
    /// # Errors
    /// When the host fails.
    pub fn read() -> Result<AccountOptions> {
        config::core_options("account")
    }
}

impl AccountLinking {
    /// Whether an account at this provider may be linked at all: the provider is trusted, or it vouches for the address.
    pub fn allows(&self, provider_id: &str, is_email_verified: bool) -> bool {
        self.enabled && (is_email_verified || self.trusted_providers.iter().any(|trusted| trusted == provider_id))
    }
}

/// The page that shows errors of sign-ins that named none of their own.
///
/// # Errors
/// When the host fails.
pub fn error_page() -> Result<String> {
    let section: Value = config::core_options("on_api_error")?;
    let own = section.get("error_url").and_then(Value::as_str);
    Ok(own.map_or_else(|| links::endpoint("/error"), str::to_owned))
}
