//! What the operator sets for one provider: the reference's options, its callbacks as tables.

use super::provider::{Kind, OptionRule, Provider};
use super::shape::{is_url, is_uuid};
use super::template;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// `[providers.<id>]`. It holds secrets: there is no way to print it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The entry of the table that this is, when its name is not the id: `preset = "line"`.
    pub preset: Option<String>,
    /// Off when false.
    pub enabled: Option<bool>,
    pub client_id: ClientIds,
    pub client_secret: Option<String>,
    pub client_key: Option<String>,
    #[serde(alias = "scopes")]
    pub scope: Vec<String>,
    pub disable_default_scope: bool,
    /// In place of this server's callback.
    pub redirect_uri: Option<String>,
    /// In place of the provider's own.
    pub authorization_endpoint: Option<String>,
    pub prompt: Option<String>,
    pub disable_id_token_sign_in: bool,
    pub disable_implicit_sign_up: bool,
    pub disable_sign_up: bool,
    #[serde(alias = "override_user_info")]
    pub override_user_info_on_sign_in: bool,
    pub require_email_verification: bool,
    /// Fields of the user, and the path or template of each in the provider's answer.
    pub map_profile_to_user: BTreeMap<String, Value>,
    /// Settings of this provider alone.
    #[serde(flatten)]
    pub own: Map<String, Value>,
}

/// The client's id; of several, the first is the one that asks, all are audiences of ID tokens.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClientIds {
    One(String),
    Several(Vec<String>),
}

impl Default for ClientIds {
    fn default() -> Self {
        ClientIds::One(String::new())
    }
}

impl ClientIds {
    /// The one that asks; empty when none is set.
    pub fn primary(&self) -> &str {
        self.all().first().map_or("", String::as_str)
    }

    /// All that are set.
    pub fn all(&self) -> &[String] {
        match self {
            ClientIds::One(id) => std::slice::from_ref(id),
            ClientIds::Several(ids) => ids,
        }
    }
}

impl Settings {
    /// Text or number of a setting, those of this provider alone among them; none when it is empty.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = match name {
            "client_id" => Some(self.client_id.primary().to_owned()),
            "client_key" => self.client_key.clone(),
            "prompt" => self.prompt.clone(),
            _ => match self.own.get(name)? {
                Value::String(text) => Some(text.clone()),
                value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
                _ => None,
            },
        };
        text.filter(|text| !text.is_empty())
    }

    /// A setting that is true or false; none when it is not set.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.own.get(name)?.as_bool()
    }

    /// A setting of several texts.
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.own.get(name) {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    }

    /// What stands for `{name}` in the texts of `provider`.
    pub fn value(&self, provider: &Provider, name: &str) -> Option<String> {
        let rule = provider.option_rules().find(|rule| rule.name == name);
        let Some(rule) = rule else { return self.text(name) };
        if matches!(rule.kind, Kind::List) {
            return Some(self.list(name).iter().map(|text| format!(",{text}")).collect());
        }
        let own = self.text(name).map(|text| clean(rule.kind, &text));
        let value = match own {
            Some(text) => Some(text),
            None => template::fill(rule.default?, |name| self.value(provider, name)),
        };
        match (rule.kind, value?) {
            (Kind::Choice(words), value) => {
                words.iter().find(|(word, _)| *word == value).map(|(_, text)| (*text).to_owned())
            }
            (_, value) => Some(value),
        }
    }

    /// A setting of names and texts.
    pub fn table(&self, name: &str) -> Vec<(String, String)> {
        let table = self.own.get(name).and_then(Value::as_object);
        let pairs = table.into_iter().flatten();
        pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
    }

    /// How the client authenticates at the token endpoint, where the operator says it.
    pub fn token_endpoint_auth(&self) -> Option<&str> {
        let method = self.own.get("token_endpoint_auth").and_then(|auth| auth.get("method"));
        let method = method.or_else(|| self.own.get("token_endpoint_auth_method"));
        method.or_else(|| self.own.get("authentication"))?.as_str()
    }

    /// Whether there is a client secret.
    pub fn has_secret(&self) -> bool {
        self.client_secret.as_ref().is_some_and(|secret| !secret.is_empty())
    }

    fn auth_fault(&self) -> Option<String> {
        if self.own.contains_key("token_endpoint_auth") && self.token_endpoint_auth().is_none() {
            return Some("`token_endpoint_auth` names no `method`".to_owned());
        }
        method_fault(self.token_endpoint_auth()?, self.has_secret())
    }

    /// What is wrong with them; `id` is the key of the operator's table.
    pub fn fault(&self, id: &str, provider: &Provider) -> Option<String> {
        let wrong = |text: String| Some(format!("`providers.{id}`: {text}"));
        if let Some(name) = self.own.keys().find(|name| provider.option_rules().all(|rule| rule.name != *name)) {
            return wrong(format!("{} has no setting `{name}`", provider.name));
        }
        for rule in provider.option_rules() {
            match self.own.get(rule.name) {
                None if rule.required => return wrong(format!("{} needs `{}`", provider.name, rule.name)),
                Some(value) if !fits(rule, value) => {
                    return wrong(format!("`{}` is {}", rule.name, expected(rule.kind)));
                }
                _ => {}
            }
        }
        let client = provider.authorization.client_id_option;
        if self.text(client).is_none() {
            return wrong(format!("`{client}` is missing"));
        }
        if let Some(fault) = self.auth_fault() {
            return wrong(fault);
        }
        if provider.discovery == "{discovery_url}"
            && self.text("discovery_url").is_none()
            && ["authorization_url", "token_url"].iter().any(|name| self.text(name).is_none())
        {
            return wrong("it is no provider of the table, and `discovery_url` or `authorization_url` and `token_url` are missing".to_owned());
        }
        if self.map_profile_to_user.contains_key("id") {
            return wrong("`map_profile_to_user` does not say who somebody is: `id` stays the provider's".to_owned());
        }
        None
    }
}

/// Whether a method of authentication and the secret fit each other.
fn method_fault(method: &str, has_secret: bool) -> Option<String> {
    match method {
        "client_secret_basic" | "client_secret_post" | "basic" if !has_secret => {
            Some(format!("`{method}` needs `client_secret`"))
        }
        "none" if has_secret => Some("`none` does not go with `client_secret`".to_owned()),
        "client_secret_basic" | "client_secret_post" | "basic" | "post" | "none" => None,
        other => Some(format!("the token endpoint's method `{other}` is not supported")),
    }
}

fn clean(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Host => {
            let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
            text.trim_end_matches('/').to_owned()
        }
        Kind::Url => text.trim_end_matches('/').to_owned(),
        Kind::Uuid => text.to_ascii_lowercase(),
        _ => text.to_owned(),
    }
}

fn fits(rule: &OptionRule, value: &Value) -> bool {
    let text = value.as_str();
    match rule.kind {
        Kind::Text => text.is_some_and(|text| !text.is_empty()),
        Kind::Flag => value.is_boolean(),
        Kind::Number => value.is_number() || text.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit())),
        Kind::List => match value {
            Value::Array(items) => items.iter().all(Value::is_string),
            value => value.is_string(),
        },
        Kind::Host => text.is_some_and(|text| is_host(&clean(Kind::Host, text))),
        Kind::Uuid => text.is_some_and(is_uuid),
        Kind::Url => text.is_some_and(is_url),
        Kind::Choice(words) => text.is_some_and(|text| words.iter().any(|(word, _)| *word == text)),
        Kind::Table => value.as_object().is_some_and(|table| table.values().all(Value::is_string)),
    }
}

fn is_host(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    !text.is_empty() && text.bytes().all(is_part)
}

fn expected(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Number => "a whole number".to_owned(),
        Kind::List => "a list of texts".to_owned(),
        Kind::Host => "a host name".to_owned(),
        Kind::Uuid => "a UUID".to_owned(),
        Kind::Url => "a URL that begins with https://".to_owned(),
        Kind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            format!("one of {}", words.join(", "))
        }
        Kind::Table => "a table of texts".to_owned(),
    }
}
