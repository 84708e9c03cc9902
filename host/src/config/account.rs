//! `[account]`: accounts at providers, how they are kept, and when several belong to one user.

use serde::{Deserialize, Serialize};

use super::models::{AdditionalFields, ColumnNames};

/// `[account]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Name of the table.
    pub model_name: Option<String>,
    /// Names of columns.
    pub fields: ColumnNames,
    /// Fields beside the core's; new accounts get their defaults.
    pub additional_fields: AdditionalFields,
    /// Seals access and refresh tokens in the database with the server's secret.
    pub encrypt_oauth_tokens: bool,
    /// Seals ID tokens in the database with the server's secret. The reference keeps them in clear.
    pub seal_id_tokens: bool,
    /// Where a sign-in at a provider is kept while the user is there.
    pub store_state_strategy: StateStrategy,
    /// Accepts a provider's answer in another browser than the one that began. Unsafe.
    pub skip_state_cookie_check: bool,
    /// Keeps the account of the last sign-in in an encrypted cookie too.
    pub store_account_cookie: bool,
    /// Replaces the tokens of an account at every sign-in with it.
    pub update_account_on_sign_in: bool,
    /// Lets `/unlink-account` name an account by its provider (`providerId`), as older clients do.
    pub unlink_by_provider: bool,
    /// Several ways to sign in for one user.
    pub account_linking: AccountLinking,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            model_name: None,
            fields: ColumnNames::new(),
            additional_fields: AdditionalFields::default(),
            encrypt_oauth_tokens: false,
            seal_id_tokens: true,
            store_state_strategy: StateStrategy::default(),
            skip_state_cookie_check: false,
            store_account_cookie: false,
            update_account_on_sign_in: true,
            unlink_by_provider: true,
            account_linking: AccountLinking::default(),
        }
    }
}

/// Where a sign-in at a provider is kept while the user is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StateStrategy {
    /// In a row; the browser has a signed cookie with its name.
    #[default]
    Database,
    /// In an encrypted cookie.
    Cookie,
}

/// `[account.account_linking]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountLinking {
    /// Lets accounts be linked to users that exist already.
    pub enabled: bool,
    /// Links at a sign-in never, only when a signed-in user asks for it.
    pub disable_implicit_linking: bool,
    /// Links at a sign-in only to users whose own address is verified.
    pub require_local_email_verified: bool,
    /// Ids of providers whose accounts are linked although they do not say that the address is verified.
    pub trusted_providers: Vec<String>,
    /// Lets a user link an account with another address.
    pub allow_different_emails: bool,
    /// Lets a user remove the last account.
    pub allow_unlinking_all: bool,
    /// Takes name and image from an account that is linked.
    pub update_user_info_on_link: bool,
}

impl Default for AccountLinking {
    fn default() -> Self {
        Self {
            enabled: true,
            disable_implicit_linking: false,
            require_local_email_verified: true,
            trusted_providers: Vec::new(),
            allow_different_emails: false,
            allow_unlinking_all: false,
            update_user_info_on_link: false,
        }
    }
}
