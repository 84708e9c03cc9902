//! What the operator can set: providers here, the rules for accounts in the core's section `[account]`.

use crate::providers::{self, Client, Settings};
use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// By id, which is in the callback's path and in the accounts.
    pub providers: BTreeMap<String, Settings>,
    /// Lets an ID token that a client brings sign in again, as the reference does.
    pub allow_id_token_reuse: bool,
}

impl Options {
    /// What the server must not start with.
    pub fn fault(&self) -> Option<String> {
        providers::fault(&self.providers)
    }

    /// The ids of the providers that may say where a user signs out.
    pub fn with_logout(&self) -> impl Iterator<Item = &str> {
        let may_say = |id: &str, settings: &Settings| {
            let discovers = providers::entry(id, settings).is_some_and(|entry| !entry.discovery.is_empty());
            (discovers || settings.text("end_session_endpoint").is_some())
                && settings.flag("disable_provider_logout") != Some(true)
        };
        self.providers.iter().filter(move |(id, settings)| may_say(id, settings)).map(|(id, _)| id.as_str())
    }

    /// This server as a client of the provider; none when it is not set up, or what it says about itself is not to be had.
    pub fn client(&self, id: &str) -> Option<Client> {
        providers::open(id, self.providers.get(id)?)
    }
}

/// The client of a provider; none as in [`Options::client`].
///
/// # Errors
/// When the host fails.
pub fn client(id: &str) -> Result<Option<Client>> {
    Ok(config::options::<Options>()?.client(id))
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
