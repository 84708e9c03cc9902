//! Asks a provider who signed in.

use super::client::Client;
use super::mapping::{self, Profile};
use super::provider::{Ask, Method, Rule, Seen, Source, Tokens, Visit};
use super::template;
use doorward_sdk::prelude::*;

/// One question about a user, as this client asks it.
struct Inquiry<'a> {
    client: &'a Client,
    tokens: &'a Tokens<'a>,
    is_id_token: bool,
}

impl Client {
    /// The user behind the tokens; none when the provider does not say, or says it of somebody else. The log has the reason.
    ///
    /// # Errors
    /// When the plugin's own host fails.
    pub fn user_info(&self, tokens: &Tokens<'_>) -> Result<Option<Profile>> {
        for source in self.provider.user.sources {
            let inquiry = Inquiry { client: self, tokens, is_id_token: matches!(source, Source::IdToken(_)) };
            let raw = match source {
                Source::IdToken(needed) => claims_with(tokens.claims, needed),
                Source::Answer(ask) => inquiry.ask(ask)?,
            };
            if let Some(raw) = raw {
                return inquiry.profile(raw);
            }
        }
        log::warn(&format!("{} did not say who signed in", self.id));
        Ok(None)
    }
}

impl Visit for Inquiry<'_> {
    fn tokens(&self) -> &Tokens<'_> {
        self.tokens
    }

    fn is_id_token(&self) -> bool {
        self.is_id_token
    }

    fn has_keys(&self) -> bool {
        self.client.has_keys()
    }

    fn flag(&self, option: &str) -> Option<bool> {
        self.client.settings.flag(option)
    }

    fn text(&self, option: &str) -> Option<String> {
        self.client.settings.text(option)
    }

    fn value(&self, name: &str) -> Option<String> {
        self.client.value(name)
    }

    fn client_ids(&self) -> Vec<&str> {
        self.client.settings.client_id.all().iter().map(AsRef::as_ref).collect()
    }

    fn client_secret(&self) -> Option<&str> {
        self.client.settings.client_secret.as_deref()
    }

    fn ask(&self, ask: &Ask) -> Result<Option<Value>> {
        let escape = |text: String| links::query(&[("", &text)]).split_off(1);
        let Some(url) = self.fill(ask.url, escape) else { return Ok(None) };
        let Some(request) = self.request(ask, &url) else { return Ok(None) };
        let answer = self.send(&url, request)?;
        let answer = answer.filter(|answer| ask.success.is_empty() || mapping::is_set(answer, ask.success));
        Ok(answer.and_then(|answer| mapping::at(&answer, ask.root).cloned()))
    }

    fn send(&self, url: &str, request: http::Request) -> Result<Option<Value>> {
        let fault = match request.send() {
            Ok(answer) if answer.is_success() => match serde_json::from_slice(answer.bytes()) {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) => format!("unreadable JSON: {error}"),
            },
            Ok(answer) => format!("status {}", answer.status()),
            Err(failure) => format!("{failure:?}"),
        };
        let (place, _) = url.split_once('?').unwrap_or((url, ""));
        log::error(&format!("{} at {place}: {fault}", self.client.id));
        Ok(None)
    }
}

impl Inquiry<'_> {
    fn profile(&self, raw: Value) -> Result<Option<Profile>> {
        let user = &self.client.provider.user;
        let seen = match user.visit {
            Some(look) => look(self, raw)?,
            None => Some(Seen::new(raw)),
        };
        let admits = |seen: &Seen| seen.raw.is_object() && user.rules.iter().all(|rule| self.holds(rule, &seen.raw));
        let Some(seen) = seen.filter(admits) else {
            log::warn(&format!("{}'s answer about the user is refused", self.client.id));
            return Ok(None);
        };
        let paths = self.client.id_paths();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let Some(mut profile) = mapping::profile(user, &paths, seen) else {
            log::warn(&format!("{} did not say a stable id", self.client.id));
            return Ok(None);
        };
        mapping::apply(&self.client.settings.map_profile_to_user, &mut profile);
        Ok(Some(profile).filter(|profile| !user.needs_email || profile.email.is_some()))
    }

    fn request(&self, ask: &Ask, url: &str) -> Option<http::Request> {
        let mut request = match &ask.method {
            Method::Get => http::Request::get(url),
            Method::Post => http::Request::post(url),
            Method::Form(fields) => {
                let fields: Option<Vec<(&str, String)>> =
                    fields.iter().map(|(name, value)| Some((*name, self.fill(value, |text| text)?))).collect();
                let fields = fields?;
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                http::Request::post(url).form(&fields)
            }
            Method::Json(body) => {
                http::Request::post(url).header("content-type", "application/json").body(body.as_bytes().to_vec())
            }
        };
        if let Some(scheme) = ask.scheme {
            request = request.header("authorization", &format!("{scheme} {}", self.tokens.access_token?));
        }
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        Some(request)
    }

    /// A text of the table; beside settings it may name `{access_token}` and `{answer.…}` of the token endpoint.
    fn fill(&self, text: &str, escape: fn(String) -> String) -> Option<String> {
        template::fill(text, |name| match name.split_once('.') {
            _ if name == "access_token" => self.tokens.access_token.map(|token| escape(token.to_owned())),
            Some(("answer", path)) => mapping::text(self.tokens.answer?, path).map(|text| escape(text.to_owned())),
            _ => self.client.value(name),
        })
    }

    fn holds(&self, rule: &Rule, raw: &Value) -> bool {
        match rule {
            Rule::Is(path, word) => mapping::at(raw, path).is_some_and(|value| value == word),
            Rule::Set(path) => mapping::is_set(raw, path),
            Rule::NotSet(path) => !mapping::is_set(raw, path),
            Rule::Subject(paths) => {
                let Some(claims) = self.tokens.claims else { return true };
                let subject = paths.iter().find_map(|path| mapping::stable_id(mapping::at(raw, path)?));
                subject.is_some() && subject == mapping::at(claims, "sub").and_then(mapping::stable_id)
            }
        }
    }
}

fn claims_with(claims: Option<&Value>, needed: &[&str]) -> Option<Value> {
    claims.filter(|claims| needed.iter().all(|name| mapping::is_set(claims, name))).cloned()
}
