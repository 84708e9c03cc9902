//! Options of plugins: where each is, what it may use, what a call may cost, and what happens when it fails.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::models::ColumnNames;

/// Defines a struct of the configuration, and `KEYS`: the names of its fields but the last, which takes all others.
macro_rules! with_keys {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $($(#[$about_field:meta])* pub $field:ident: $kind:ty,)*
            ..
            $(#[$about_rest:meta])* pub $rest:ident: $rest_kind:ty,
        }
    ) => {
        $(#[$about])*
        pub struct $name {
            $($(#[$about_field])* pub $field: $kind,)*
            $(#[$about_rest])* pub $rest: $rest_kind,
        }

        impl $name {
            /// What may stand in it beside the keys that the last field takes.
            pub const KEYS: &[&str] = &[$(stringify!($field)),*];
        }
    };
}

with_keys! {
    /// `[[plugins]]`
    #[derive(Clone, Deserialize)]
    pub struct PluginConfig {
        /// The plugin's id.
        pub id: String,
        /// Its component; `<id>.wasm` in the plugin folder, or beside the binary, when absent.
        pub path: Option<String>,
        /// Switches it off without removing it.
        #[serde(default = "yes")]
        pub enabled: bool,
        /// Capabilities it may use; absent means, for a plugin of this project without `path`, those that it is known to need.
        pub grants: Option<Vec<String>>,
        /// SHA-256 of the component, in hex; another one is refused.
        pub sha256: Option<String>,
        /// The publisher in `plugin_trust.trusted_keys` who must have signed it.
        pub signed_by: Option<String>,
        /// The oldest version that is loaded.
        pub min_version: Option<String>,
        /// Model → other names for the plugin's tables, and for the columns that it adds.
        #[serde(default)]
        pub schema: BTreeMap<String, PluginNames>,
        /// Opens what this plugin sealed before each plugin had a key of its own, and with it whatever else is sealed under
        /// the server's secret and falls into the plugin's hands. Seal such values anew, then remove the option.
        #[serde(default)]
        pub opens_old_seals: bool,
        /// What one call may cost.
        #[serde(default)]
        pub limits: PluginLimits,
        /// Which other servers it may ask.
        #[serde(default)]
        pub http: PluginHttp,
        /// What becomes of a request whose hook fails.
        #[serde(default)]
        pub on_failure: OnFailure,
        /// When the plugin is left alone for a while.
        #[serde(default)]
        pub breaker: BreakerConfig,
        ..
        /// The plugin's own options, checked against its manifest.
        #[serde(flatten)]
        pub options: toml::Table,
    }
}

/// Options may hold secrets.
impl fmt::Debug for PluginConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginConfig").field("id", &self.id).field("path", &self.path).finish_non_exhaustive()
    }
}

fn yes() -> bool {
    true
}

/// `[plugins.schema.MODEL]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginNames {
    /// Name of the table; only for a table of the plugin's own.
    pub model_name: Option<String>,
    /// Names of columns.
    pub fields: ColumnNames,
}

/// `[plugins.http]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginHttp {
    /// Hosts beside those of its manifest: `api.example.com`, `api.example.com:8443` or `*.example.com`.
    pub hosts: Vec<String>,
    /// Lets it reach this machine and its own network.
    pub allow_private: bool,
    /// Lets it send `http:` too.
    pub allow_http: bool,
}

/// `[plugin_trust]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginTrust {
    /// Publisher → Ed25519 public key, 32 bytes in base64. When there is any, every plugin must be signed by one of them or
    /// have its hash pinned.
    pub trusted_keys: BTreeMap<String, String>,
    /// SHA-256 of components, in hex, that are refused whoever signed them.
    pub revoked: Vec<String>,
}

/// `[plugins.limits]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginLimits {
    /// Longest time that the plugin's calls may run in one request, in milliseconds of a processor. Neither what they wait
    /// for nor a busy machine uses it up. It is looked at every 10 ms. An event has a time of its own.
    pub call_ms: u64,
    /// Longest time of one call with everything that it waits for, in milliseconds by the clock. What it waits for has
    /// limits of its own; this one bounds the sum.
    pub wait_ms: u64,
    /// Largest memory, in MiB.
    pub memory_mib: usize,
    /// Largest answer, in bytes; of an answer in chunks, the largest chunk.
    pub result_bytes: usize,
    /// Longest time that a client has for a body that the plugin reads in chunks, and for an answer that it makes in chunks, in
    /// milliseconds by the clock. It stands in place of `wait_ms` there.
    pub stream_ms: u64,
    /// Route → the most bytes of its body or its answer in chunks: `"GET /users.csv" = 1048576`. The plugin declares how much
    /// it wants; this lowers it.
    pub stream_bytes: BTreeMap<String, u64>,
    /// Calls of the host, of any kind, in one request.
    pub host_calls: u32,
    /// Those among them that reach the database.
    pub data_calls: u32,
    /// Mails in one request.
    pub mails: u32,
    /// Requests to other servers in one request.
    pub http_calls: u32,
    /// Passwords that are hashed or compared in one request.
    pub password_hashes: u32,
    /// Lines of the log in one call.
    pub log_lines: u32,
    /// Lines of the log in one second, all requests together.
    pub log_lines_per_sec: u32,
}

impl Default for PluginLimits {
    fn default() -> Self {
        Self {
            call_ms: 50,
            wait_ms: 10_000,
            memory_mib: 32,
            result_bytes: 1 << 20,
            stream_ms: 300_000,
            stream_bytes: BTreeMap::new(),
            host_calls: 1000,
            data_calls: 200,
            mails: 10,
            http_calls: 8,
            password_hashes: 4,
            log_lines: 32,
            log_lines_per_sec: 200,
        }
    }
}

/// What becomes of a request when a hook cannot be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailurePolicy {
    /// The request is refused.
    #[default]
    Closed,
    /// The request goes on as if there were no such hook.
    Open,
}

/// `on_failure`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OnFailure {
    /// `"open"` or `"closed"`: for every hook around endpoints. Session gates, events and claims stay closed.
    Hooks(FailurePolicy),
    /// For each of `before`, `after`, `gate`, `events`, `claims` or the pattern of a hook; the others stay closed. A pattern
    /// wins.
    Each(BTreeMap<String, FailurePolicy>),
}

impl Default for OnFailure {
    fn default() -> Self {
        Self::Hooks(FailurePolicy::Closed)
    }
}

/// `[plugins.breaker]`: a plugin that fails again and again is not called for a while; then one call tries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// Failed calls within the window that begin a pause; 0 switches the breaker off.
    pub failures: u32,
    /// Seconds in which failures add up.
    pub window_secs: u32,
    /// Seconds without a call.
    pub pause_secs: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { failures: 20, window_secs: 60, pause_secs: 10 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_entry_is_no_option_of_the_plugin() {
        assert!(PluginConfig::KEYS.contains(&"grants") && !PluginConfig::KEYS.contains(&"options"));
        for key in PluginConfig::KEYS {
            let entry = toml::from_str::<PluginConfig>(&format!("id = \"x\"\n{key} = \"open\""));
            assert!(entry.is_err() || !entry.unwrap().options.contains_key(*key), "{key}");
        }
        let entry = toml::from_str::<PluginConfig>("id = \"x\"\nexpires_in = 5").unwrap();
        assert!(entry.options.contains_key("expires_in"));
    }

    #[test]
    fn a_policy_is_one_word_or_one_for_each_hook() {
        let parse = |text: &str| toml::from_str::<PluginConfig>(&format!("id = \"x\"\n{text}"));
        assert_eq!(parse("").unwrap().on_failure, OnFailure::Hooks(FailurePolicy::Closed));
        assert_eq!(parse("on_failure = \"open\"").unwrap().on_failure, OnFailure::Hooks(FailurePolicy::Open));
        let each = parse("on_failure = { gate = \"open\", \"/a/*\" = \"closed\" }").unwrap().on_failure;
        let expected = [("/a/*", FailurePolicy::Closed), ("gate", FailurePolicy::Open)];
        assert_eq!(each, OnFailure::Each(expected.map(|(name, policy)| (name.to_owned(), policy)).into()));
        assert!(parse("on_failure = \"perhaps\"").is_err());
        assert!(parse("breaker.failure = 1").is_err() && parse("limits.call_m = 1").is_err());
    }
}
