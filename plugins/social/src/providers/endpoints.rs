//! A provider's endpoints, as data: where the browser goes, how codes are exchanged, how ID tokens are verified.

/// The URL that the browser is sent to.
pub struct Authorization {
    pub endpoint: &'static str,
    /// Asked for unless `disable_default_scope` is set.
    pub scopes: &'static [&'static str],
    pub scope_rule: ScopeRule,
    /// Between two scopes.
    pub scope_separator: &'static str,
    pub pkce: Pkce,
    /// The parameter for the client's id.
    pub client_id: &'static str,
    /// The setting that the parameter's value comes from.
    pub client_id_option: &'static str,
    /// The order of parameters in the URL; those that are not named follow as they come.
    pub order: &'static [&'static str],
    /// Parameters beside those of every provider.
    pub parameters: &'static [Parameter],
    /// Whether it takes `additionalParams` of a request.
    pub takes_more: bool,
    /// `scope` is the last parameter, its spaces as `%20`.
    pub scope_last: bool,
    /// In place of the endpoint's own.
    pub fragment: Option<&'static str>,
}

/// Which scopes are asked for, in which order.
#[derive(Clone, Copy, PartialEq)]
pub enum ScopeRule {
    /// Defaults, then the operator's, then the request's.
    Usual,
    /// As `Usual`, each once.
    Unique,
    /// Defaults, then the request's, then the operator's.
    RequestFirst,
    /// The request's, then the operator's in place of the defaults; `openid` first when the provider speaks OpenID Connect.
    OpenId,
    /// None, whoever asks.
    Never,
}

/// Proof Key for Code Exchange.
#[derive(Clone, Copy, PartialEq)]
pub enum Pkce {
    Always,
    /// The provider does not know it.
    Never,
    /// Unless the setting `pkce` is false.
    Optional,
}

/// A parameter of the authorization URL.
pub struct Parameter {
    pub name: &'static str,
    pub from: From,
    /// `additionalParams` of a request do not replace it.
    pub is_fixed: bool,
}

/// Where a parameter's value comes from; it is left out when there is none.
#[derive(Clone, Copy)]
pub enum From {
    Fixed(&'static str),
    Option(&'static str),
    OptionOr(&'static str, &'static str),
    /// `login_hint` or `display` of the request.
    Request(&'static str),
    /// Of the request, else the setting of the same name.
    RequestOrOption(&'static str),
    /// The fixed text, unless the setting is false.
    Unless(&'static str, &'static str),
    /// The setting, when this scope is asked for.
    WithScope(&'static str, &'static str),
    /// OpenID Connect's `claims` for the ID token, by the setting or these.
    Claims(&'static str, &'static [&'static str]),
}

/// Where codes and refresh tokens are exchanged.
pub struct Token {
    pub endpoint: &'static str,
    /// None where it is `endpoint`.
    pub refresh_endpoint: Option<&'static str>,
    pub is_refreshable: bool,
    pub method: TokenMethod,
    pub client: ClientAuth,
    /// None where it is `client`.
    pub refresh_client: Option<ClientAuth>,
    /// The parameters that carry the client's id and secret.
    pub client_id: &'static str,
    pub client_secret: &'static str,
    /// Headers of the exchange of a code, in place of the usual ones of the same name.
    pub headers: &'static [(&'static str, &'static str)],
    /// Whether a refresh asks for the scopes again.
    pub refresh_scopes: bool,
    /// Whether the callback's `device_id` goes with the code.
    pub takes_device_id: bool,
    /// Between two scopes in the answer.
    pub scope_separator: char,
}

/// How the parameters of a token request travel.
#[derive(Clone, Copy, PartialEq)]
pub enum TokenMethod {
    Form,
    /// `GET` with a query.
    Query,
}

/// How the client authenticates at the token endpoint.
#[derive(Clone, Copy, PartialEq)]
pub enum ClientAuth {
    /// Id and secret in the body; the id alone without a secret.
    Post,
    /// `Authorization: Basic …`.
    Basic,
    /// `Basic`, and the id in the body without a secret.
    BasicOrNone,
    /// Nothing but the id.
    IdAlone,
}

/// How an ID token that a client brings is verified.
pub enum IdToken {
    /// It is not accepted.
    Unsupported,
    Keys(IdTokenKeys),
    /// The provider is asked with a form of `id_token`, `client_id` and `nonce`; it answers with the claims.
    Remote(&'static str),
}

/// Verification with published keys.
pub struct IdTokenKeys {
    pub jwks: &'static str,
    /// One of these is the issuer; empty when `claims` decides.
    pub issuers: &'static [&'static str],
    pub algorithms: &'static [&'static str],
    /// Since `iat`.
    pub max_age_secs: Option<u32>,
    /// The first of these settings that is there is the audience; the client ids when none is.
    pub audience_options: &'static [&'static str],
    pub nonce: NonceRule,
    /// A token that is no JWS passes unverified: the access token beside it says who the user is.
    pub allows_opaque: bool,
    pub claims: ClaimRule,
}

/// How the `nonce` is compared.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum NonceRule {
    Exact,
    /// Or its SHA-256 in hexadecimal.
    ExactOrSha256,
}

/// What else the claims must say.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ClaimRule {
    Nothing,
    /// `hd` is the setting `hd`; any when that is `*`.
    HostedDomain,
    /// `iss` and `tid` fit the setting `tenant_id`.
    MicrosoftTenant,
}

/// The order of the reference's parameters.
pub const ORDER: &[&str] = &[
    "response_type",
    "client_id",
    "state",
    "scope",
    "redirect_uri",
    "duration",
    "display",
    "login_hint",
    "nonce",
    "prompt",
    "hd",
    "access_type",
    "response_mode",
    "code_challenge_method",
    "code_challenge",
    "claims",
];

impl Authorization {
    pub const fn at(endpoint: &'static str) -> Authorization {
        Authorization {
            endpoint,
            scopes: &[],
            scope_rule: ScopeRule::Usual,
            scope_separator: " ",
            pkce: Pkce::Always,
            client_id: "client_id",
            client_id_option: "client_id",
            order: ORDER,
            parameters: &[],
            takes_more: true,
            scope_last: false,
            fragment: None,
        }
    }
}

impl Parameter {
    pub const fn new(name: &'static str, from: From) -> Parameter {
        Parameter { name, from, is_fixed: false }
    }

    pub const fn fixed(name: &'static str, value: &'static str) -> Parameter {
        Parameter { name, from: From::Fixed(value), is_fixed: true }
    }

    /// The setting of the same name.
    pub const fn option(name: &'static str) -> Parameter {
        Parameter::new(name, From::Option(name))
    }

    /// What the request says under this name.
    pub const fn request(name: &'static str) -> Parameter {
        Parameter::new(name, From::Request(name))
    }
}

impl Token {
    pub const fn at(endpoint: &'static str) -> Token {
        Token {
            endpoint,
            refresh_endpoint: None,
            is_refreshable: true,
            method: TokenMethod::Form,
            client: ClientAuth::Post,
            refresh_client: None,
            client_id: "client_id",
            client_secret: "client_secret",
            headers: &[],
            refresh_scopes: false,
            takes_device_id: false,
            scope_separator: ' ',
        }
    }
}

impl IdTokenKeys {
    pub const fn at(jwks: &'static str, issuers: &'static [&'static str]) -> IdTokenKeys {
        IdTokenKeys {
            jwks,
            issuers,
            algorithms: &["RS256"],
            max_age_secs: Some(3600),
            audience_options: &[],
            nonce: NonceRule::Exact,
            allows_opaque: false,
            claims: ClaimRule::Nothing,
        }
    }
}
