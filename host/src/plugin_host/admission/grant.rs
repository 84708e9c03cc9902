//! What a plugin may do: the manifest's wishes, cut down to what the operator granted.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use doorward_contract::{HookRight, PathPattern, called_paths, chosen};
use serde_json::{Map, Value as Json};

use super::hook_rights::{asked_grants, sentence, suffices};
use crate::config::PluginConfig;
use crate::cookie::name::NamePattern;
use crate::cookie::signature::Form;
use crate::cookie::{CookieSpec, Cookies};
use crate::http::is_token;
use crate::plugin_host::error::PluginError;
use crate::plugin_host::package::manifest::{CookieRule, EmitRule, Manifest};
use crate::plugin_host::package::options::active;

/// What plugins of this project may use when their entry names neither `path` nor `grants`: no more than was reviewed with
/// this server's own source, whatever the file in the plugin folder asks for.
static OFFICIAL: LazyLock<HashMap<String, Vec<String>>> =
    LazyLock::new(|| toml::from_str(include_str!("../../../../plugins/official.toml")).unwrap_or_default());

/// A cookie that a plugin may write.
#[derive(Clone, Debug)]
pub(in crate::plugin_host) struct CookieRight {
    pub(in crate::plugin_host) spec: CookieSpec,
    /// The form of its signed values, when the reference has this cookie.
    pub(in crate::plugin_host) form: Option<Form>,
}

/// Everything that the imports check before they act for a plugin.
#[derive(Debug, Default)]
pub(in crate::plugin_host) struct Rights {
    /// By the name that the plugin uses.
    pub(in crate::plugin_host) cookies: HashMap<String, CookieRight>,
    /// Cookies whose names end in data, by the prefix that the plugin uses.
    pub(in crate::plugin_host) cookie_prefixes: BTreeMap<String, CookieRight>,
    pub(in crate::plugin_host) verification_prefixes: Vec<String>,
    pub(in crate::plugin_host) creates_user_with: Vec<String>,
    pub(in crate::plugin_host) updates_user_fields: Vec<String>,
    pub(in crate::plugin_host) unique_user_fields: Vec<String>,
    pub(in crate::plugin_host) reads_user_fields: Vec<String>,
    pub(in crate::plugin_host) writes_session_fields: Vec<String>,
    pub(in crate::plugin_host) tables: Vec<String>,
    pub(in crate::plugin_host) mails: Vec<String>,
    pub(in crate::plugin_host) jobs: Vec<String>,
    /// Events of its own for other plugins.
    pub(in crate::plugin_host) emits: Vec<EmitRule>,
    /// Of its own pages, where others add sections.
    pub(in crate::plugin_host) slots: Vec<String>,
    /// Endpoints that it calls, and whether it sees the secrets in their answers.
    pub(in crate::plugin_host) calls: Vec<(PathPattern, bool)>,
}

/// Checks that everything in `used` was granted.
///
/// # Errors
/// `NotGranted` with the line to add, `Manifest` when the component uses what its manifest does not name.
pub(in crate::plugin_host) fn check(
    manifest: &Manifest,
    config: &PluginConfig,
    used: &[String],
) -> Result<(), PluginError> {
    let plugin = manifest.id.clone();
    if let Some(hidden) = used.iter().find(|name| !manifest.capabilities.contains(*name)) {
        let reason = format!("the component imports `{hidden}`, which its manifest does not name");
        return Err(PluginError::Manifest { plugin, reason });
    }
    let granted = granted(config);
    let asked = asked_grants(manifest);
    let is_unused = |name: &String| manifest.capabilities.contains(name) && !used.contains(name);
    let needed: Vec<&String> = asked.iter().filter(|name| !is_unused(name)).collect();
    let lacking: Vec<&String> = needed.iter().copied().filter(|name| !suffices(granted, name)).collect();
    let Some(first) = lacking.first() else { return Ok(()) };
    // Rights beyond what the manifest asks for stay in the line.
    let kept = granted.iter().filter(|name| !asked.contains(name) && is_for_paths(name));
    let line = needed.iter().copied().chain(kept).map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let meaning = lacking.iter().filter_map(|name| Some(format!("\n    {name}: it {}", sentence(name)?)));
    Err(PluginError::NotGranted { plugin, capability: (*first).clone(), meaning: meaning.collect(), line })
}

fn is_for_paths(grant: &str) -> bool {
    HookRight::parse(grant).is_some() || called_paths(grant).is_some()
}

/// Whether the entry is a plugin of this project, from the plugin folder.
/// The ids of the plugins of this project.
pub(in crate::plugin_host) fn official_ids() -> impl Iterator<Item = &'static str> {
    OFFICIAL.keys().map(String::as_str)
}

pub(in crate::plugin_host) fn is_official(config: &PluginConfig) -> bool {
    config.path.is_none() && OFFICIAL.contains_key(&config.id)
}

/// The capabilities that an entry may use beside the harmless ones.
pub fn granted(config: &PluginConfig) -> &[String] {
    let reviewed = || OFFICIAL.get(&config.id).filter(|_| is_official(config)).map(Vec::as_slice);
    config.grants.as_deref().or_else(reviewed).unwrap_or_default()
}

impl Rights {
    /// The rights of a plugin with these options.
    ///
    /// # Errors
    /// `Manifest` for a cookie that belongs to the core.
    pub(in crate::plugin_host) fn of(
        manifest: &Manifest,
        entry: &PluginConfig,
        options: &Map<String, Json>,
        cookies: &Cookies,
    ) -> Result<Self, PluginError> {
        let (mut own, mut prefixes) = (HashMap::new(), BTreeMap::new());
        for CookieName { rule, name, spec } in cookie_names(manifest, options, cookies) {
            if is_of_core(&manifest.id, rule, &spec, cookies) || !is_token(&spec.name) {
                let reason = format!("the cookie `{}` belongs to the core or has no possible name", spec.name);
                return Err(PluginError::Manifest { plugin: manifest.id.clone(), reason });
            }
            let form = Form::of(&manifest.id, &rule.name).filter(|_| is_official(entry));
            let right = CookieRight { spec, form };
            if rule.is_prefix { _ = prefixes.insert(name, right) } else { _ = own.insert(name, right) }
        }
        let names = |fields| active(manifest, fields, options).map(|field| field.name.clone());
        let own_fields: Vec<String> = names(&manifest.user_fields).collect();
        let unique = active(manifest, &manifest.user_fields, options).filter(|field| field.unique);
        let session_fields = names(&manifest.session_fields).chain(manifest.writes_session_fields.iter().cloned());
        Ok(Self {
            cookies: own,
            cookie_prefixes: prefixes,
            unique_user_fields: unique.map(|field| field.name.clone()).collect(),
            verification_prefixes: manifest.verification_prefixes.clone(),
            creates_user_with: [&manifest.creates_user_with[..], &own_fields].concat(),
            updates_user_fields: [&manifest.updates_user_fields[..], &own_fields].concat(),
            reads_user_fields: manifest.reads_user_fields.clone(),
            writes_session_fields: session_fields.collect(),
            tables: manifest.tables.iter().map(|table| table.name.clone()).collect(),
            mails: manifest.mails.clone(),
            jobs: manifest.jobs.iter().map(|job| job.name.clone()).collect(),
            emits: manifest.emits.clone(),
            slots: manifest.slots.clone(),
            calls: manifest.calls.iter().map(|rule| (PathPattern::new(&rule.pattern), rule.secrets)).collect(),
        })
    }
}

impl Rights {
    /// The cookie with the plugin's name `name`: declared as it is, or by the beginning of its name.
    pub(in crate::plugin_host) fn cookie(&self, name: &str) -> Option<CookieRight> {
        if let Some(right) = self.cookies.get(name) {
            return Some(right.clone());
        }
        let (end, right) =
            self.cookie_prefixes.iter().find_map(|(prefix, right)| Some((name.strip_prefix(prefix)?, right)))?;
        let spec = CookieSpec { name: format!("{}{end}", right.spec.name), ..right.spec.clone() };
        is_token(end).then_some(CookieRight { spec, form: right.form })
    }
}

/// A cookie of a manifest, named as the operator's options say.
struct CookieName<'a> {
    rule: &'a CookieRule,
    /// As the plugin names it.
    name: String,
    spec: CookieSpec,
}

fn cookie_names<'a>(
    manifest: &'a Manifest,
    options: &Map<String, Json>,
    cookies: &Cookies,
) -> impl Iterator<Item = CookieName<'a>> {
    named_cookies(manifest, options).map(|(rule, name)| {
        let spec = if rule.is_literal { cookies.literal(&name) } else { cookies.spec(&name) };
        CookieName { rule, name, spec }
    })
}

/// The cookies of a manifest with the names that the operator's options give them.
pub(in crate::plugin_host) fn named_cookies<'a>(
    manifest: &'a Manifest,
    options: &Map<String, Json>,
) -> impl Iterator<Item = (&'a CookieRule, String)> {
    manifest.cookies.iter().map(|rule| {
        let own_name = rule.name_option.as_ref().and_then(|option| chosen(options, option)).and_then(Json::as_str);
        (rule, own_name.unwrap_or(&rule.name).to_owned())
    })
}

/// The names of a manifest's cookies as browsers see them.
pub(in crate::plugin_host) fn cookie_patterns(
    manifest: &Manifest,
    options: &Map<String, Json>,
    cookies: &Cookies,
) -> Vec<NamePattern> {
    let pattern = |CookieName { rule, spec, .. }: CookieName<'_>| match rule.is_prefix {
        true => NamePattern::beginning(&spec.name),
        false => NamePattern::exact(&spec.name),
    };
    cookie_names(manifest, options, cookies).map(pattern).collect()
}

/// The core removes the cookie of an unfinished sign-in at a provider; this plugin alone writes it.
const STATE_COOKIE: (&str, &str) = ("social", "oauth_state");

fn is_of_core(plugin: &str, rule: &CookieRule, spec: &CookieSpec, cookies: &Cookies) -> bool {
    if rule.is_prefix {
        return cookies.is_reserved_prefix(&spec.name);
    }
    cookies.is_reserved(&spec.name) && ((plugin, rule.name.as_str()) != STATE_COOKIE || *spec != cookies.oauth_state)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::plugin_host::package::manifest::declared;

    fn manifest(json: &str) -> Manifest {
        declared("magic-link", json)
    }

    fn config(text: &str) -> PluginConfig {
        toml::from_str(&format!("id = \"magic-link\"\n{text}")).unwrap()
    }

    #[test]
    fn only_what_was_granted_may_be_used() {
        let wants = manifest(r#","capabilities":["log","users","mail"]"#);
        let used: Vec<String> = ["log", "users", "mail"].map(String::from).to_vec();
        assert!(check(&wants, &config(""), &used).is_ok(), "a plugin of this project gets what was reviewed");
        assert!(check(&wants, &config("path = \"x.wasm\"\ngrants = [\"users\", \"mail\"]"), &used).is_ok());
        for text in ["path = \"x.wasm\"", "path = \"x.wasm\"\ngrants = [\"users\"]", "grants = [\"users\"]"] {
            let error = check(&wants, &config(text), &used).unwrap_err().to_string();
            assert!(error.contains("grants = [\"users\", \"mail\"]"), "{error}");
        }
        let much = manifest(r#","capabilities":["users","sessions","user-administration"]"#);
        let error = check(&much, &config(""), &much.capabilities).unwrap_err().to_string();
        assert!(error.contains("`user-administration`, which is not granted"), "more than was reviewed: {error}");
        let hidden = ["users".to_owned(), "sessions".to_owned()];
        assert!(check(&wants, &config(""), &hidden).unwrap_err().to_string().contains("does not name"));
    }

    #[test]
    fn cookies_of_the_core_are_out_of_reach() {
        let text = "secret = \"wire-contract-secret-0123456789-abcdefghijklmnop\"";
        let cookies = Cookies::new(&Config::parse(text, Path::new("."), &BTreeMap::new()).unwrap());
        for name in [
            "better-auth.session_token",
            "__Secure-better-auth.session_token",
            "bad name",
            "a;b",
            "",
            "better-auth.oauth_state",
            "better-auth.known_device",
        ] {
            let json = serde_json::json!([{ "name": name, "is_literal": true }]);
            let asks = manifest(&format!(r#","cookies":{json}"#));
            assert!(Rights::of(&asks, &config(""), &Map::new(), &cookies).is_err(), "{name}");
        }
        let renamed = manifest(r#","cookies":[{"name":"mine","is_literal":true,"name_option":"cookie_name"}]"#);
        let option = Map::from_iter([("cookie_name".to_owned(), Json::from("better-auth.session_token"))]);
        assert!(Rights::of(&renamed, &config(""), &option, &cookies).is_err());
        for name in ["session_", "session_token", "Session_Tok", "session_data.", "dont", "known_", "oauth_"] {
            let json = serde_json::json!([{ "name": name, "is_prefix": true }]);
            let asks = manifest(&format!(r#","cookies":{json}"#));
            assert!(Rights::of(&asks, &config(""), &Map::new(), &cookies).is_err(), "{name}");
        }
        let many = manifest(r#","cookies":[{"name":"session_token_multi-","is_prefix":true}]"#);
        let rights = Rights::of(&many, &config(""), &Map::new(), &cookies).unwrap();
        assert_eq!(rights.cookie("session_token_multi-a").unwrap().spec.name, "better-auth.session_token_multi-a");
        for name in ["session_token_multi-", "session_token", "session_token_multi-a;b", "session_token_multi-a b"] {
            assert!(rights.cookie(name).is_none(), "{name}");
        }
        let prefixed = manifest(r#","cookies":[{"name":"mine"}]"#);
        let rights = Rights::of(&prefixed, &config(""), &Map::new(), &cookies).unwrap();
        assert_eq!(rights.cookies.get("mine").unwrap().spec.name, "better-auth.mine");
    }

    #[test]
    fn a_field_follows_its_option() {
        let adds = manifest(
            r#","options":{"store":false},"user_fields":[{"name":"a","type":"string"},{"name":"b","type":"date","when_option":"store"}]"#,
        );
        let names = |options: &Map<String, Json>| {
            active(&adds, &adds.user_fields, options).map(|field| field.name.clone()).collect::<String>()
        };
        assert_eq!(names(&Map::new()), "a");
        assert_eq!(names(&Map::from_iter([("store".to_owned(), Json::Bool(true))])), "ab");
    }
}
