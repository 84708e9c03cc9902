//! What operators are told of the loaded plugins: how they are, what each may do, and where it comes from.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::admission::hook_rights::{asked_grants, meaning};
use super::call::plugin::Plugin;
use super::{PluginCounters, Plugins};

impl Plugins {
    /// Each plugin as JSON, by its id: `{"version", "state": "on" | "paused", "official", "sha256", "signedBy", "grants":
    /// [{"grant", "sentence"}], "counters", "limits"}`.
    pub fn facts(&self) -> BTreeMap<String, Json> {
        self.list.iter().map(|plugin| (plugin.manifest.id.clone(), facts(plugin))).collect()
    }

    /// The plugin that decides what operators may do, if there is one.
    pub fn decides_permissions(&self) -> Option<&str> {
        self.list.iter().find(|plugin| plugin.manifest.decides_permissions).map(|plugin| plugin.manifest.id.as_str())
    }
}

fn facts(plugin: &Plugin) -> Json {
    let counters = plugin.breaker.counters(&plugin.manifest.id);
    let limits = &plugin.shared.limits;
    let sentence = |grant: String| json!({ "sentence": meaning(&grant), "grant": grant });
    json!({
        "version": plugin.manifest.version,
        "state": if counters.is_paused { "paused" } else { "on" },
        "official": plugin.origin.is_official,
        "sha256": plugin.origin.sha256,
        "signedBy": plugin.origin.signed_by,
        "grants": asked_grants(&plugin.manifest).into_iter().map(sentence).collect::<Vec<_>>(),
        "counters": counted(&counters),
        "limits": {
            "callMs": limits.call_ms, "waitMs": limits.wait_ms, "memoryMib": limits.memory_mib,
            "hostCalls": limits.host_calls, "dataCalls": limits.data_calls, "mails": limits.mails,
            "httpCalls": limits.http_calls, "passwordHashes": limits.password_hashes,
        },
    })
}

fn counted(counters: &PluginCounters) -> Json {
    json!({
        "calls": counters.calls, "failures": counters.failures, "pausedCalls": counters.paused_calls,
        "skippedHooks": counters.skipped_hooks, "limitHits": counters.limit_hits,
    })
}
