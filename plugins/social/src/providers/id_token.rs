//! What an ID token must be, for the verifier.

use super::client::Client;
use super::provider::{ClaimRule, IdToken, IdTokenKeys, NonceRule};
use super::shape::is_uuid;
use serde_json::Value;

/// How an ID token is verified.
#[derive(PartialEq, Debug)]
pub enum IdTokenCheck {
    Keys(IdTokenRules),
    /// A form of `id_token`, `client_id` and `nonce` goes to this URL, the claims come back.
    Remote(String),
}

/// Verification with published keys, with nothing left to fill in.
#[derive(PartialEq, Debug)]
pub struct IdTokenRules {
    pub jwks: String,
    /// Headers of the request for the keys.
    pub headers: Vec<(String, String)>,
    /// One of them is `iss`; empty when `claims` decides.
    pub issuers: Vec<String>,
    /// One of them is in `aud`; with none, no token passes.
    pub audiences: Vec<String>,
    /// Empty when the key decides.
    pub algorithms: Vec<String>,
    /// Since `iat`.
    pub max_age_secs: Option<u32>,
    pub nonce: NonceRule,
    /// A token that is no JWS passes unverified: the access token beside it says who the user is.
    pub allows_opaque: bool,
    pub claims: ClaimCheck,
}

/// What else the claims must say.
#[derive(PartialEq, Debug)]
pub enum ClaimCheck {
    Nothing,
    /// `hd` is this; any when it is `*`.
    HostedDomain(String),
    /// `iss` is that of the tenant `tid` at this authority, and the tenant is admitted: one by its id, or `common`,
    /// `organizations` or `consumers`.
    MicrosoftTenant {
        authority: String,
        tenant: String,
    },
}

const TENANTS: [&str; 3] = ["common", "organizations", "consumers"];
/// The tenant of all personal accounts.
const MICROSOFT_CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

impl IdTokenRules {
    /// Whether the claims of a token whose signature, times, audience and nonce were found right are of an issuer and a
    /// tenant or domain that is admitted.
    pub fn admits(&self, claims: &Value) -> bool {
        let claim = |name: &str| claims.get(name).and_then(Value::as_str);
        let is_issuer = self.issuers.iter().any(|issuer| claim("iss") == Some(issuer));
        match &self.claims {
            ClaimCheck::Nothing => is_issuer,
            ClaimCheck::HostedDomain(wanted) => {
                let fits = |domain: &str| !domain.is_empty() && (wanted == "*" || wanted == domain);
                is_issuer && claim("hd").is_some_and(fits)
            }
            ClaimCheck::MicrosoftTenant { authority, tenant } => claim("tid").is_some_and(|id| {
                let is_admitted = match tenant.as_str() {
                    "common" => true,
                    "organizations" => id != MICROSOFT_CONSUMERS,
                    "consumers" => id == MICROSOFT_CONSUMERS,
                    tenant => id.eq_ignore_ascii_case(tenant),
                };
                is_admitted && claim("iss") == Some(&format!("{authority}/{id}/v2.0"))
            }),
        }
    }
}

impl Client {
    /// How an ID token is verified; none when this provider's is not accepted.
    pub fn id_token(&self) -> Option<IdTokenCheck> {
        if self.has_keys() {
            return self.discovered_keys().map(IdTokenCheck::Keys);
        }
        match &self.provider.id_token {
            IdToken::Unsupported => None,
            IdToken::Remote(url) => Some(IdTokenCheck::Remote(self.fill(url)?)),
            IdToken::Keys(keys) => self.own_keys(keys).map(IdTokenCheck::Keys),
        }
    }

    fn discovered_keys(&self) -> Option<IdTokenRules> {
        let discovered = self.discovered.as_ref()?;
        Some(IdTokenRules {
            jwks: discovered.value("jwks_uri")?.to_owned(),
            headers: self.keys_headers(),
            issuers: vec![discovered.value("issuer")?.to_owned()],
            audiences: self.client_ids(),
            algorithms: discovered.algorithms.clone(),
            max_age_secs: None,
            nonce: NonceRule::Exact,
            allows_opaque: false,
            claims: ClaimCheck::Nothing,
        })
    }

    fn own_keys(&self, keys: &IdTokenKeys) -> Option<IdTokenRules> {
        let issuers: Option<Vec<String>> = keys.issuers.iter().map(|issuer| self.fill(issuer)).collect();
        let named = keys.audience_options.iter().map(|name| self.settings.list(name)).find(|list| !list.is_empty());
        Some(IdTokenRules {
            jwks: self.fill(keys.jwks)?,
            headers: Vec::new(),
            issuers: issuers?,
            audiences: named.unwrap_or_else(|| self.client_ids()),
            algorithms: keys.algorithms.iter().map(|name| (*name).to_owned()).collect(),
            max_age_secs: keys.max_age_secs,
            nonce: keys.nonce,
            allows_opaque: keys.allows_opaque,
            claims: self.claim_check(keys.claims)?,
        })
    }

    fn claim_check(&self, rule: ClaimRule) -> Option<ClaimCheck> {
        Some(match (rule, self.settings.text("hd")) {
            (ClaimRule::HostedDomain, Some(domain)) => ClaimCheck::HostedDomain(domain),
            (ClaimRule::HostedDomain, None) | (ClaimRule::Nothing, _) => ClaimCheck::Nothing,
            (ClaimRule::MicrosoftTenant, _) => {
                // A tenant that is named by its domain is not to be told from another by a token.
                let tenant =
                    self.value("tenant_id").filter(|tenant| is_uuid(tenant) || TENANTS.contains(&&**tenant))?;
                ClaimCheck::MicrosoftTenant { authority: self.value("authority")?, tenant }
            }
        })
    }

    /// The discovery document's headers, where the keys are at the same origin.
    fn keys_headers(&self) -> Vec<(String, String)> {
        let origin = |url: &str| url.splitn(4, '/').take(3).map(str::to_owned).collect::<Vec<_>>();
        let document = self.fill(self.provider.discovery).map(|url| origin(&url));
        let keys = self.value("jwks_uri").map(|url| origin(&url));
        if document == keys { self.settings.table("discovery_headers") } else { Vec::new() }
    }

    fn client_ids(&self) -> Vec<String> {
        self.settings.client_id.all().iter().filter(|id| !id.is_empty()).cloned().collect()
    }
}
