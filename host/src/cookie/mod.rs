//! Cookies: names, attributes, signatures and their text on the wire.
//!
//! Source: `cookies.md` of the wire contract.

pub mod chunks;
pub mod name;
pub mod signature;

use std::collections::BTreeMap;

use crate::config::{Config, CookieAttributes, CookieOptions, SameSite};
use crate::crypto::purpose::Purpose;
use crate::crypto::seal::Secrets;
use crate::crypto::secret::Secret;

use name::NamePattern;
use signature::{Form, Signer};

/// The keys of the core's cookies, as in `advanced.cookies`.
pub const CORE_KEYS: [&str; 6] =
    ["session_token", "session_data", "account_data", "oauth_state", "dont_remember", "known_device"];
/// How long a browser keeps a cookie at most, in seconds (400 days).
pub const LONGEST_MAX_AGE_SECS: i64 = 34_560_000;

/// One `Set-Cookie`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Full name, prefix included.
    pub name: String,
    /// The value as it goes on the wire.
    pub value: Secret<String>,
    /// The attributes after the value.
    pub attributes: CookieAttributes,
}

impl Cookie {
    /// `name=value; Max-Age=N; Domain=…; Path=…; HttpOnly; Secure; SameSite=Lax; Partitioned`, each only if set.
    pub fn to_header(&self) -> String {
        let CookieAttributes { secure, http_only, same_site, path, domain, partitioned, max_age } = &self.attributes;
        let mut text = format!("{}={}", self.name, self.value.expose());
        let mut add = |part: &str| {
            text.push_str("; ");
            text.push_str(part);
        };
        if let Some(secs) = max_age {
            add(&format!("Max-Age={}", (*secs).clamp(0, LONGEST_MAX_AGE_SECS)));
        }
        if let Some(domain) = domain {
            add(&format!("Domain={domain}"));
        }
        if let Some(path) = path {
            add(&format!("Path={path}"));
        }
        if *http_only == Some(true) {
            add("HttpOnly");
        }
        let is_partitioned = *partitioned == Some(true);
        if *secure == Some(true) || is_partitioned || *same_site == Some(SameSite::None) {
            add("Secure");
        }
        match same_site {
            Some(SameSite::Lax) => add("SameSite=Lax"),
            Some(SameSite::Strict) => add("SameSite=Strict"),
            Some(SameSite::None) => add("SameSite=None"),
            None => {}
        }
        if is_partitioned {
            add("Partitioned");
        }
        text
    }

    /// Whether this removes the cookie from the browser.
    pub fn is_deletion(&self) -> bool {
        self.attributes.max_age.is_some_and(|secs| secs <= 0)
    }
}

/// Name and attributes of one kind of cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSpec {
    /// Full name, prefix included.
    pub name: String,
    /// Attributes, without `Max-Age` unless configured.
    pub attributes: CookieAttributes,
}

impl CookieSpec {
    /// A cookie that lives `max_age_secs`, or as long as the browser runs.
    pub fn cookie(&self, value: String, max_age_secs: Option<i64>) -> Cookie {
        let mut attributes = self.attributes.clone();
        attributes.max_age = max_age_secs;
        Cookie { name: self.name.clone(), value: Secret::new(value), attributes }
    }

    /// The cookie that removes this one.
    pub fn deletion(&self) -> Cookie {
        self.cookie(String::new(), Some(0))
    }
}

/// Makes names, attributes and signatures as the operator configured them.
#[derive(Clone, Debug)]
pub struct Cookies {
    /// The session's token, signed.
    pub session_token: CookieSpec,
    /// A cached copy of the session.
    pub session_data: CookieSpec,
    /// The account of the last sign-in at a provider, encrypted.
    pub account_data: CookieSpec,
    /// The state of a sign-in at a provider, with `store_state_strategy = "cookie"`.
    pub oauth_state: CookieSpec,
    /// Marks a session that ends with the browser.
    pub dont_remember: CookieSpec,
    /// Marks a device on which a user has signed in.
    pub known_device: CookieSpec,
    /// Signs the token of a session.
    pub token_signer: Signer,
    /// Signs the mark of a session that ends with the browser.
    pub dont_remember_signer: Signer,
    /// Signs the mark of a known device.
    pub known_device_signer: Signer,
    form: CookieForm,
    secrets: Secrets,
}

impl Cookies {
    /// Reads prefix, names, attributes and the signing key from `config`.
    pub fn new(config: &Config) -> Self {
        let form = CookieForm::new(config);
        let [session_token, session_data, account_data, oauth_state, dont_remember, known_device] =
            CORE_KEYS.map(|key| form.spec(key));
        Self {
            session_token,
            session_data,
            account_data,
            oauth_state,
            dont_remember,
            known_device,
            token_signer: Signer::reference(&config.all_secrets, Form::Token),
            dont_remember_signer: Signer::reference(&config.all_secrets, Form::True),
            known_device_signer: Signer::own(&config.all_secrets, Purpose::KnownDevice),
            secrets: config.all_secrets.clone(),
            form,
        }
    }

    /// The cookie `key` of a plugin: prefixed, with the default attributes.
    pub fn spec(&self, key: &str) -> CookieSpec {
        self.form.spec(key)
    }

    /// A cookie with exactly this name and the default attributes.
    pub fn literal(&self, name: &str) -> CookieSpec {
        CookieSpec { name: name.to_owned(), attributes: self.form.defaults.clone() }
    }

    /// What signs the cookie `name` of a plugin. `form` is that of the reference's cookie, if it has this one.
    pub fn plugin_signer(&self, plugin: &str, name: &str, form: Option<Form>) -> Signer {
        match form {
            Some(form) => Signer::reference(&self.secrets, form),
            None => Signer::own(&self.secrets, Purpose::PluginCookie(plugin, name)),
        }
    }

    /// Whether `name` belongs to the core, in any of its spellings: no plugin and no script may write it.
    pub fn is_reserved(&self, name: &str) -> bool {
        let name = NamePattern::exact(name);
        self.of_core().iter().any(|spec| NamePattern::chunked(&spec.name).meets(&name))
    }

    /// Whether a name that begins with `prefix` can belong to the core.
    pub fn is_reserved_prefix(&self, prefix: &str) -> bool {
        let prefix = NamePattern::beginning(prefix);
        self.of_core().iter().any(|spec| NamePattern::chunked(&spec.name).meets(&prefix))
    }

    fn of_core(&self) -> [&CookieSpec; 6] {
        [
            &self.session_token,
            &self.session_data,
            &self.account_data,
            &self.oauth_state,
            &self.dont_remember,
            &self.known_device,
        ]
    }
}

/// What the operator says about the names and attributes of cookies.
#[derive(Clone, Debug)]
struct CookieForm {
    /// `__Secure-` or nothing.
    scheme: &'static str,
    prefix: String,
    /// The attributes of a cookie of which the operator says nothing.
    defaults: CookieAttributes,
    custom: BTreeMap<String, CookieOptions>,
}

impl CookieForm {
    fn new(config: &Config) -> Self {
        let options = &config.advanced;
        let across = &options.cross_sub_domain_cookies;
        let own_host = || url::Url::parse(&config.base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let is_secure = config.uses_secure_cookies();
        let defaults = CookieAttributes {
            secure: Some(is_secure),
            http_only: Some(true),
            same_site: Some(SameSite::Lax),
            path: Some("/".into()),
            domain: if across.enabled { across.domain.clone().or_else(own_host) } else { None },
            ..CookieAttributes::default()
        };
        Self {
            scheme: if is_secure { "__Secure-" } else { "" },
            prefix: options.cookie_prefix.clone(),
            defaults: overlay(defaults, &options.default_cookie_attributes),
            custom: options.cookies.clone(),
        }
    }

    fn spec(&self, key: &str) -> CookieSpec {
        let custom = self.custom.get(key);
        let name = custom.and_then(|options| options.name.clone());
        let name = name.unwrap_or_else(|| format!("{}.{key}", self.prefix));
        let attributes = match custom {
            Some(options) => overlay(self.defaults.clone(), &options.attributes),
            None => self.defaults.clone(),
        };
        CookieSpec { name: format!("{}{name}", self.scheme), attributes }
    }
}

fn overlay(base: CookieAttributes, over: &CookieAttributes) -> CookieAttributes {
    CookieAttributes {
        secure: over.secure.or(base.secure),
        http_only: over.http_only.or(base.http_only),
        same_site: over.same_site.or(base.same_site),
        path: over.path.clone().or(base.path),
        domain: over.domain.clone().or(base.domain),
        partitioned: over.partitioned.or(base.partitioned),
        max_age: over.max_age.or(base.max_age),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn cookies(options: &str) -> Cookies {
        let text = format!("secret = \"wire-contract-secret-0123456789-abcdefghijklmnop\"\n{options}");
        Cookies::new(&Config::parse(&text, Path::new("."), &BTreeMap::new()).unwrap())
    }

    #[test]
    fn attributes_stand_in_the_wire_order() {
        let plain = cookies("").session_token.cookie("v".into(), Some(604_800)).to_header();
        assert_eq!(plain, "better-auth.session_token=v; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax");
        let deleted = cookies("").dont_remember.deletion().to_header();
        assert_eq!(deleted, "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
        let secure = cookies("base_url = \"https://a.example\"").session_token.cookie("v".into(), None).to_header();
        assert_eq!(secure, "__Secure-better-auth.session_token=v; Path=/; HttpOnly; Secure; SameSite=Lax");
        let custom = "[advanced]\ncookie_prefix = \"acme\"\ncookies.session_token = { name = \"sid\", attributes = { path = \"/app\" } }\n\
             cross_sub_domain_cookies = { enabled = true, domain = \".example.com\" }\n\
             default_cookie_attributes = { same_site = \"none\", partitioned = true }";
        let custom = cookies(custom).session_token.cookie("v".into(), None).to_header();
        assert_eq!(custom, "sid=v; Domain=.example.com; Path=/app; HttpOnly; Secure; SameSite=None; Partitioned");
    }

    #[test]
    fn core_cookies_are_reserved_in_every_spelling() {
        let cookies = cookies("");
        for name in [
            "better-auth.session_token",
            "__Secure-better-auth.session_token",
            "Better-Auth.SESSION_DATA.0",
            "better-auth.oauth_state",
            "__host-better-auth.known_device",
        ] {
            assert!(cookies.is_reserved(name), "{name}");
        }
        assert!(!cookies.is_reserved("better-auth.last_used_login_method"));
        assert!(!cookies.is_reserved("better-auth.session_token_multi-abc"));
        for prefix in
            ["better-auth.known_", "Better-Auth.oauth", "__Sec", "__Secure-better-auth.session_data.", "better"]
        {
            assert!(cookies.is_reserved_prefix(prefix), "{prefix}");
        }
        assert!(!cookies.is_reserved_prefix("better-auth.session_token_multi-"));
    }
}
