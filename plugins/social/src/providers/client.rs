//! This server as a client of one provider: the table's entry, filled from the operator's settings.

use super::discovery::Discovery;
use super::provider::{ClientAuth, Pkce, Provider, ScopeRule};
use super::settings::Settings;
use super::template;
use doorward_sdk::prelude::*;

/// A provider that the operator set up.
pub struct Client {
    /// The operator's name for it: `providerId` of accounts, the last part of the callback's path.
    pub id: String,
    pub provider: &'static Provider,
    pub settings: Settings,
    pub(super) discovered: Option<Discovery>,
}

const TOKEN_URL_NOT_FOUND: ErrorCode =
    ErrorCode::new(400, "TOKEN_URL_NOT_FOUND", "Invalid OAuth configuration. Token URL not found.");

impl Client {
    /// The table's entry with these settings, and what the provider says about itself. None when that is needed and not to
    /// be had; the log has the reason.
    pub(super) fn open(id: &str, provider: &'static Provider, settings: Settings) -> Option<Client> {
        let mut client = Client { id: id.to_owned(), provider, settings, discovered: None };
        let Some(url) = client.fill(provider.discovery).filter(|url| !url.is_empty()) else { return Some(client) };
        let headers = client.settings.table("discovery_headers");
        match Discovery::fetch(&url, client.settings.text("issuer").as_deref(), &headers) {
            Ok(discovered) => client.discovered = Some(discovered),
            Err(reason) => log::error(&format!("the discovery document of {id}: {reason}")),
        }
        let needs_keys = provider.requires_keys || client.settings.flag("require_id_token_verification") == Some(true);
        let is_named = |text: &&str| client.fill(text).is_some();
        let is_usable = [provider.authorization.endpoint, provider.token.endpoint].iter().all(is_named);
        let is_usable = is_usable && (client.has_keys() || !needs_keys);
        Some(client).filter(|_| is_usable)
    }

    /// For people.
    pub fn name(&self) -> String {
        self.settings.text("name").unwrap_or_else(|| match self.provider.name {
            "" => self.id.clone(),
            name => name.to_owned(),
        })
    }

    /// A text of the table with the settings in it; none when one is missing.
    pub fn fill(&self, text: &str) -> Option<String> {
        template::fill(text, |name| self.value(name))
    }

    /// A setting, or what was discovered in its place.
    pub fn value(&self, name: &str) -> Option<String> {
        let own = self.settings.value(self.provider, name);
        own.or_else(|| self.discovered.as_ref()?.value(name).map(str::to_owned))
    }

    /// Whether its ID tokens are verified with keys that its discovery document names.
    pub fn has_keys(&self) -> bool {
        self.discovered.as_ref().is_some_and(Discovery::has_keys)
    }

    /// Where codes are exchanged.
    ///
    /// # Errors
    /// `TOKEN_URL_NOT_FOUND` when nothing names it.
    pub fn token_endpoint(&self) -> Result<String> {
        self.fill(self.provider.token.endpoint).ok_or_else(|| TOKEN_URL_NOT_FOUND.into())
    }

    /// Where tokens are refreshed; none when the provider does not refresh.
    pub fn refresh_endpoint(&self) -> Option<String> {
        let token = &self.provider.token;
        token.is_refreshable.then(|| self.fill(token.refresh_endpoint.unwrap_or(token.endpoint)))?
    }

    /// How this client authenticates when it exchanges a code.
    pub fn client_auth(&self) -> ClientAuth {
        let has_secret = self.settings.has_secret();
        match self.settings.token_endpoint_auth() {
            Some("client_secret_basic" | "basic") => ClientAuth::Basic,
            Some("none") => ClientAuth::IdAlone,
            Some(_) => ClientAuth::Post,
            None => match self.provider.token.client {
                ClientAuth::BasicOrNone if has_secret => ClientAuth::Basic,
                ClientAuth::BasicOrNone | ClientAuth::Post if !has_secret => ClientAuth::IdAlone,
                usual => usual,
            },
        }
    }

    /// How this client authenticates when it refreshes a token.
    pub fn refresh_auth(&self) -> ClientAuth {
        self.provider.token.refresh_client.unwrap_or_else(|| self.client_auth())
    }

    /// Whether a code challenge goes to the provider and its verifier with the code.
    pub fn uses_pkce(&self) -> bool {
        match self.provider.authorization.pkce {
            Pkce::Always => true,
            Pkce::Never => false,
            Pkce::Optional => self.settings.flag("pkce").unwrap_or(true),
        }
    }

    /// Whether a nonce goes to the provider and must come back in its ID token.
    pub fn uses_nonce(&self) -> bool {
        self.has_keys() && self.settings.flag("disable_id_token_nonce_binding") != Some(true)
    }

    /// The issuer that a callback's `iss` must name; none when it is not known.
    pub fn issuer(&self) -> Option<&str> {
        self.discovered.as_ref()?.value("issuer")
    }

    /// The scopes to ask for, in the reference's order.
    pub fn scopes(&self, requested: &[String]) -> Vec<String> {
        let rules = &self.provider.authorization;
        let own = self.settings.scope.as_slice();
        let defaults = if self.settings.disable_default_scope { &[] } else { rules.scopes };
        let defaults: Vec<String> = defaults.iter().map(|scope| (*scope).to_owned()).collect();
        match rules.scope_rule {
            ScopeRule::Never => Vec::new(),
            ScopeRule::Usual => [&defaults, own, requested].concat(),
            ScopeRule::RequestFirst => [&defaults, requested, own].concat(),
            ScopeRule::Unique => unique([&defaults, own, requested].concat()),
            ScopeRule::OpenId => {
                let mut scopes = [requested, if own.is_empty() { &defaults } else { own }].concat();
                if self.is_oidc() && !scopes.iter().any(|scope| scope == "openid") {
                    scopes.insert(0, "openid".to_owned());
                }
                scopes
            }
        }
    }

    /// Where the stable id is in what is said about a user.
    pub(super) fn id_paths(&self) -> Vec<String> {
        if let Some(path) = self.settings.text("account_subject") {
            return vec![path];
        }
        match self.provider.user.id {
            [] if self.is_oidc() => vec!["sub".to_owned()],
            [] => vec!["id".to_owned()],
            paths => paths.iter().map(|path| (*path).to_owned()).collect(),
        }
    }

    fn is_oidc(&self) -> bool {
        self.discovered.as_ref().is_some_and(Discovery::is_oidc)
    }
}

/// Each scope once, where it stands first.
pub fn unique(scopes: Vec<String>) -> Vec<String> {
    let mut unique = Vec::new();
    for scope in scopes {
        if !unique.contains(&scope) {
            unique.push(scope);
        }
    }
    unique
}
