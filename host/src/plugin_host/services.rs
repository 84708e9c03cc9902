//! What the host does for one plugin beside data: keys, sealing, values that outlive a request, other servers.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::error::PluginError;
use super::manifest::Manifest;
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, PluginConfig};
use crate::keys::KeyRing;
use crate::outgoing::{Client, Rules, Turns};
use crate::random::Random;
use crate::seal::Secrets;

/// Bytes of one plugin's values.
const MOST_CACHED_BYTES: u64 = 4 << 20;
/// Longest life of a value.
pub(super) const LONGEST_LIFE: Duration = Duration::from_secs(3600);

/// What all plugins share.
pub(super) struct Common {
    secrets: Arc<Secrets>,
    keys: Arc<KeyRing>,
    turns: Turns,
}

impl Common {
    pub(super) fn new(config: &Config, random: &Arc<dyn Random>) -> Self {
        let secrets = Arc::new(config.all_secrets.clone());
        let keys = Arc::new(KeyRing::new(Arc::clone(&secrets), Arc::clone(random)));
        Self { secrets, keys, turns: Turns::default() }
    }
}

/// What one plugin has.
pub(super) struct PluginServices {
    pub(super) secrets: Arc<Secrets>,
    pub(super) keys: Arc<KeyRing>,
    pub(super) http: Client,
    pub(super) values: Values,
}

impl PluginServices {
    /// # Errors
    /// `Option` for a host that is none.
    pub(super) fn of(manifest: &Manifest, entry: &PluginConfig, common: &Common) -> Result<Self, PluginError> {
        let hosts = manifest.http_hosts.iter().chain(&entry.http.hosts).map(String::as_str);
        let rules = Rules::new(hosts, entry.http.allow_private, entry.http.allow_http).map_err(|reason| {
            PluginError::Option { plugin: manifest.id.clone(), reason: format!("http.hosts: {reason}") }
        })?;
        Ok(Self {
            secrets: Arc::clone(&common.secrets),
            keys: Arc::clone(&common.keys),
            http: Client::new(rules, common.turns.clone()),
            values: Values::default(),
        })
    }
}

/// Values of one plugin by key, each until its time, the least used forgotten first.
pub(super) struct Values(Cache<String, (Timestamp, Arc<str>)>);

impl Default for Values {
    fn default() -> Self {
        let weigh = |key: &String, (_, value): &(Timestamp, Arc<str>)| {
            u32::try_from(key.len() + value.len() + 64).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(MOST_CACHED_BYTES).weigher(weigh).time_to_live(LONGEST_LIFE).build())
    }
}

impl Values {
    pub(super) fn get(&self, clock: &dyn Clock, key: &str) -> Option<String> {
        let (until, value) = self.0.get(key)?;
        if until > clock.now() {
            return Some(value.to_string());
        }
        self.0.invalidate(key);
        None
    }

    pub(super) fn put(&self, clock: &dyn Clock, key: String, value: String, life: Duration) {
        self.0.insert(key, (clock.now().plus_secs(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)), value.into()));
    }

    pub(super) fn remove(&self, key: &str) {
        self.0.invalidate(key);
    }
}
