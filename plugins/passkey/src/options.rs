//! What the operator can set.

use doorward_sdk::config;
use doorward_sdk::webauthn::RelyingParty;
use serde::{Deserialize, Serialize};

pub const COOKIE: &str = "better-auth-passkey";

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The relying party's id: the host of the base URL, or a domain above it. None is the host.
    pub rp_id: Option<String>,
    /// Its name, for people. None is the application's.
    pub rp_name: Option<String>,
    /// Every page that may ask for a passkey: scheme and authority. None is the base URL's.
    pub origin: Option<Origins>,
    pub authenticator_selection: AuthenticatorSelection,
    pub registration: Registration,
    /// Whether a user may delete the last passkey with neither a password nor an account at a provider.
    pub allow_deleting_last: bool,
    advanced: Advanced,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum Origins {
    One(String),
    Several(Vec<String>),
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthenticatorSelection {
    pub resident_key: Preference,
    /// `required` refuses passkeys that did not verify their user.
    pub user_verification: Preference,
    pub authenticator_attachment: Option<Attachment>,
}

/// How much a property of an authenticator matters.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preference {
    Required,
    Preferred,
    Discouraged,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attachment {
    Platform,
    CrossPlatform,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Registration {
    /// Whether the session of who registers must be fresh, or only be there.
    pub require_session: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Advanced {
    /// Read by the host.
    web_authn_challenge_cookie: String,
}

impl Options {
    /// The cookie that names the browser's challenge.
    pub fn cookie(&self) -> &str {
        &self.advanced.web_authn_challenge_cookie
    }

    /// Who asks, from the configuration alone: a request's headers have no say.
    pub fn relying_party(&self) -> RelyingParty {
        let origins = match &self.origin {
            None => vec![config::base_url()],
            Some(Origins::One(origin)) => vec![origin.clone()],
            Some(Origins::Several(origins)) => origins.clone(),
        };
        RelyingParty { id: self.rp_id.clone().unwrap_or_else(host_of_base_url), origins }
    }

    /// The relying party's name, for people.
    pub fn rp_name(&self) -> String {
        self.rp_name.clone().unwrap_or_else(config::app_name)
    }

    /// Whether a passkey must have verified its user.
    pub fn requires_user_verification(&self) -> bool {
        self.authenticator_selection.user_verification == Preference::Required
    }
}

fn host_of_base_url() -> String {
    let url = config::base_url();
    let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
        _ => authority.to_owned(),
    }
}

impl Default for AuthenticatorSelection {
    fn default() -> Self {
        AuthenticatorSelection {
            resident_key: Preference::Preferred,
            user_verification: Preference::Preferred,
            authenticator_attachment: None,
        }
    }
}

impl Default for Registration {
    fn default() -> Self {
        Registration { require_session: true }
    }
}

impl Default for Advanced {
    fn default() -> Self {
        Advanced { web_authn_challenge_cookie: COOKIE.to_owned() }
    }
}
