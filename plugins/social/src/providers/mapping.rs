//! Makes a profile of a provider's answer.

use super::provider::{Pick, Seen, User, Verified};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A user as a provider describes it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Profile {
    /// The stable id at the provider.
    pub id: String,
    pub email: Option<String>,
    /// The provider vouches for the address.
    pub email_verified: bool,
    pub name: Option<String>,
    pub image: Option<String>,
    /// More fields of the user, by the operator's `map_profile_to_user` or the provider.
    pub extra: Map<String, Value>,
    /// The answer itself.
    pub raw: Value,
}

/// The profile in `raw`; none without a stable id.
pub fn profile(user: &User, id_paths: &[&str], seen: Seen) -> Option<Profile> {
    let raw = seen.raw;
    let id = id_paths.iter().find_map(|path| stable_id(at(&raw, path)?))?;
    let told = first(user.email, &raw);
    let is_verified = |email| seen.email_verified.unwrap_or_else(|| is_verified(&user.email_verified, &raw, email));
    let email_verified = told.as_deref().is_some_and(is_verified);
    let placeholder = || Some(format!("{id}@{}.placeholder.invalid", user.placeholder?));
    let mut profile = Profile {
        email: told.or_else(placeholder),
        email_verified,
        name: first(user.name, &raw),
        image: first(user.image, &raw),
        extra: Map::new(),
        id,
        raw: Value::Null,
    };
    for (name, path) in user.extra {
        if let Some(value) = at(&raw, path) {
            profile.extra.insert((*name).to_owned(), value.clone());
        }
    }
    profile.raw = raw;
    Some(profile)
}

/// Applies the operator's table: a field of the user, and the path or the template of its value. What is not there leaves
/// the field as it is. An address from elsewhere is not the one that the provider vouches for.
pub fn apply(table: &BTreeMap<String, Value>, profile: &mut Profile) {
    let raw = std::mem::take(&mut profile.raw);
    let own_email = profile.email.clone();
    for (field, rule) in table {
        let Some(value) = mapped(rule, &raw) else { continue };
        match (field.as_str(), &value) {
            ("name", Value::String(text)) => profile.name = Some(text.clone()),
            ("image", Value::String(text)) => profile.image = Some(text.clone()),
            ("email", Value::String(text)) => profile.email = Some(text.clone()),
            ("name" | "image" | "email" | "emailVerified" | "email_verified" | "id", _) => {}
            _ => _ = profile.extra.insert(field.clone(), value),
        }
    }
    let same = |email: &String| own_email.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(email));
    profile.email_verified &= profile.email.as_ref().is_some_and(same);
    if let Some(rule) = table.get("emailVerified").or_else(|| table.get("email_verified")) {
        profile.email_verified = mapped(rule, &raw) == Some(Value::Bool(true));
    }
    profile.raw = raw;
}

/// What is at a path of names and indices with dots between them. A name that has dots itself is found too.
pub fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return Some(value);
    }
    let step = |name: &str| match value {
        Value::Object(fields) => fields.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    };
    let found = step(path).or_else(|| path.split_once('.').and_then(|(name, rest)| at(step(name)?, rest)));
    found.filter(|value| !value.is_null())
}

/// The text at a path, when it is not empty.
pub fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    at(value, path)?.as_str().filter(|text| !text.is_empty())
}

/// Whether something is there that is not false, 0 or empty text.
pub fn is_set(value: &Value, path: &str) -> bool {
    at(value, path).is_some_and(|value| match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        _ => true,
    })
}

/// A text or a whole number that tells one user from another.
pub fn stable_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|id| !matches!(id.trim(), "" | "undefined" | "null")),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

fn first(picks: &[Pick], raw: &Value) -> Option<String> {
    picks.iter().find_map(|pick| match pick {
        Pick::At(path) => text(raw, path).map(str::to_owned),
        Pick::Before(path, mark) => text(raw, path).and_then(|text| text.split(*mark).next()).map(str::to_owned),
        Pick::Words(paths) => {
            let words: Vec<&str> = paths.iter().filter_map(|path| text(raw, path)).collect();
            Some(words.join(" ")).filter(|words| !words.is_empty())
        }
    })
}

fn is_verified(rule: &Verified, raw: &Value, email: &str) -> bool {
    let flag = |path: &str| at(raw, path) == Some(&Value::Bool(true));
    let word = |path: &str| at(raw, path).is_some_and(|value| value == "true");
    match rule {
        Verified::Never => false,
        Verified::Flag(path) => flag(path),
        Verified::FlagOrText(path) => flag(path) || word(path),
        Verified::FlagOrOne(path) => flag(path) || at(raw, path).is_some_and(|value| *value == 1),
        Verified::Flags(paths) => paths.iter().all(|path| flag(path)),
        Verified::FlagOrListed(path, lists) => match at(raw, path) {
            Some(_) => flag(path) || word(path),
            None => lists.iter().any(|list| is_listed(at(raw, list), email)),
        },
    }
}

fn is_listed(list: Option<&Value>, email: &str) -> bool {
    list.and_then(Value::as_array).is_some_and(|items| items.iter().any(|item| item == email))
}

fn mapped(rule: &Value, raw: &Value) -> Option<Value> {
    let Value::String(rule) = rule else { return Some(rule.clone()) };
    if !rule.contains('{') {
        return at(raw, rule).cloned();
    }
    let value = super::template::fill(rule, |path| {
        Some(match at(raw, path) {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => String::new(),
        })
    });
    Some(Value::String(value?.trim().to_owned()))
}
