//! What the operator can set: providers here, the rules for accounts in the core's section `[account]`.

use crate::providers::{self, Client, Settings};
use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More do not fit into a cookie.
const MOST_AT_ONCE: usize = 20;

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// By id, which is in the callback's path and in the accounts.
    pub providers: BTreeMap<String, Settings>,
    /// How many sign-ins of one browser may wait for their answers.
    pub sign_ins_at_once: usize,
    /// Lets an ID token that a client brings sign in again, as the reference does.
    pub allow_id_token_reuse: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { providers: BTreeMap::new(), sign_ins_at_once: 5, allow_id_token_reuse: false }
    }
}

impl Options {
    /// What the server must not start with.
    pub fn fault(&self) -> Option<String> {
        if !(1..=MOST_AT_ONCE).contains(&self.sign_ins_at_once) {
            return Some(format!("`sign_ins_at_once`: 1 to {MOST_AT_ONCE}"));
        }
        providers::fault(&self.providers).or_else(|| self.mapping_fault())
    }

    /// A field of users that a mapping fills and may not.
    fn mapping_fault(&self) -> Option<String> {
        let section = UserSection::read().ok()?;
        self.providers.iter().find_map(|(id, settings)| {
            let field = settings.map_profile_to_user.keys().find(|name| !section.may_map(name))?;
            Some(format!(
                "`providers.{id}`: `map_profile_to_user` fills `{field}`, which is none of name, image, email, emailVerified \
                 and the fields of `[user.additional_fields]` that clients may set"
            ))
        })
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

/// The core's section `[user]`, as far as this plugin minds it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct UserSection {
    additional_fields: Map<String, Value>,
}

impl UserSection {
    /// # Errors
    /// When the host fails.
    pub fn read() -> Result<UserSection> {
        config::core_options("user")
    }

    /// Whether the operator added this field for clients to set.
    pub fn may_set(&self, name: &str) -> bool {
        self.additional_fields.get(name).is_some_and(|rule| rule.get("input") != Some(&Value::Bool(false)))
    }

    fn may_map(&self, name: &str) -> bool {
        matches!(name, "name" | "image" | "email" | "emailVerified" | "email_verified") || self.may_set(name)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake;

    #[test]
    fn a_mapping_to_a_field_that_it_may_not_fill_is_an_error() {
        fake::reset();
        let fields = json!({ "plan": { "type": "string" }, "hidden": { "type": "string", "input": false } });
        fake::with(|world| world.core_options.insert("user".to_owned(), json!({ "additional_fields": fields })));
        let fault = |field: &str| {
            let settings = json!({ "client_id": "a", "client_secret": "b", "map_profile_to_user": { field: "x" } });
            let options = json!({ "providers": { "github": settings } });
            serde_json::from_value::<Options>(options).expect("options").fault()
        };
        for field in ["plan", "name", "emailVerified"] {
            assert_eq!(fault(field), None, "{field}");
        }
        for field in ["hidden", "role", "createdAt"] {
            let fault = fault(field).unwrap_or_default();
            assert!(fault.contains("`providers.github`") && fault.contains(&format!("fills `{field}`")), "{fault}");
        }
    }
}
