//! The URL that the browser is sent to.

use super::client::Client;
use super::provider::From;
use doorward_sdk::prelude::*;

/// What a sign-in adds to the settings.
#[derive(Default)]
pub struct Authorization<'a> {
    pub state: &'a str,
    /// This server's callback; the setting `redirect_uri` replaces it.
    pub redirect_uri: &'a str,
    /// Sent when [`Client::uses_pkce`].
    pub code_challenge: Option<&'a str>,
    /// Sent when there is one.
    pub nonce: Option<&'a str>,
    pub scopes: &'a [String],
    pub login_hint: Option<&'a str>,
    pub display: Option<&'a str>,
    /// `additionalParams`.
    pub more: &'a [(String, String)],
}

/// Parameters that no request sets.
pub const RESERVED: [&str; 8] = [
    "state",
    "client_id",
    "redirect_uri",
    "response_type",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "scope",
];

/// What a client never sets either: a request object replaces every other parameter, and the mode decides where the code
/// goes (RFC 9101; OAuth 2.0 Multiple Response Types). The operator's own table may set the mode.
pub const REPLACING: [&str; 3] = ["request", "request_uri", "response_mode"];

/// A secret is needed that the settings do not have.
pub const SECRET_NEEDED: ErrorCode =
    ErrorCode::new(500, "CLIENT_ID_AND_SECRET_REQUIRED", "The provider needs a client secret");
/// Nothing names the endpoint.
pub const NO_ENDPOINT: ErrorCode = ErrorCode::new(400, "INVALID_OAUTH_CONFIGURATION", "Invalid OAuth configuration");

/// The parameters of a URL: each name once, in the order of the provider.
struct Parameters<'a> {
    order: &'a [&'a str],
    set: Vec<(String, String)>,
}

impl Client {
    /// The URL that begins a sign-in.
    ///
    /// # Errors
    /// `INVALID_OAUTH_CONFIGURATION` without an endpoint, `CLIENT_ID_AND_SECRET_REQUIRED` without a secret that is needed.
    pub fn authorization_url(&self, request: &Authorization<'_>) -> Result<String> {
        let rules = &self.provider.authorization;
        let needs_secret = self.provider.needs_secret || self.settings.flag("require_client_secret") == Some(true);
        if needs_secret && !self.settings.has_secret() {
            return Err(SECRET_NEEDED.into());
        }
        let own = self.settings.authorization_endpoint.clone().filter(|own| !own.is_empty());
        let endpoint = own.or_else(|| self.fill(rules.endpoint)).ok_or(NO_ENDPOINT)?;
        let mut parameters = self.parameters(request);
        let scope = if rules.scope_last { parameters.remove("scope") } else { None };
        let (endpoint, fragment) = endpoint.split_once('#').map_or((&*endpoint, None), |(url, end)| (url, Some(end)));
        let mut url = with_parameters(endpoint, &parameters.set);
        if let Some(scope) = scope {
            url.push_str(&links::query(&[("&scope", &scope)]).replace("%26", "&").replace('+', "%20"));
        }
        if let Some(fragment) = rules.fragment.or(fragment) {
            url.extend(["#", fragment]);
        }
        Ok(url)
    }

    fn parameters(&self, request: &Authorization<'_>) -> Parameters<'_> {
        let rules = &self.provider.authorization;
        let scopes = self.scopes(request.scopes);
        let mut parameters = Parameters { order: rules.order, set: Vec::new() };
        parameters.set("response_type", &self.settings.text("response_type").unwrap_or_else(|| "code".to_owned()));
        parameters.set(rules.client_id, &self.settings.text(rules.client_id_option).unwrap_or_default());
        parameters.set("state", request.state);
        if !scopes.is_empty() {
            parameters.set("scope", &scopes.join(rules.scope_separator));
        }
        parameters.set("redirect_uri", self.settings.redirect_uri.as_deref().unwrap_or(request.redirect_uri));
        if let Some(nonce) = request.nonce {
            parameters.set("nonce", nonce);
        }
        if let Some(challenge) = request.code_challenge.filter(|_| self.uses_pkce()) {
            parameters.set("code_challenge_method", "S256");
            parameters.set("code_challenge", challenge);
        }
        for parameter in rules.parameters.iter().filter(|parameter| !parameter.is_fixed) {
            if let Some(value) = self.parameter(parameter.from, request, &scopes) {
                parameters.set(parameter.name, &value);
            }
        }
        for (name, value) in &self.settings.table("authorization_url_params") {
            parameters.set_unreserved(name, value);
        }
        for (name, value) in request.more.iter().filter(|(name, _)| rules.takes_more && *name != rules.client_id) {
            parameters.set_unreserved(name, value);
        }
        for parameter in rules.parameters.iter().filter(|parameter| parameter.is_fixed) {
            if let Some(value) = self.parameter(parameter.from, request, &scopes) {
                parameters.set_unreserved(parameter.name, &value);
            }
        }
        parameters
    }

    fn parameter(&self, from: From, request: &Authorization<'_>, scopes: &[String]) -> Option<String> {
        let asked = |name| if name == "display" { request.display } else { request.login_hint };
        let asked = |name| asked(name).filter(|value: &&str| !value.is_empty()).map(str::to_owned);
        match from {
            From::Fixed(value) => Some(value.to_owned()),
            From::Option(name) => self.settings.text(name),
            From::OptionOr(name, otherwise) => self.settings.text(name).or_else(|| Some(otherwise.to_owned())),
            From::Request(name) => asked(name),
            From::RequestOrOption(name) => asked(name).or_else(|| self.settings.text(name)),
            From::Unless(name, value) => (self.settings.flag(name) != Some(false)).then(|| value.to_owned()),
            From::WithScope(name, scope) => {
                self.settings.text(name).filter(|_| scopes.iter().any(|asked| asked == scope))
            }
            From::Claims(name, usual) => Some(claims(&self.settings.list(name), usual)),
        }
    }
}

impl Parameters<'_> {
    /// Sets a value: in its place when the name is there, else by the order.
    fn set(&mut self, name: &str, value: &str) {
        if let Some((_, old)) = self.set.iter_mut().find(|(other, _)| other == name) {
            *old = value.to_owned();
            return;
        }
        let rank = |name: &str| self.order.iter().position(|other| *other == name).unwrap_or(usize::MAX);
        let place = self.set.iter().position(|(other, _)| rank(other) > rank(name)).unwrap_or(self.set.len());
        self.set.insert(place, (name.to_owned(), value.to_owned()));
    }

    /// Sets what a request or a table brings: behind everything else when it is new.
    fn set_unreserved(&mut self, name: &str, value: &str) {
        if RESERVED.contains(&name) {
            return;
        }
        match self.set.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = value.to_owned(),
            None => self.set.push((name.to_owned(), value.to_owned())),
        }
    }

    fn remove(&mut self, name: &str) -> Option<String> {
        let place = self.set.iter().position(|(other, _)| other == name)?;
        Some(self.set.remove(place).1)
    }
}

/// The endpoint's own query stays as it is written, without what `parameters` replaces.
fn with_parameters(endpoint: &str, parameters: &[(String, String)]) -> String {
    let (path, query) = endpoint.split_once('?').unwrap_or((endpoint, ""));
    let is_kept = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = links::decode(&name.replace('+', " "));
        !pair.is_empty() && parameters.iter().all(|(other, _)| *other != name)
    };
    let mut pairs: Vec<String> = query.split('&').filter(is_kept).map(str::to_owned).collect();
    pairs.extend(parameters.iter().map(|(name, value)| links::query(&[(name, value)])));
    format!("{path}?{}", pairs.join("&"))
}

/// OpenID Connect's request for claims of the ID token.
fn claims(own: &[String], usual: &[&str]) -> String {
    let mut wanted = Map::new();
    for name in ["email", "email_verified"].into_iter().chain(own.iter().map(String::as_str)) {
        wanted.insert(name.to_owned(), Value::Null);
    }
    if own.is_empty() {
        wanted.extend(usual.iter().map(|name| ((*name).to_owned(), Value::Null)));
    }
    json!({ "id_token": wanted }).to_string()
}
