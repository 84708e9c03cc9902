//! This server as a client of one provider: the table's entry, filled from the operator's settings.

use super::discovery::Discovery;
use super::provider::{ClaimRule, ClientAuth, IdToken, IdTokenKeys, NonceRule, Pkce, Provider, ScopeRule};
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

/// How an ID token that a client brings is verified, with nothing left to fill in.
#[derive(PartialEq, Debug)]
pub struct IdTokenRules {
    pub jwks: String,
    /// Empty when `claims` decides.
    pub issuers: Vec<String>,
    /// One of them is in `aud`; with none, no token passes.
    pub audiences: Vec<String>,
    /// Empty when the key decides.
    pub algorithms: Vec<String>,
    pub max_age_secs: Option<u32>,
    pub nonce: NonceRule,
    pub allows_opaque: bool,
    pub claims: ClaimRule,
}

/// How an ID token is verified.
#[derive(PartialEq, Debug)]
pub enum IdTokenCheck {
    Keys(IdTokenRules),
    /// A form of `id_token`, `client_id` and `nonce` goes to this URL, the claims come back.
    Remote(String),
}

const NOT_CONFIGURED: ErrorCode =
    ErrorCode::new(500, "INVALID_OAUTH_CONFIGURATION", "The provider's settings do not name this endpoint");

impl Client {
    /// The table's entry with these settings. `discovered` is what the provider itself says about its endpoints.
    pub fn new(id: &str, provider: &'static Provider, settings: Settings, discovered: Option<Discovery>) -> Client {
        Client { id: id.to_owned(), provider, settings, discovered }
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

    /// Where codes are exchanged.
    ///
    /// # Errors
    /// `INVALID_OAUTH_CONFIGURATION` when nothing names it.
    pub fn token_endpoint(&self) -> Result<String> {
        self.fill(self.provider.token.endpoint).ok_or_else(|| NOT_CONFIGURED.into())
    }

    /// Where tokens are refreshed; none when the provider does not refresh.
    pub fn refresh_endpoint(&self) -> Option<String> {
        let token = &self.provider.token;
        token.is_refreshable.then(|| self.fill(token.refresh_endpoint.unwrap_or(token.endpoint)))?
    }

    /// How this client authenticates when it exchanges a code.
    pub fn client_auth(&self) -> ClientAuth {
        let usual = match self
            .settings
            .text("token_endpoint_auth_method")
            .or_else(|| self.settings.text("authentication"))
            .as_deref()
        {
            Some("client_secret_basic" | "basic") => ClientAuth::Basic,
            Some("client_secret_post" | "post") => ClientAuth::Post,
            Some("none") => ClientAuth::IdAlone,
            _ => self.provider.token.client,
        };
        let has_secret = self.settings.client_secret.as_ref().is_some_and(|secret| !secret.is_empty());
        match usual {
            ClientAuth::BasicOrNone if has_secret => ClientAuth::Basic,
            ClientAuth::BasicOrNone | ClientAuth::Post if !has_secret => ClientAuth::IdAlone,
            other => other,
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
        self.discovered.as_ref().is_some_and(Discovery::has_keys)
            && self.settings.flag("disable_id_token_nonce_binding") != Some(true)
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
            ScopeRule::Unique => {
                let mut unique = Vec::new();
                for scope in [&defaults, own, requested].concat() {
                    if !unique.contains(&scope) {
                        unique.push(scope);
                    }
                }
                unique
            }
            ScopeRule::OpenId => {
                let instead = if own.is_empty() { defaults.as_slice() } else { own };
                let mut scopes = [requested, instead].concat();
                if self.discovered.as_ref().is_some_and(Discovery::is_oidc)
                    && !scopes.iter().any(|scope| scope == "openid")
                {
                    scopes.insert(0, "openid".to_owned());
                }
                scopes
            }
        }
    }

    /// How an ID token is verified; none when this provider's is not accepted.
    pub fn id_token(&self) -> Option<IdTokenCheck> {
        if let Some(discovered) = self.discovered.as_ref().filter(|discovered| discovered.has_keys()) {
            return Some(IdTokenCheck::Keys(IdTokenRules {
                jwks: discovered.value("jwks_uri")?.to_owned(),
                issuers: vec![discovered.value("issuer")?.to_owned()],
                audiences: self.client_ids(),
                algorithms: discovered.algorithms.clone(),
                max_age_secs: None,
                nonce: NonceRule::Exact,
                allows_opaque: false,
                claims: ClaimRule::Nothing,
            }));
        }
        match &self.provider.id_token {
            IdToken::Unsupported => None,
            IdToken::Remote(url) => Some(IdTokenCheck::Remote(self.fill(url)?)),
            IdToken::Keys(keys) => self.keys(keys).map(IdTokenCheck::Keys),
        }
    }

    fn keys(&self, keys: &IdTokenKeys) -> Option<IdTokenRules> {
        let issuers: Option<Vec<String>> = keys.issuers.iter().map(|issuer| self.fill(issuer)).collect();
        let named = keys.audience_options.iter().map(|name| self.settings.list(name)).find(|list| !list.is_empty());
        Some(IdTokenRules {
            jwks: self.fill(keys.jwks)?,
            issuers: issuers?,
            audiences: named.unwrap_or_else(|| self.client_ids()),
            algorithms: keys.algorithms.iter().map(|name| (*name).to_owned()).collect(),
            max_age_secs: keys.max_age_secs,
            nonce: keys.nonce,
            allows_opaque: keys.allows_opaque,
            claims: keys.claims,
        })
    }

    fn client_ids(&self) -> Vec<String> {
        self.settings.client_id.all().iter().filter(|id| !id.is_empty()).cloned().collect()
    }
}
