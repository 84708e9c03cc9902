//! The token endpoint of a provider: exchanges codes and refresh tokens, by the crate `oauth2` over the host's requests.
//!
//! Source: RFC 6749 §4.1.3 and §6, RFC 7636 §4.5. Nothing of `oauth2` that reads a clock or draws randomness is called here.

use crate::providers::{Client, ClientAuth, TokenMethod};
use doorward_sdk::prelude::*;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AuthType, AuthorizationCode, ClientId, ClientSecret, HttpRequest, HttpResponse, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a provider gave.
#[derive(Default)]
pub struct Tokens {
    pub access_token: Option<String>,
    pub refresh_token: Option<String>,
    pub id_token: Option<String>,
    /// ISO 8601.
    pub access_token_expires_at: Option<String>,
    /// ISO 8601.
    pub refresh_token_expires_at: Option<String>,
    /// None where there is nothing to say about scopes.
    pub scopes: Option<Vec<String>>,
    /// The whole answer.
    pub answer: Value,
}

/// One exchange of a code.
pub struct Exchange<'a> {
    pub code: String,
    pub code_verifier: String,
    pub redirect_uri: &'a str,
    /// A parameter of one provider's callback that goes back to it.
    pub device_id: Option<String>,
}

type Protocol = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointSet,
>;

/// The usual order of parameters.
const ORDER: [&str; 8] =
    ["grant_type", "code", "refresh_token", "code_verifier", "device_id", "redirect_uri", "client_id", "client_secret"];

impl Client {
    /// The tokens for a code; none when the provider does not take it. The log says why.
    ///
    /// # Errors
    /// When nothing names the endpoint.
    pub fn exchange_code(&self, exchange: Exchange<'_>) -> Result<Option<Tokens>> {
        let settings = &self.settings;
        let endpoint = self.token_endpoint()?;
        let Some(protocol) = self.protocol(&endpoint, self.client_auth()) else { return Ok(None) };
        let redirect_uri = settings.redirect_uri.as_deref().unwrap_or(exchange.redirect_uri);
        let Ok(redirect_url) = RedirectUrl::new(redirect_uri.to_owned()) else { return Ok(None) };
        let protocol = protocol.set_redirect_uri(redirect_url);
        let mut request = protocol.exchange_code(AuthorizationCode::new(exchange.code));
        if self.uses_pkce() {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(exchange.code_verifier));
        }
        if let Some(device_id) = exchange.device_id.filter(|_| self.provider.token.takes_device_id) {
            request = request.add_extra_param("device_id", device_id);
        }
        if let Some(key) = settings.client_key.as_ref().filter(|_| self.provider.token.client_id != "client_key") {
            request = request.add_extra_param("client_key", key.clone());
        }
        for (name, value) in settings.table("token_url_params") {
            request = request.add_extra_param(name, value);
        }
        let headers = self.provider.token.headers;
        Ok(self.told(request.request(&|request| self.send(request, headers))))
    }

    /// New tokens for a refresh token; none when the provider does not take it.
    pub fn refresh(&self, refresh_token: &str) -> Option<Tokens> {
        let protocol = self.protocol(&self.refresh_endpoint()?, self.refresh_auth())?;
        let refresh_token = RefreshToken::new(refresh_token.to_owned());
        let mut request = protocol.exchange_refresh_token(&refresh_token);
        if self.provider.token.refresh_scopes {
            let scopes = self.scopes(&[]).join(self.provider.authorization.scope_separator);
            request = request.add_extra_param("scope", scopes);
        }
        for (name, value) in self.settings.table("refresh_token_params") {
            if !matches!(name.as_str(), "grant_type" | "refresh_token") {
                request = request.add_extra_param(name, value);
            }
        }
        let tokens = self.told(request.request(&|request| self.send(request, &[])))?;
        Some(tokens).filter(|tokens| tokens.access_token.is_some())
    }

    fn protocol(&self, endpoint: &str, auth: ClientAuth) -> Option<Protocol> {
        let id = self.settings.text(self.provider.authorization.client_id_option).unwrap_or_default();
        let endpoint = TokenUrl::new(endpoint.to_owned())
            .inspect_err(|error| log::error(&format!("{}: the token endpoint is no URL: {error}", self.id)))
            .ok()?;
        let protocol = oauth2::Client::new(ClientId::new(id)).set_token_uri(endpoint);
        let secret = self.settings.client_secret.clone().filter(|secret| !secret.is_empty());
        let protocol = match (auth, secret) {
            (ClientAuth::IdAlone, _) | (_, None) => protocol,
            (_, Some(secret)) => protocol.set_client_secret(ClientSecret::new(secret)),
        };
        let is_basic = matches!(auth, ClientAuth::Basic | ClientAuth::BasicOrNone);
        Some(protocol.set_auth_type(if is_basic { AuthType::BasicAuth } else { AuthType::RequestBody }))
    }

    /// Sends what `oauth2` wants to say, in the provider's own words where it has some.
    fn send(&self, request: HttpRequest, headers: &[(&str, &str)]) -> Result<HttpResponse, http::Failure> {
        let token = &self.provider.token;
        let form = String::from_utf8_lossy(request.body()).into_owned();
        let mut pairs: Vec<(String, String)> = form.split('&').filter_map(pair).collect();
        pairs.sort_by_key(|(name, _)| ORDER.iter().position(|other| other == name).unwrap_or(ORDER.len()));
        let own_name = |name: String| match name.as_str() {
            "client_id" => token.client_id.to_owned(),
            "client_secret" => token.client_secret.to_owned(),
            _ => name,
        };
        // WeChat knows no `redirect_uri` here.
        pairs.retain(|(name, _)| token.method == TokenMethod::Form || name != "redirect_uri");
        let pairs: Vec<(String, String)> = pairs.into_iter().map(|(name, value)| (own_name(name), value)).collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let url = request.uri().to_string();
        let mut outgoing = match token.method {
            TokenMethod::Form => http::Request::post(&url).form(&pairs).header("accept", "application/json"),
            TokenMethod::Query => {
                let mark = if url.contains('?') { '&' } else { '?' };
                http::Request::get(&format!("{url}{mark}{}", links::query(&pairs)))
            }
        };
        if let Some(basic) = request.headers().get("authorization").and_then(|basic| basic.to_str().ok()) {
            outgoing = outgoing.header("authorization", basic);
        }
        for (name, value) in headers {
            outgoing = outgoing.header(name, value);
        }
        for (name, value) in self.settings.table("authorization_headers") {
            outgoing = outgoing.header(&name, &value);
        }
        let answer = outgoing.send()?;
        // What the provider calls its answer does not matter: it is read as JSON.
        let mut response = HttpResponse::new(answer.bytes().to_vec());
        *response.status_mut() = oauth2::http::StatusCode::from_u16(answer.status()).unwrap_or_default();
        Ok(response)
    }

    /// What came of a request. The log tells a failure without what was sent.
    fn told(&self, outcome: Result<Answer, RequestTokenError<http::Failure, BasicErrorResponse>>) -> Option<Tokens> {
        let fault = match outcome {
            Ok(answer) => return Some(self.tokens(answer)),
            Err(RequestTokenError::ServerResponse(refusal)) => format!("it refuses: {}", refusal.error()),
            Err(RequestTokenError::Request(failure)) => format!("it was not reached: {failure:?}"),
            Err(RequestTokenError::Parse(error, _)) => format!("its answer is unreadable: {}", error.inner()),
            Err(RequestTokenError::Other(text)) => text,
        };
        log::error(&format!("{} at its token endpoint: {fault}", self.id));
        None
    }

    fn tokens(&self, answer: Answer) -> Tokens {
        let text = |name: &str| {
            answer.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let access_token = Some(answer.access_token.secret().clone()).filter(|token| !token.is_empty());
        let default_secs = || self.settings.own.get("access_token_expires_in").and_then(seconds);
        let expires_in = answer.fields.get("expires_in").and_then(seconds).or_else(default_secs);
        let refresh_secs = answer.fields.get("refresh_token_expires_in").and_then(seconds);
        Tokens {
            refresh_token: text("refresh_token"),
            id_token: text("id_token"),
            access_token_expires_at: expires_in.map(after),
            refresh_token_expires_at: refresh_secs.map(after),
            scopes: Some(scopes(answer.fields.get("scope"), self.provider.token.scope_separator)),
            answer: Value::Object(answer.whole(access_token.as_deref())),
            access_token,
        }
    }
}

/// A provider's answer: RFC 6749 §5.1, where providers leave out and add as they like.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    #[serde(default = "none")]
    access_token: AccessToken,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

fn none() -> AccessToken {
    AccessToken::new(String::new())
}

impl Answer {
    fn whole(&self, access_token: Option<&str>) -> Map<String, Value> {
        let mut fields = self.fields.clone();
        fields.extend(access_token.map(|token| ("access_token".to_owned(), Value::from(token))));
        fields
    }
}

impl TokenResponse for Answer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &BasicTokenType::Bearer
    }

    fn expires_in(&self) -> Option<Duration> {
        self.fields.get("expires_in").and_then(seconds).map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// A number of seconds, or the text of one; 0 says nothing.
fn seconds(value: &Value) -> Option<u64> {
    let secs = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    secs.filter(|secs| *secs > 0)
}

fn after(secs: u64) -> String {
    clock::iso_text(clock::now_millis().saturating_add(secs.min(10 * 366 * 86_400) * 1000))
}

fn scopes(value: Option<&Value>, separator: char) -> Vec<String> {
    let is_between = |letter: char| letter.is_whitespace() || letter == separator;
    match value {
        Some(Value::String(text)) => {
            text.split(is_between).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        }
        Some(Value::Array(items)) => {
            let texts = items.iter().filter_map(Value::as_str).map(str::trim);
            texts.filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let plain = |text: &str| links::decode(&text.replace('+', " "));
    Some((plain(name), plain(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers;
    use doorward_sdk::fake;

    /// The requests of the reference, for each provider: a list of `provider`, `settings`, `exchange` and `refresh`. It sends TikTok
    /// the verifier of a challenge that TikTok never got; that is left out here.
    const SENT: &str = include_str!("../tests/token_requests.json");

    #[test]
    fn providers_are_asked_as_the_reference_asks_them() {
        let cases: Vec<Value> = serde_json::from_str(SENT).expect("the record is JSON");
        for case in cases {
            let id = case["provider"].as_str().expect("an id");
            let settings = serde_json::from_value(case["settings"].clone()).expect("settings");
            let client = providers::open(id, &settings).expect("a client");
            fake::reset();
            let exchange = Exchange {
                code: "co/de".to_owned(),
                code_verifier: "verifier".to_owned(),
                redirect_uri: "https://app.example/cb",
                device_id: Some("device".to_owned()),
            };
            client.exchange_code(exchange).expect("an endpoint");
            assert_eq!(sorted(sent()), sorted(case["exchange"].clone()), "{id}: exchange");
            fake::reset();
            client.refresh("re+fresh");
            let refresh = if client.provider.token.is_refreshable { sent() } else { Value::Null };
            assert_eq!(sorted(refresh), sorted(case["refresh"].clone()), "{id}: refresh");
        }
    }

    /// The order of parameters means nothing.
    fn sorted(mut request: Value) -> Value {
        for (place, mark) in [("body", ""), ("url", "?")] {
            let Some(text) = request.get(place).and_then(Value::as_str) else { continue };
            let (start, pairs) = if mark.is_empty() { ("", text) } else { text.split_once(mark).unwrap_or((text, "")) };
            let mut pairs: Vec<&str> = pairs.split('&').collect();
            pairs.sort_unstable();
            request[place] = format!("{start}{mark}{}", pairs.join("&")).into();
        }
        request
    }

    /// The one request, without the headers that say nothing about a provider.
    fn sent() -> Value {
        let sent = fake::with(|world| world.http_sent.clone());
        let [request] = sent.as_slice() else { panic!("one request, not {}", sent.len()) };
        let mut headers = Map::new();
        for header in &request.headers {
            if header.name != "content-type" {
                headers.insert(header.name.clone(), header.value.clone().into());
            }
        }
        let mut told = json!({ "method": request.method, "url": request.url, "headers": headers });
        if let Some(body) = &request.body {
            told["body"] = String::from_utf8_lossy(body).into_owned().into();
        }
        told
    }
}
