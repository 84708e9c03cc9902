//! `doorward plugin list`: the configured plugins, each with where it comes from, what it may do and what bounds it.

use std::fmt::Write;
use std::time::Duration;

use super::inspect::list;
use crate::clock::SystemClock;
use crate::commands::CommandResult;
use crate::config::{Config, FailurePolicy, OnFailure, PluginConfig};
use crate::plugin_host::package::file::{self, Component, PluginFile};
use crate::plugin_host::{asked_grants, event_name, granted};

/// How long the server that runs may take to tell.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints every entry in the order in which hooks run, with what a server that runs counted of it. Nothing is run or
/// changed.
///
/// # Errors
/// When one of them would keep the server from starting; the others are printed all the same.
pub(super) fn list_plugins(config: &Config) -> CommandResult {
    let mut faults = Vec::new();
    let metrics = config.management.as_ref().and_then(|management| running(&management.address));
    for entry in &config.plugins {
        match file::read(config, entry, &SystemClock) {
            Ok(plugin) => {
                let place = match &plugin.component {
                    Component::Read(_) => config.component_path(entry).display().to_string(),
                    Component::Carried(_) => "this binary".to_owned(),
                };
                let now = metrics.as_ref().map(|metrics| counted(metrics, &entry.id)).unwrap_or_default();
                tell!("{}", describe(entry, &plugin, &place, now)?.trim_end());
            }
            Err(_) if !entry.enabled => tell!("{} (off)", entry.id),
            Err(error) => {
                tell!("{}\n  cannot be loaded: {error}", entry.id);
                faults.push(entry.id.as_str());
            }
        }
    }
    if config.plugins.is_empty() {
        tell!("no plugins: add a [[plugins]] entry to the configuration");
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(format!("these plugins cannot be loaded: {}", faults.join(", ")).into())
    }
}

fn describe(
    entry: &PluginConfig,
    plugin: &PluginFile,
    place: &str,
    now: Vec<String>,
) -> Result<String, std::fmt::Error> {
    let PluginFile { component, manifest, provenance, .. } = plugin;
    let mut text = String::new();
    let off = if entry.enabled { "" } else { " (off)" };
    writeln!(text, "{} {} (SDK {}){off}", manifest.id, manifest.version, manifest.sdk_version)?;
    let trust = match (&provenance.signed_by, provenance.is_pinned) {
        (Some(publisher), true) => format!("signed by {publisher} and pinned"),
        (Some(publisher), false) => format!("signed by {publisher}"),
        (None, true) => "pinned".to_owned(),
        (None, false) => "neither signed nor pinned".to_owned(),
    };
    writeln!(text, "  from {place}")?;
    writeln!(text, "  {} KiB, sha256 {}, {trust}", component.size_bytes() / 1024, provenance.sha256)?;
    list(&mut text, "routes", manifest.routes.iter().map(|route| format!("{} {}", route.method, route.path)))?;
    list(&mut text, "before", manifest.before.iter().map(|hook| hook.pattern.clone()))?;
    list(&mut text, "after", manifest.after.iter().map(|hook| hook.pattern.clone()))?;
    list(&mut text, "events", manifest.events.iter().map(event_name))?;
    list(&mut text, "functions", manifest.functions.iter().map(|function| function.name.clone()))?;
    list(&mut text, "session gate", manifest.is_gate.then_some("asked about every sign-in"))?;
    let grants = granted(entry);
    let asked = asked_grants(manifest);
    let missing = |name: &&String| !grants.contains(*name);
    list(&mut text, "granted", grants)?;
    list(&mut text, "asks for, not granted", asked.iter().filter(missing))?;
    list(&mut text, "limits", limits(entry))?;
    list(&mut text, "on failure", failure(entry))?;
    list(&mut text, "now", now)?;
    Ok(text)
}

/// The metrics of the server that runs with this configuration; none when there is none.
pub(crate) fn running(address: &str) -> Option<String> {
    let config = ureq::Agent::config_builder().proxy(None).timeout_global(Some(PATIENCE)).build();
    let answer = ureq::Agent::new_with_config(config).get(format!("http://{address}/metrics")).call();
    answer.ok()?.body_mut().read_to_string().ok()
}

/// What the metrics say of one plugin: `doorward_plugin_calls_total{plugin="id"} 7` is `calls: 7`.
fn counted(metrics: &str, id: &str) -> Vec<String> {
    let label = format!("{{plugin=\"{id}\"");
    let of_plugin = |line: &str| {
        let (name, rest) = line.strip_prefix("doorward_plugin_")?.split_once(&label)?;
        let (more, number) = rest.split_once("} ")?;
        let name = name.trim_end_matches("_total").replace('_', " ");
        let limit = more.strip_prefix(",limit=\"").map(|limit| format!(" at {}", limit.trim_end_matches('"')));
        Some(format!("{name}{}: {number}", limit.unwrap_or_default()))
    };
    metrics.lines().filter_map(of_plugin).collect()
}

fn limits(entry: &PluginConfig) -> Vec<String> {
    let limits = &entry.limits;
    vec![
        format!(
            "a call: {} ms, {} ms with what it waits for, {} KiB of answer",
            limits.call_ms,
            limits.wait_ms,
            limits.result_bytes / 1024
        ),
        format!(
            "a request: {} MiB of memory, {} host calls, {} of them to the database, {} to other servers, {} mails, {} hashes",
            limits.memory_mib,
            limits.host_calls,
            limits.data_calls,
            limits.http_calls,
            limits.mails,
            limits.password_hashes
        ),
        format!("the log: {} lines a call, {} a second", limits.log_lines, limits.log_lines_per_sec),
    ]
}

fn failure(entry: &PluginConfig) -> Vec<String> {
    let word = |policy: FailurePolicy| match policy {
        FailurePolicy::Closed => "the request is refused",
        FailurePolicy::Open => "the request goes on without the hook",
    };
    let mut lines = match &entry.on_failure {
        OnFailure::Hooks(policy) => vec![format!("hooks: {}", word(*policy))],
        OnFailure::Each(each) => each.iter().map(|(name, policy)| format!("{name}: {}", word(*policy))).collect(),
    };
    let breaker = entry.breaker;
    lines.push(match breaker.failures {
        0 => "never paused".to_owned(),
        failures => {
            format!("paused for {} s after {failures} failures in {} s", breaker.pause_secs, breaker.window_secs)
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_running_server_counted_is_told_of_one_plugin() {
        let metrics = "# TYPE doorward_plugin_calls_total counter\n\
            doorward_plugin_calls_total{plugin=\"a\"} 7\ndoorward_plugin_calls_total{plugin=\"ab\"} 8\n\
            doorward_plugin_paused{plugin=\"a\"} 1\n\
            doorward_plugin_limit_hits_total{plugin=\"a\",limit=\"call_ms\"} 3\n";
        assert_eq!(counted(metrics, "a"), ["calls: 7", "paused: 1", "limit hits at call_ms: 3"]);
        assert_eq!(counted(metrics, "c"), [""; 0]);
    }
}
