//! `[[webhooks]]` and `[ssf]`: who is told of events.

use serde::{Deserialize, Serialize, Serializer};

use super::{Config, ConfigError, SecretSource};
use crate::crypto::from_base64;

/// What a secret of Standard Webhooks begins with.
pub const SECRET_PREFIX: &str = "whsec_";
/// The name of the receiver that `[audit.webhook]` is.
pub const AUDIT: &str = "audit";
/// Bytes of a secret, by the specification.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// `[[webhooks]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// A name of its own, of small letters, digits and `-`.
    pub name: String,
    /// Where events are posted: `https`, or `http` to a private address as `allow_private` says.
    #[serde(serialize_with = "without_secrets")]
    pub url: String,
    /// Which events: kinds, with `*` for any letters: `user.*`. The chapter on events lists them.
    pub events: Vec<String>,
    /// The key of the signature, as `doorward webhooks secret` makes one; absent means one made from the server's `secret`, which
    /// `doorward secret --for NAME` prints.
    pub secret: Option<SecretSource>,
    /// The key before that one, for the time in which the receiver takes the new one over: events are signed with both.
    pub previous_secret: Option<SecretSource>,
    /// Lets the URL lead to this machine or its own network, and be `http` there.
    #[serde(default)]
    pub allow_private: bool,
    /// Whether anything is sent. What was not sent before it was switched off waits.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// `[audit.webhook]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuditWebhook {
    /// As of `[[webhooks]]`.
    #[serde(serialize_with = "without_secrets")]
    pub url: String,
    /// As of `[[webhooks]]`.
    pub secret: Option<SecretSource>,
    /// As of `[[webhooks]]`.
    pub previous_secret: Option<SecretSource>,
    /// As of `[[webhooks]]`.
    #[serde(default)]
    pub allow_private: bool,
}

/// `[ssf]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ssf {
    /// How tokens are signed: `RS256`, which the interoperability profile of CAEP asks for, `ES256` or `EdDSA`.
    pub algorithm: SsfAlgorithm,
    /// The issuer of users' identifiers, as tokens for other services name it; absent means `base_url`.
    pub subject_issuer: Option<String>,
    /// Receivers of security event tokens.
    pub streams: Vec<SsfStream>,
}

impl Default for Ssf {
    fn default() -> Self {
        Self { algorithm: SsfAlgorithm::Rs256, subject_issuer: None, streams: Vec::new() }
    }
}

/// How security event tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum SsfAlgorithm {
    /// RSA with 2048 bits.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// `[[ssf.streams]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SsfStream {
    /// A name of its own, of small letters, digits and `-`; webhooks have other names.
    pub name: String,
    /// Where tokens are pushed to (RFC 8935).
    #[serde(serialize_with = "without_secrets")]
    pub url: String,
    /// The `Authorization` header, as `Bearer …`.
    pub authorization: Option<SecretSource>,
    /// Whom the tokens are for: the claim `aud`.
    pub audience: String,
    /// Which events: `session-revoked`, `credential-change`, `account-disabled`, `account-enabled`, `account-purged`,
    /// `identifier-changed`.
    pub events: Vec<String>,
    /// How users are named.
    #[serde(default)]
    pub subject: SubjectFormat,
    /// Lets the URL lead to this machine or its own network, and be `http` there.
    #[serde(default)]
    pub allow_private: bool,
    /// Whether anything is sent.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// How users are named in security event tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectFormat {
    /// Issuer and id.
    #[default]
    IssSub,
    /// The address of mail, which the receiver then knows.
    Email,
}

fn yes() -> bool {
    true
}

pub(super) fn without_secrets<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown_receiver(url))
}

/// A receiver's URL for whoever reads the configuration: of user, password, query and fragment, only that there are some.
fn shown_receiver(url: &str) -> String {
    let Ok(parsed) = url::Url::parse(url) else { return "…".to_owned() };
    let has_user = !parsed.username().is_empty() || parsed.password().is_some();
    let user = if has_user { "…@" } else { "" };
    let host = parsed.host_str().unwrap_or_default();
    let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
    // Written as it stands in the file, where that is without a slash.
    let has_slash = url.split(['?', '#']).next().is_some_and(|place| place.ends_with('/'));
    let path = if has_slash || parsed.path() != "/" { parsed.path() } else { "" };
    let query = if parsed.query().is_some() { "?…" } else { "" };
    let fragment = if parsed.fragment().is_some() { "#…" } else { "" };
    format!("{}://{user}{host}{port}{path}{query}{fragment}", parsed.scheme())
}

/// What logs and lists show of a receiver's URL. Its path may be its secret.
pub fn shown_origin(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| "…".to_owned(), |url| url.origin().ascii_serialization())
}

impl AuditWebhook {
    /// As one of `[[webhooks]]`.
    pub fn as_webhook(&self) -> Webhook {
        Webhook {
            name: AUDIT.to_owned(),
            url: self.url.clone(),
            events: vec!["audit.*".to_owned()],
            secret: self.secret.clone(),
            previous_secret: self.previous_secret.clone(),
            allow_private: self.allow_private,
            enabled: true,
        }
    }
}

impl Webhook {
    /// Whether it wants events of this kind.
    pub fn wants(&self, kind: &str) -> bool {
        self.enabled && self.events.iter().any(|pattern| kind_fits(pattern, kind))
    }
}

/// Whether the whole of `text` fits a pattern in which `*` stands for any letters.
pub fn kind_fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    (0..=text.len()).any(|end| text.get(end..).is_some_and(|left| kind_fits(rest, left)))
}

impl Config {
    /// All webhooks, that of the audit log included.
    pub fn all_webhooks(&self) -> Vec<Webhook> {
        self.webhooks.iter().cloned().chain(self.audit.webhook.as_ref().map(AuditWebhook::as_webhook)).collect()
    }

    /// Refuses receivers that could never get anything.
    pub(super) fn check_webhooks(&self) -> Result<(), ConfigError> {
        let mut names = vec![AUDIT.to_owned()];
        for hook in &self.webhooks {
            let place = format!("webhooks, \"{}\"", hook.name);
            check_name("[[webhooks]]", &hook.name, &mut names)?;
            self.check_receiver(&place, &hook.url, hook.allow_private)?;
            check_keys(&place, &[&hook.secret, &hook.previous_secret])?;
            if hook.events.is_empty() {
                return invalid(format!("{place}: events is empty, so nothing is ever sent. Write events = [\"*\"]"));
            }
        }
        if let Some(hook) = &self.audit.webhook {
            self.check_receiver("audit.webhook", &hook.url, hook.allow_private)?;
            check_keys("audit.webhook", &[&hook.secret, &hook.previous_secret])?;
        }
        for stream in self.ssf.iter().flat_map(|ssf| &ssf.streams) {
            let place = format!("ssf.streams, \"{}\"", stream.name);
            check_name("[[ssf.streams]]", &stream.name, &mut names)?;
            self.check_receiver(&place, &stream.url, stream.allow_private)?;
            if stream.audience.is_empty() {
                return invalid(format!(
                    "{place}: audience is empty. Write the one that the receiver expects as `aud`"
                ));
            }
        }
        if self.audit.enabled {
            return Ok(());
        }
        match (&self.audit.webhook, &self.audit.syslog) {
            (None, None) => Ok(()),
            _ => {
                invalid("audit.enabled = false: there are no events to export. Remove it, or the receivers".to_owned())
            }
        }
    }

    fn check_receiver(&self, place: &str, url: &str, allows_private: bool) -> Result<(), ConfigError> {
        if !self.has_database() {
            return invalid(format!("{place} needs a database, and database.url is \"none\""));
        }
        let shown = shown_origin(url);
        let Ok(parsed) = url::Url::parse(url) else {
            return invalid(format!("{place}: url is no URL. Write \"https://host/path\""));
        };
        match parsed.scheme() {
            "https" => {}
            "http" if allows_private => {}
            "http" => {
                return invalid(format!(
                    "{place}: url at {shown} is http. Write https, or allow_private = true for a receiver in the own network"
                ));
            }
            _ => return invalid(format!("{place}: url at {shown} must begin with https://")),
        }
        if !parsed.username().is_empty() || parsed.password().is_some() || parsed.fragment().is_some() {
            return invalid(format!("{place}: url at {shown} must have no user, password or fragment"));
        }
        Ok(())
    }
}

fn check_name(section: &str, name: &str, names: &mut Vec<String>) -> Result<(), ConfigError> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
        return invalid(format!("{section}: the name \"{name}\" must be of small letters, digits and `-`, 64 at most"));
    }
    if names.iter().any(|taken| taken == name) {
        return invalid(format!("{section}: the name \"{name}\" is taken by another receiver of events"));
    }
    names.push(name.to_owned());
    Ok(())
}

fn check_keys(place: &str, keys: &[&Option<SecretSource>]) -> Result<(), ConfigError> {
    for source in keys.iter().filter_map(|key| key.as_ref()) {
        if key_bytes(source.value()).is_none() {
            return invalid(format!(
                "{place}: a secret is `{SECRET_PREFIX}` and 24 to 64 bytes in base64. `doorward webhooks secret` makes one"
            ));
        }
    }
    Ok(())
}

/// The key that a secret of Standard Webhooks stands for.
pub fn key_bytes(secret: &str) -> Option<Vec<u8>> {
    let bytes = from_base64(secret.strip_prefix(SECRET_PREFIX)?)?;
    SECRET_BYTES.contains(&bytes.len()).then_some(bytes)
}

fn invalid<T>(text: String) -> Result<T, ConfigError> {
    Err(ConfigError::Invalid(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let text = format!("secret = \"0123456789abcdef0123456789abcdef\"\n{text}");
        Config::parse(&text, Path::new("."), &BTreeMap::new()).map_err(|error| error.to_string())
    }

    fn hook(more: &str) -> String {
        format!(
            "[[webhooks]]\nname = \"crm\"\nurl = \"https://crm.example/secret-path\"\nevents = [\"user.*\"]\n{more}"
        )
    }

    #[test]
    fn a_receiver_that_could_get_nothing_is_named() {
        let stream = |url: &str| {
            format!(
                "[[ssf.streams]]\nname = \"crm\"\nurl = \"{url}\"\naudience = \"a\"\nevents = [\"session-revoked\"]\n"
            )
        };
        for (text, part) in [
            (hook("secret = \"whsec_short\""), "24 to 64 bytes"),
            (hook("").replace("https", "http"), "allow_private = true"),
            (hook("").replace("https", "ftp"), "must begin with https://"),
            (hook("").replace("crm\"", "CRM\""), "small letters"),
            (hook("").replace("\"user.*\"", ""), "events is empty"),
            (hook("").replace("\"crm\"", "\"audit\""), "is taken"),
            (format!("{}{}", hook(""), hook("")), "is taken"),
            (format!("{}{}", hook(""), stream("https://a.example")), "is taken"),
            (stream("http://a.example"), "allow_private"),
            (format!("database.url = \"none\"\n{}", hook("")), "needs a database"),
            ("[audit]\nenabled = false\nwebhook = { url = \"https://a.example\" }".to_owned(), "audit.enabled"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(part) && !error.contains("secret-path"), "{text}\n{error}");
        }
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let config = parse(&hook(&format!("secret = \"{secret}\""))).unwrap();
        let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
        assert!(!shown.contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    }

    #[test]
    fn a_shown_receiver_keeps_its_path_alone() {
        for (url, shown) in [
            ("https://crm.example/hooks/7", "https://crm.example/hooks/7"),
            ("https://crm.example", "https://crm.example"),
            ("https://crm.example/", "https://crm.example/"),
            ("http://ada:hush@10.0.0.1:8080/crm?token=hush#hush", "http://…@10.0.0.1:8080/crm?…#…"),
            ("http://hush@[::1]/?hush", "http://…@[::1]/?…"),
            ("hush", "…"),
        ] {
            assert_eq!(shown_receiver(url), shown, "{url}");
        }
    }

    #[test]
    fn patterns_choose_kinds() {
        let config = parse(&hook("")).unwrap();
        let wants = |kind| config.webhooks[0].wants(kind);
        assert!(wants("user.created") && !wants("session.created") && !wants("a.user.created"));
        assert_eq!(config.all_webhooks().len(), 1);
        for (pattern, text, is_fit) in [
            ("*", "user.created", true),
            ("*.created", "user.created", true),
            ("u*.c*d", "user.created", true),
            ("user.created", "user.created", true),
            ("user", "user.created", false),
            ("*.create", "user.created", false),
            ("", "", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(kind_fits(pattern, text), is_fit, "{pattern} {text}");
        }
    }
}
