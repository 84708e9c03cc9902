//! Options that carry the reference's names: passwords, verification, users, cookies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::models::{AdditionalFields, AdvancedDatabase, ColumnNames};
use crate::http::address::AddressSource;

/// `[email_and_password]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmailAndPassword {
    /// Switches sign-up and sign-in by password on.
    pub enabled: bool,
    /// Refuses new users.
    pub disable_sign_up: bool,
    /// Opens a session at sign-up.
    pub auto_sign_in: bool,
    /// Admits only users whose address is verified.
    pub require_email_verification: bool,
    /// In UTF-16 code units.
    pub min_password_length: usize,
    /// In UTF-16 code units.
    pub max_password_length: usize,
    /// Offers a mail with a link to set a new password; needs `[mail]`.
    pub send_reset_password: bool,
    /// Life of that link in seconds.
    pub reset_password_token_expires_in: i64,
    /// Ends every session of a user whose password is reset. The reference keeps them unless told so.
    pub revoke_sessions_on_password_reset: bool,
    /// Tells the owner of an address in a mail when someone signs up with it again, where the answer may not tell it.
    pub on_existing_user_sign_up: bool,
}

impl Default for EmailAndPassword {
    fn default() -> Self {
        Self {
            enabled: false,
            disable_sign_up: false,
            auto_sign_in: true,
            require_email_verification: false,
            min_password_length: 8,
            max_password_length: 128,
            send_reset_password: true,
            reset_password_token_expires_in: 3600,
            revoke_sessions_on_password_reset: true,
            on_existing_user_sign_up: false,
        }
    }
}

/// `[email_verification]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmailVerification {
    /// Offers mails that prove an address; needs `[mail]`.
    pub send_verification_email: bool,
    /// Mails a link at sign-up; absent means when addresses must be verified.
    pub send_on_sign_up: Option<bool>,
    /// Mails a new link when a user whose address must be verified, and is not, signs in.
    pub send_on_sign_in: bool,
    /// Opens a session for whoever follows the link.
    pub auto_sign_in_after_verification: bool,
    /// Life of a link in seconds.
    pub expires_in: i64,
    /// Ends the user's sessions in other browsers when an address is proven, by its link or by a new password: whoever
    /// signed up with it may have been someone else. The reference keeps them.
    pub end_other_sessions: bool,
}

impl Default for EmailVerification {
    fn default() -> Self {
        Self {
            send_verification_email: true,
            send_on_sign_up: None,
            send_on_sign_in: false,
            auto_sign_in_after_verification: false,
            expires_in: 3600,
            end_other_sessions: true,
        }
    }
}

/// `[user]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// Name of the table.
    pub model_name: Option<String>,
    /// Names of columns.
    pub fields: ColumnNames,
    /// Fields beside the core's.
    pub additional_fields: AdditionalFields,
    /// Changing one's address.
    pub change_email: ChangeEmail,
    /// Deleting oneself.
    pub delete_user: DeleteUser,
    /// Mails that tell the user of changes to the ways in.
    pub notices: Notices,
}

/// `[user.notices]`: mails to the user when a way in changes. Each needs `[mail]`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notices {
    /// To the old address when a verified one was changed, with a link that takes it back within a day.
    pub email_changed: bool,
    /// A new password.
    pub password_changed: bool,
    /// A new passkey.
    pub passkey_added: bool,
    /// The second factor was switched on or off.
    pub two_factor_changed: bool,
    /// New backup codes.
    pub backup_codes_changed: bool,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            email_changed: true,
            password_changed: true,
            passkey_added: true,
            two_factor_changed: true,
            backup_codes_changed: true,
        }
    }
}

/// `[user.change_email]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeEmail {
    /// Switches the endpoint on.
    pub enabled: bool,
    /// Changes an address that was never verified at once.
    pub update_email_without_verification: bool,
    /// Asks the owner of a verified address by mail before the new one is asked.
    pub send_change_email_confirmation: bool,
    /// Wants a session younger than `session.fresh_age`, or the password. The reference asks for neither.
    pub require_fresh_session: bool,
}

impl Default for ChangeEmail {
    fn default() -> Self {
        Self {
            enabled: false,
            update_email_without_verification: false,
            send_change_email_confirmation: false,
            require_fresh_session: true,
        }
    }
}

/// `[user.delete_user]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeleteUser {
    /// Switches the endpoint on.
    pub enabled: bool,
    /// Deletes only after a link in a mail was followed; needs `[mail]`.
    pub send_delete_account_verification: bool,
    /// Life of that link in seconds.
    pub delete_token_expires_in: i64,
}

impl Default for DeleteUser {
    fn default() -> Self {
        Self { enabled: false, send_delete_account_verification: false, delete_token_expires_in: 86_400 }
    }
}

/// `[advanced]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Advanced {
    /// Prefix of every cookie's name.
    pub cookie_prefix: String,
    /// Overrides the rule "secure when `base_url` is https".
    pub use_secure_cookies: Option<bool>,
    /// Sends cookies to a parent domain.
    pub cross_sub_domain_cookies: CrossSubDomainCookies,
    /// Names and attributes of single cookies, by key (`session_token`, …).
    pub cookies: BTreeMap<String, CookieOptions>,
    /// Attributes of every cookie.
    pub default_cookie_attributes: CookieAttributes,
    /// Switches the check of `Origin` off, and that of navigations from other sites; absent means as `disable_origin_check`.
    pub disable_csrf_check: Option<bool>,
    /// Switches all checks of origins and redirect targets off; navigations from other sites may still not sign in, when
    /// `disable_csrf_check = false`.
    pub disable_origin_check: bool,
    /// Whether a path may end with one slash more.
    pub skip_trailing_slashes: bool,
    /// Whether mailed links that change something or sign in show a page with a button first, for mail scanners follow links.
    pub confirm_links: bool,
    /// How the client's address is found.
    pub ip_address: IpAddress,
    /// Ids of new rows.
    pub database: AdvancedDatabase,
}

impl Default for Advanced {
    fn default() -> Self {
        Self {
            cookie_prefix: "better-auth".into(),
            use_secure_cookies: None,
            cross_sub_domain_cookies: CrossSubDomainCookies::default(),
            cookies: BTreeMap::new(),
            default_cookie_attributes: CookieAttributes::default(),
            disable_csrf_check: None,
            disable_origin_check: false,
            skip_trailing_slashes: false,
            confirm_links: false,
            ip_address: IpAddress::default(),
            database: AdvancedDatabase::default(),
        }
    }
}

/// `[advanced.cross_sub_domain_cookies]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrossSubDomainCookies {
    /// Adds `Domain` to every cookie.
    pub enabled: bool,
    /// The domain; the host of `base_url` when absent.
    pub domain: Option<String>,
    /// As in the reference, where it adds nothing: with `enabled`, every cookie has the domain, those of plugins included.
    pub additional_cookies: Vec<String>,
}

/// `[advanced.cookies.<key>]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CookieOptions {
    /// Replaces prefix and key.
    pub name: Option<String>,
    /// Replaces single attributes.
    pub attributes: CookieAttributes,
}

/// Attributes that replace the defaults of a cookie.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CookieAttributes {
    /// Sent only over TLS.
    pub secure: Option<bool>,
    /// Hidden from scripts.
    pub http_only: Option<bool>,
    /// Cross-site rule.
    pub same_site: Option<SameSite>,
    /// `Path`.
    pub path: Option<String>,
    /// `Domain`.
    pub domain: Option<String>,
    /// Kept apart per top-level site.
    pub partitioned: Option<bool>,
    /// Life in seconds.
    pub max_age: Option<i64>,
}

/// `SameSite` of a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// Never sent across sites.
    Strict,
    /// Sent on top-level navigation.
    Lax,
    /// Always sent; forces `Secure`.
    None,
}

/// `[advanced.ip_address]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct IpAddress {
    /// The socket's peer (default) or forwarding headers alone.
    pub source: AddressSource,
    /// Forwarding headers, lower case; the first present counts.
    pub ip_address_headers: Vec<String>,
    /// Networks of proxies whose headers are believed.
    pub trusted_proxies: Vec<String>,
    /// IPv6 clients are told apart by this prefix length.
    pub ipv6_subnet: u8,
    /// Keeps no addresses at all.
    pub disable_ip_tracking: bool,
}

impl Default for IpAddress {
    fn default() -> Self {
        Self {
            source: AddressSource::default(),
            ip_address_headers: vec!["x-forwarded-for".into()],
            trusted_proxies: Vec::new(),
            ipv6_subnet: 64,
            disable_ip_tracking: false,
        }
    }
}

/// `[on_api_error]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnApiError {
    /// Where `GET /error` leads, with the error's code in the query; the application's root when absent.
    pub error_url: Option<String>,
}
