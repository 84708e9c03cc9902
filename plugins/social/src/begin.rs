//! What the two ways to a provider have in common: signing in and linking.

use crate::providers::{Authorization, Client, REPLACING, RESERVED};
use crate::state::{Begin, State};
use crate::token_endpoint::Tokens;
use doorward_sdk::prelude::*;

/// What a request says about the way to a provider.
#[derive(Default)]
pub struct Way {
    pub disable_redirect: bool,
    pub scopes: Vec<String>,
    pub login_hint: Option<String>,
    pub additional_params: Vec<(String, String)>,
}

/// An ID token that a client brings.
pub struct Brought {
    pub token: String,
    pub nonce: Option<String>,
    pub access_token: Option<String>,
    pub refresh_token: Option<String>,
    pub user: Option<Value>,
}

impl Way {
    /// Reads `scopes`.
    pub fn read_scopes(fields: &mut Fields<'_>) -> Vec<String> {
        let items: Vec<Value> = fields.optional("scopes").unwrap_or_default();
        texts(fields, "scopes", items.iter().enumerate().map(|(index, value)| (index.to_string(), value)))
            .into_iter()
            .map(|(_, value)| value)
            .collect()
    }

    /// Reads `additionalParams`.
    pub fn read_params(fields: &mut Fields<'_>) -> Vec<(String, String)> {
        let table: Map<String, Value> = fields.optional("additionalParams").unwrap_or_default();
        let read = texts(fields, "additionalParams", table.iter().map(|(name, value)| (name.clone(), value)));
        let has_any_of = |reserved: &[&str]| table.keys().any(|name| reserved.contains(&name.as_str()));
        let refused = [&RESERVED[..], &REPLACING].into_iter().find(|reserved| has_any_of(reserved));
        if let Some(reserved) = refused.filter(|_| read.len() == table.len()) {
            let text = format!("additionalParams cannot include reserved OAuth parameters: {}", reserved.join(", "));
            fields.issue("additionalParams", &text);
        }
        read
    }

    /// Keeps the sign-in and sends the browser to the provider: `{"url", "redirect"}`.
    ///
    /// # Errors
    /// When the settings do not name the provider's endpoint, and when the store is away.
    pub fn answer(&self, client: &Client, begin: Begin) -> Result<Response> {
        let url = authorization_url(client, begin, self)?;
        let response = Response::json(&json!({ "url": url, "redirect": !self.disable_redirect }))?;
        Ok(if self.disable_redirect { response } else { response.header("location", url) })
    }
}

/// The provider's URL for a sign-in that begins now.
///
/// # Errors
/// As [`Way::answer`].
pub fn authorization_url(client: &Client, begin: Begin, way: &Way) -> Result<String> {
    let begun = State::begin(&client.id, client.uses_nonce(), begin)?;
    let challenge =
        oauth2::PkceCodeChallenge::from_code_verifier_sha256(&oauth2::PkceCodeVerifier::new(begun.code_verifier));
    client.authorization_url(&Authorization {
        state: &begun.state,
        redirect_uri: &callback_url(client),
        code_challenge: Some(challenge.as_str()),
        nonce: begun.nonce.as_deref(),
        scopes: &way.scopes,
        login_hint: way.login_hint.as_deref(),
        display: None,
        more: &way.additional_params,
    })
}

/// Where the provider sends the browser back to.
pub fn callback_url(client: &Client) -> String {
    links::endpoint(&format!("/callback/{}", client.id))
}

impl Brought {
    /// Reads `idToken`; none when it is not there. `with_user` are the fields that only signing in has.
    pub fn read(fields: &mut Fields<'_>, with_user: bool) -> Option<Brought> {
        let object: Map<String, Value> = fields.optional("idToken")?;
        let optional = ["nonce", "accessToken", "refreshToken"];
        let mut text = |name: &str, is_required: bool| {
            let value = object.get(name);
            let read = value.and_then(Value::as_str);
            if read.is_none() && (is_required || value.is_some()) {
                fields.issue(&format!("idToken.{name}"), &doorward_sdk::mismatch("string", value));
            }
            read.map(str::to_owned)
        };
        let token = text("token", true);
        let [nonce, access_token, refresh_token] = optional.map(|name| text(name, false));
        if with_user {
            let text = |value: Option<&Value>| value.filter(|value| !value.is_string()).map(|_| "string");
            let object_at = |value: Option<&Value>| value.filter(|value| !value.is_object()).map(|_| "object");
            let (user, name) = (object.get("user"), object.get("user").and_then(|user| user.get("name")));
            let email = user.and_then(|user| user.get("email"));
            let [first, last] = ["firstName", "lastName"].map(|part| name.and_then(|name| name.get(part)));
            let expires_at = object.get("expiresAt");
            let number = expires_at.filter(|value| !value.is_number()).map(|_| "number");
            for (path, expected, value) in [
                ("expiresAt", number, expires_at),
                ("user", object_at(user), user),
                ("user.name", object_at(name), name),
                ("user.name.firstName", text(first), first),
                ("user.name.lastName", text(last), last),
                ("user.email", text(email), email),
            ] {
                if let Some(expected) = expected {
                    fields.issue(&format!("idToken.{path}"), &doorward_sdk::mismatch(expected, value));
                }
            }
        }
        Some(Brought {
            token: token.unwrap_or_default(),
            nonce,
            access_token,
            refresh_token,
            user: object.get("user").cloned(),
        })
    }

    /// What is kept of it; a refresh token only where `keeps_refresh`.
    pub fn tokens(&self, keeps_refresh: bool) -> Tokens {
        Tokens {
            access_token: self.access_token.clone(),
            refresh_token: self.refresh_token.clone().filter(|_| keeps_refresh),
            id_token: Some(self.token.clone()),
            ..Tokens::default()
        }
    }
}

/// Those of `values` that are texts; the others are issues.
fn texts<'a>(
    fields: &mut Fields<'_>,
    name: &str,
    values: impl Iterator<Item = (String, &'a Value)>,
) -> Vec<(String, String)> {
    let mut read = Vec::new();
    for (key, value) in values {
        match value.as_str() {
            Some(text) => read.push((key, text.to_owned())),
            None => fields.issue(&format!("{name}.{key}"), &doorward_sdk::mismatch("string", Some(value))),
        }
    }
    read
}
