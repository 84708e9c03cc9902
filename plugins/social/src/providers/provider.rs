//! What there is to know about a provider, as data: texts with `{option}` in them are filled from the operator's settings.

use super::mapping::Profile;
use super::user_info::Visit;
use doorward_sdk::Result;
use serde_json::Value;

/// One provider of the table.
pub struct Provider {
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// Settings that this provider takes beside those that all take.
    pub options: &'static [OptionRule],
    /// Nobody is sent to it without a client secret.
    pub needs_secret: bool,
    pub authorization: Authorization,
    pub token: Token,
    pub id_token: IdToken,
    pub user: User,
    /// Hosts that no text of this entry names, because settings decide: `*.example.com`.
    pub hosts: &'static [&'static str],
}

/// A setting of one provider.
pub struct OptionRule {
    pub name: &'static str,
    pub kind: Kind,
    /// What stands for it in a template when the operator sets nothing; may be a template itself.
    pub default: Option<&'static str>,
    /// The server does not start without it.
    pub required: bool,
}

/// What a setting may be.
#[derive(Clone, Copy)]
pub enum Kind {
    Text,
    Flag,
    Number,
    List,
    /// A host name, with or without `https://` before it.
    Host,
    /// An `https://` URL; slashes at its end are dropped.
    Url,
    /// Names and texts.
    Table,
    /// One of these words, and what stands for it in a template.
    Choice(&'static [(&'static str, &'static str)]),
}

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
    pub fragment: &'static str,
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

/// Who the user is.
pub struct User {
    /// Asked one after the other until one knows.
    pub sources: &'static [Source],
    /// The stable id.
    pub id: &'static [&'static str],
    pub email: &'static [Pick],
    pub email_verified: Verified,
    pub name: &'static [Pick],
    pub image: &'static [Pick],
    /// More fields of the user: its name, and where the value is.
    pub extra: &'static [(&'static str, &'static str)],
    /// `<id>@<this>.placeholder.invalid` where the provider says no address.
    pub placeholder: Option<&'static str>,
    /// What must hold, or there is no user.
    pub rules: &'static [Rule],
    /// Without an address there is no user.
    pub needs_email: bool,
    /// What no data says: looks at the answer, may ask more and completes it. None: there is no user.
    pub visit: Option<fn(&Visit<'_>, Value) -> Result<Option<Value>>>,
    /// What no data says about the profile made of it.
    pub finish: Option<fn(&Value, &mut Profile)>,
}

/// Where the user's data is.
pub enum Source {
    /// The claims of the ID token, when all of these are among them.
    IdToken(&'static [&'static str]),
    Answer(Ask),
}

/// A request with the access token.
pub struct Ask {
    pub method: Method,
    /// `{access_token}` may stand in it.
    pub url: &'static str,
    /// The word before the token in `Authorization`; none when the token travels otherwise.
    pub scheme: Option<&'static str>,
    pub headers: &'static [(&'static str, &'static str)],
    /// Where in the answer the profile is; empty when it is all of it.
    pub root: &'static str,
}

/// How it is asked.
pub enum Method {
    Get,
    Post,
    /// Names and templates.
    Form(&'static [(&'static str, &'static str)]),
    Json(&'static str),
}

/// A text of the profile.
pub enum Pick {
    /// What is at this path: `data.user.name`.
    At(&'static str),
    /// Those that are there, with a space between them.
    Words(&'static [&'static str]),
    /// What is at this path, up to this character.
    Before(&'static str, char),
}

/// Whether the provider vouches for the address.
pub enum Verified {
    Never,
    /// True at this path, and nothing else that is like it.
    Flag(&'static str),
    /// True or, as this provider documents it, the text `true`.
    FlagOrText(&'static str),
    /// True or, as this provider documents it, the number 1.
    FlagOrOne(&'static str),
    /// True at each of these paths.
    Flags(&'static [&'static str]),
    /// True or the text at the path; without one, the address is in one of the lists.
    FlagOrListed(&'static str, &'static [&'static str]),
}

/// What must hold for a profile.
pub enum Rule {
    /// This text is at this path.
    Is(&'static str, &'static str),
    /// True, a number but 0, or text is there.
    Set(&'static str),
    /// Nothing of that is there.
    NotSet(&'static str),
    /// The `sub` of the ID token, when there is one, is at the first of these paths that has something.
    Subject(&'static [&'static str]),
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

/// What most providers have in common: the base of the table's entries.
pub const USUAL: Provider = Provider {
    id: "",
    name: "",
    options: &[],
    needs_secret: false,
    authorization: Authorization::at(""),
    token: Token::at(""),
    id_token: IdToken::Unsupported,
    user: User::from(&[]),
    hosts: &[],
};

impl OptionRule {
    pub const fn new(name: &'static str, kind: Kind) -> OptionRule {
        OptionRule { name, kind, default: None, required: false }
    }

    pub const fn or(mut self, default: &'static str) -> OptionRule {
        self.default = Some(default);
        self
    }

    pub const fn required(mut self) -> OptionRule {
        self.required = true;
        self
    }
}

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
            fragment: "",
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

impl User {
    /// The fields of OpenID Connect, whose address nobody vouches for yet.
    pub const fn from(sources: &'static [Source]) -> User {
        User {
            sources,
            id: &["sub"],
            email: &[Pick::At("email")],
            email_verified: Verified::Never,
            name: &[Pick::At("name")],
            image: &[Pick::At("picture")],
            extra: &[],
            placeholder: None,
            rules: &[],
            needs_email: false,
            visit: None,
            finish: None,
        }
    }
}

impl Ask {
    pub const fn get(url: &'static str) -> Ask {
        Ask { method: Method::Get, url, scheme: Some("Bearer"), headers: &[], root: "" }
    }
}
