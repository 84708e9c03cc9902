//! Keeps secrets from plugins and scripts: takes them out of what they read, and puts them back into what they wrote.

use std::collections::HashSet;

use doorward_contract::{SECRET_FIELDS, folded_name};
use serde_json::{Map, Value as Json};

use crate::http::decode_component;

/// What stands where a secret was.
const MARK: &str = "[redacted]";
/// A secret that is shorter is not looked for within texts.
const SHORTEST_IN_TEXT: usize = 6;

/// The names of all secret fields: those of everyone, and those that manifests declare.
#[derive(Debug)]
pub struct SecretNames(HashSet<String>);

impl Default for SecretNames {
    fn default() -> Self {
        Self::with([])
    }
}

impl SecretNames {
    /// The names that are secret everywhere, and these.
    pub fn with<'a>(more: impl IntoIterator<Item = &'a str>) -> Self {
        Self(SECRET_FIELDS.into_iter().chain(more).map(folded_name).collect())
    }

    /// Whether a field or a header line by this name is secret.
    pub fn holds(&self, name: &str) -> bool {
        // Most names are as they are kept.
        let is_kept = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if name.bytes().all(is_kept) { self.0.contains(name) } else { self.0.contains(&folded_name(name)) }
    }

    /// The value without its secrets. Truths and nulls stay: they prove nothing.
    pub fn redact(&self, json: &Json) -> Json {
        self.shown(json, &self.secrets_in(json))
    }

    /// The body of an answer without its secrets; the `code` of a refusal is none.
    pub fn redact_answer(&self, status: u16, json: &Json) -> Json {
        let mut shown = self.redact(json);
        if let (Some(code), Some(shown)) = (refusal_code(status, json), shown.as_object_mut()) {
            shown.insert("code".to_owned(), code.clone());
        }
        shown
    }

    /// What was written for `original`, with the secrets of the original in it: none is lost, changed or added.
    pub fn restore(&self, original: &Json, written: Json) -> Json {
        let secrets = self.secrets_in(original);
        self.restored(Some(original), written, &secrets)
    }

    /// As [`SecretNames::restore`], for the body of an answer.
    pub fn restore_answer(&self, status: u16, original: &Json, written: Json) -> Json {
        let code = refusal_code(status, &written).cloned();
        let mut restored = self.restore(original, written);
        if let (Some(code), Some(restored)) = (code, restored.as_object_mut()) {
            restored.insert("code".to_owned(), code);
        }
        restored
    }

    /// An address without the secrets among its parameters.
    pub fn redact_url(&self, text: &str) -> String {
        let Some((before, query)) = text.split_once('?') else { return text.to_owned() };
        let (query, fragment) = query.split_once('#').map_or((query, None), |(query, rest)| (query, Some(rest)));
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if self.holds(&decode_component(name)) => format!("{name}={MARK}"),
            _ => pair.to_owned(),
        });
        let query = pairs.collect::<Vec<_>>().join("&");
        let fragment = fragment.map_or_else(String::new, |fragment| format!("#{fragment}"));
        format!("{before}?{query}{fragment}")
    }

    /// A path without the values of secret parameters.
    pub fn redact_path(&self, path: &str, params: &[(String, String)]) -> String {
        let secret = params.iter().filter(|(name, value)| self.holds(name) && !value.is_empty());
        let parts = path.split('/').map(|part| {
            let decoded = decode_component(part);
            if secret.clone().any(|(_, value)| *value == part || *value == decoded) { MARK } else { part }
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// The secrets in an object, each once, in the order in which they stand.
    fn secrets_in(&self, json: &Json) -> Vec<Json> {
        fn collect(names: &SecretNames, json: &Json, found: &mut Vec<Json>) {
            match json {
                Json::Object(fields) => {
                    for (name, value) in fields {
                        match is_value(value) && names.holds(name) {
                            true if found.contains(value) => {}
                            true => found.push(value.clone()),
                            false => collect(names, value, found),
                        }
                    }
                }
                Json::Array(values) => values.iter().for_each(|value| collect(names, value, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        collect(self, json, &mut found);
        found
    }

    fn shown(&self, json: &Json, secrets: &[Json]) -> Json {
        match json {
            Json::Object(fields) => {
                let field = |(name, value): (&String, &Json)| match is_value(value) && self.holds(name) {
                    true => (name.clone(), Json::from(mark_of(secrets, value))),
                    false => (name.clone(), self.shown(value, secrets)),
                };
                Json::Object(fields.iter().map(field).collect())
            }
            Json::Array(values) => values.iter().map(|value| self.shown(value, secrets)).collect(),
            Json::String(text) => without(&self.redact_url(text), secrets).into(),
            plain => plain.clone(),
        }
    }

    /// Within a list, whose items may have moved, a mark alone says which secret it is; elsewhere its place does.
    fn restored(&self, original: Option<&Json>, written: Json, secrets: &[Json]) -> Json {
        match written {
            Json::Object(fields) => {
                let was = original.and_then(Json::as_object);
                let mut result = Map::new();
                for (name, value) in fields {
                    let before = was.and_then(|was| was.get(&name));
                    if !self.holds(&name) || !is_value(&value) {
                        result.insert(name, self.restored(before, value, secrets));
                    } else if let Some(secret) = before.filter(|before| is_value(before)).or(marked(secrets, &value)) {
                        result.insert(name, secret.clone());
                    }
                }
                let kept = was.into_iter().flatten().filter(|(name, value)| is_value(value) && self.holds(name));
                kept.for_each(|(name, value)| _ = result.insert(name.clone(), value.clone()));
                Json::Object(result)
            }
            Json::Array(values) => values.into_iter().map(|value| self.restored(None, value, secrets)).collect(),
            // A text around a secret that was left as it was shown is that text again.
            Json::String(text) => match original.and_then(Json::as_str) {
                Some(was) if without(&self.redact_url(was), secrets) == text => was.into(),
                _ => text.into(),
            },
            plain => plain,
        }
    }
}

/// Texts around secrets, as those of a mail: shows them without, and puts the secrets back where they were.
pub struct Texts<'a> {
    names: &'a SecretNames,
    secrets: Vec<Json>,
}

impl<'a> Texts<'a> {
    /// Texts around the secrets in `data`.
    pub fn around(names: &'a SecretNames, data: &Json) -> Self {
        let mut secrets = names.secrets_in(data);
        urls(data, &mut |text| secrets.extend(names.secrets_of_url(text).into_iter().map(Json::from)));
        Self { names, secrets }
    }

    /// The data without secrets, within its texts too.
    pub fn data(&self, data: &Json) -> Json {
        self.names.shown(data, &self.secrets)
    }

    /// The text without the secrets.
    pub fn shown(&self, text: &str) -> String {
        without(text, &self.secrets)
    }

    /// What was written for `original`, with those secrets in it that the original had.
    pub fn restored(&self, original: &str, written: &str) -> String {
        let mut text = written.to_owned();
        for (index, secret) in self.secrets.iter().enumerate().rev() {
            if let Some(secret) = secret.as_str().filter(|secret| original.contains(secret)) {
                text = text.replace(&mark(index), secret);
            }
        }
        text
    }
}

impl SecretNames {
    fn secrets_of_url(&self, text: &str) -> Vec<String> {
        let Some((_, query)) = text.split_once('?') else { return Vec::new() };
        let query = query.split('#').next().unwrap_or_default();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let secret = pairs.filter(|(name, value)| value.len() >= SHORTEST_IN_TEXT && self.holds(name));
        secret.map(|(_, value)| value.to_owned()).collect()
    }
}

fn urls(json: &Json, look: &mut impl FnMut(&str)) {
    match json {
        Json::String(text) => look(text),
        Json::Array(values) => values.iter().for_each(|value| urls(value, look)),
        Json::Object(fields) => fields.values().for_each(|value| urls(value, look)),
        _ => {}
    }
}

fn refusal_code(status: u16, json: &Json) -> Option<&Json> {
    json.get("code").filter(|_| status >= 400)
}

/// Whether a value can be a secret at all.
fn is_value(value: &Json) -> bool {
    !matches!(value, Json::Null | Json::Bool(_))
}

fn mark(index: usize) -> String {
    if index == 0 { MARK.to_owned() } else { format!("[redacted {}]", index + 1) }
}

fn mark_of(secrets: &[Json], value: &Json) -> String {
    mark(secrets.iter().position(|secret| secret == value).unwrap_or_default())
}

fn marked<'a>(secrets: &'a [Json], value: &Json) -> Option<&'a Json> {
    let text = value.as_str()?;
    secrets.iter().enumerate().find(|(index, _)| mark(*index) == text).map(|(_, secret)| secret)
}

/// The text with marks where secrets stood in it.
fn without(text: &str, secrets: &[Json]) -> String {
    let mut shown = text.to_owned();
    for (index, secret) in secrets.iter().enumerate() {
        if let Some(secret) = secret.as_str().filter(|secret| secret.len() >= SHORTEST_IN_TEXT) {
            shown = shown.replace(secret, &mark(index));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_neither_shown_nor_lost() {
        let names = SecretNames::with(["pin"]);
        let sent = json!({ "email": "a", "newPassword": "horse 1", "new_password": "horse 2", "pin": 7, "code": null,
            "deep": [{ "token": "t1" }, { "token": "t2" }], "idToken": { "token": "x" }, "storeToken": true });
        let shown = names.redact(&sent);
        for secret in ["horse", "t1", "t2", "\"x\"", "7"] {
            assert!(!shown.to_string().contains(secret), "{secret}: {shown}");
        }
        assert_eq!(shown["email"], "a");
        assert_eq!(names.restore(&sent, shown.clone()), sent);
        let mut fewer = shown;
        fewer["deep"].as_array_mut().unwrap().remove(0);
        fewer.as_object_mut().unwrap().remove("pin");
        fewer["newPassword"] = "of eve".into();
        fewer["secret"] = "of eve".into();
        let restored = names.restore(&sent, fewer);
        assert_eq!((&restored["pin"], &restored["newPassword"]), (&json!(7), &json!("horse 1")));
        assert_eq!((restored.get("secret"), &restored["deep"]), (None, &json!([{ "token": "t2" }])));
    }

    #[test]
    fn the_code_of_a_refusal_is_none() {
        let names = SecretNames::default();
        let refused = json!({ "code": "INVALID_TOKEN", "message": "no" });
        assert_eq!(names.redact_answer(400, &refused), refused);
        assert_eq!(names.redact_answer(200, &refused)["code"], MARK);
        let other = json!({ "code": "OTHER", "message": "no" });
        assert_eq!(names.restore_answer(400, &refused, other.clone()), other);
        assert_eq!(names.restore_answer(200, &refused, other)["code"], "INVALID_TOKEN");
    }

    #[test]
    fn addresses_and_paths_show_no_token() {
        let names = SecretNames::default();
        assert_eq!(names.redact_url("/a?x=1&token=abc&y#z"), "/a?x=1&token=[redacted]&y#z");
        let params = [("token".to_owned(), "abc".to_owned()), ("id".to_owned(), "d".to_owned())];
        assert_eq!(names.redact_path("/reset/abc/d", &params), "/reset/[redacted]/d");
    }

    #[test]
    fn a_mail_is_worded_around_its_link() {
        let names = SecretNames::default();
        let data = json!({ "url": "https://a/b?token=abcdefgh", "name": "Ada" });
        let texts = Texts::around(&names, &data);
        let text = "Ada, go to https://a/b?token=abcdefgh now";
        let shown = texts.shown(text);
        assert_eq!(shown, "Ada, go to https://a/b?token=[redacted] now");
        assert!(!texts.data(&data).to_string().contains("abcdefgh"));
        assert_eq!(texts.restored(text, &format!("Hi! {shown}")), format!("Hi! {text}"));
        assert_eq!(texts.restored("Subject", &shown), shown);
    }
}
