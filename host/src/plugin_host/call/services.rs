//! What the host does for one plugin beside data: keys, sealing, values that outlive a request, other servers.

use std::sync::Arc;
use std::time::Duration;

use doorward_contract::chosen;
use moka::sync::Cache;
use serde_json::{Map, Value as Json};
use url::Url;

use super::capacity::Capacity;
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, PluginConfig};
use crate::crypto::keys::KeyRing;
use crate::crypto::purpose::Purpose;
use crate::crypto::random::Random;
use crate::crypto::seal::Secrets;
use crate::http::outgoing::{Client, Permits, Rules};
use crate::plugin_host::admission::grant;
use crate::plugin_host::error::PluginError;
use crate::plugin_host::package::manifest::Manifest;

/// Bytes of one plugin's values.
const MOST_CACHED_BYTES: u64 = 4 << 20;
/// Longest life of a value.
pub(in crate::plugin_host) const LONGEST_LIFE: Duration = Duration::from_secs(3600);

/// What all plugins share.
pub(in crate::plugin_host) struct Common {
    secrets: Arc<Secrets>,
    keys: Arc<KeyRing>,
    permits: Permits,
}

impl Common {
    pub(in crate::plugin_host) fn new(config: &Config, random: &Arc<dyn Random>, capacity: &Capacity) -> Self {
        let secrets = Arc::new(config.all_secrets.clone());
        let keys = Arc::new(KeyRing::new(Arc::clone(&secrets), Arc::clone(random)));
        Self { secrets, keys, permits: capacity.outgoing.clone() }
    }
}

/// What one plugin has.
pub(in crate::plugin_host) struct PluginServices {
    /// What the capability `sealing` seals with.
    pub(in crate::plugin_host) sealing: Sealing,
    pub(in crate::plugin_host) keys: Arc<KeyRing>,
    pub(in crate::plugin_host) http: Client,
    pub(in crate::plugin_host) values: Values,
}

impl PluginServices {
    /// # Errors
    /// `Option` for a host that is none.
    pub(in crate::plugin_host) fn of(
        manifest: &Manifest,
        entry: &PluginConfig,
        options: &Map<String, Json>,
        common: &Common,
    ) -> Result<Self, PluginError> {
        let of_options = hosts_of_options(manifest, options)?;
        let hosts = manifest.http_hosts.iter().chain(&entry.http.hosts).chain(&of_options).map(String::as_str);
        let rules = Rules::new(hosts, entry.http.allow_private, entry.http.allow_http).map_err(|reason| {
            PluginError::Option { plugin: manifest.id.clone(), reason: format!("http.hosts: {reason}") }
        })?;
        Ok(Self {
            sealing: Sealing::of(entry, &common.secrets),
            keys: Arc::clone(&common.keys),
            http: Client::new(rules, common.permits.clone()),
            values: Values::default(),
        })
    }
}

/// The hosts of the URLs that the operator wrote into options which hold one.
fn hosts_of_options(manifest: &Manifest, options: &Map<String, Json>) -> Result<Vec<String>, PluginError> {
    let host = |name: &String| {
        let text = chosen(options, name).and_then(Json::as_str).filter(|text| !text.is_empty())?;
        let host = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http")).and_then(|url| {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            Some(format!("{}{port}", url.host_str()?))
        });
        Some(host.ok_or_else(|| PluginError::Option {
            plugin: manifest.id.clone(),
            reason: format!("option `{name}` is no URL: write https://host.example.com/…"),
        }))
    };
    manifest.http_host_options.iter().filter_map(host).collect()
}

/// Official plugins whose tables hold what the reference sealed: they seal as it does.
const SEALS_AS_REFERENCE: [&str; 1] = ["two-factor"];

/// The keys under which one plugin seals.
pub(in crate::plugin_host) struct Sealing {
    own: Secrets,
    /// Those that all plugins had once; they open alone.
    old: Option<Secrets>,
}

impl Sealing {
    /// Everybody but the reference's plugins has a key of their own, which opens nothing that the server or another plugin
    /// sealed.
    fn of(entry: &PluginConfig, secrets: &Secrets) -> Self {
        let is_references = grant::is_official(entry) && SEALS_AS_REFERENCE.contains(&entry.id.as_str());
        let derived = || secrets.derived(Purpose::PluginSealing(&entry.id));
        let own = if is_references { secrets.clone() } else { derived() };
        Self { own, old: entry.opens_old_seals.then(|| secrets.clone()) }
    }

    pub(in crate::plugin_host) fn seal(&self, random: &dyn Random, text: &str) -> Option<String> {
        self.own.seal(random, text)
    }

    pub(in crate::plugin_host) fn open(&self, sealed: &str) -> Option<String> {
        self.own.open(sealed).or_else(|| self.old.as_ref()?.open(sealed))
    }
}

/// Values of one plugin by key, each until its time, the least used forgotten first.
pub(in crate::plugin_host) struct Values(Cache<String, (Timestamp, Arc<str>)>);

impl Default for Values {
    fn default() -> Self {
        let weigh = |key: &String, (_, value): &(Timestamp, Arc<str>)| {
            u32::try_from(key.len() + value.len() + 64).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(MOST_CACHED_BYTES).weigher(weigh).time_to_live(LONGEST_LIFE).build())
    }
}

impl Values {
    pub(in crate::plugin_host) fn get(&self, clock: &dyn Clock, key: &str) -> Option<String> {
        let (until, value) = self.0.get(key)?;
        if until > clock.now() {
            return Some(value.to_string());
        }
        self.0.invalidate(key);
        None
    }

    pub(in crate::plugin_host) fn put(&self, clock: &dyn Clock, key: String, value: String, life: Duration) {
        self.0.insert(key, (clock.now().plus_secs(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)), value.into()));
    }

    pub(in crate::plugin_host) fn remove(&self, key: &str) {
        self.0.invalidate(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemRandom;
    use crate::crypto::secret::Secret;

    #[test]
    fn a_host_stands_in_an_option() {
        let manifest = crate::plugin_host::package::manifest::declared("x", r#","http_host_options":["a.url","b"]"#);
        let of =
            |json: &str| hosts_of_options(&manifest, serde_json::from_str::<Json>(json).unwrap().as_object().unwrap());
        assert_eq!(
            of(r#"{"a":{"url":"https://sso.example.com/x"},"b":"http://localhost:8080"}"#).unwrap(),
            ["sso.example.com", "localhost:8080"]
        );
        assert_eq!(of(r#"{"a":{"url":""}}"#).unwrap(), [] as [&str; 0]);
        for text in ["sso.example.com", "file:///etc", "https://"] {
            let error = of(&format!(r#"{{"b":"{text}"}}"#)).unwrap_err().to_string();
            assert!(error.contains("option `b` is no URL"), "{error}");
        }
    }

    #[test]
    fn old_seals_open_where_the_operator_says_so_and_none_are_made() {
        let secrets = Secrets::new(Vec::new(), Some(Secret::new("a secret of the server".to_owned())));
        let old = secrets.seal(&SystemRandom, "kept").unwrap();
        let entry = |more: &str| toml::from_str::<PluginConfig>(&format!("id = \"stranger\"\n{more}")).unwrap();
        let strict = Sealing::of(&entry(""), &secrets);
        let lenient = Sealing::of(&entry("opens_old_seals = true"), &secrets);
        assert_eq!((strict.open(&old), lenient.open(&old).as_deref()), (None, Some("kept")));
        let new = lenient.seal(&SystemRandom, "new").unwrap();
        assert_eq!((strict.open(&new).as_deref(), secrets.open(&new)), (Some("new"), None));
    }
}
