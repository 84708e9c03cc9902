//! `doorward plugin list`: the configured plugins, each with where it comes from, what it may do and what bounds it.

use std::fmt::Write;

use super::super::CommandResult;
use super::inspect::list;
use crate::clock::SystemClock;
use crate::config::{Config, FailurePolicy, OnFailure, PluginConfig};
use crate::plugin_host::file::{self, PluginFile};
use crate::plugin_host::granted;

/// Prints every entry in the order in which hooks run. Nothing is run or changed.
///
/// # Errors
/// When one of them would keep the server from starting; the others are printed all the same.
#[expect(clippy::print_stdout, reason = "the list is what was asked for")]
pub(super) fn list_plugins(config: &Config) -> CommandResult {
    let mut faults = Vec::new();
    for entry in &config.plugins {
        match file::read(config, entry, &SystemClock) {
            Ok(plugin) => print!("{}", describe(entry, &plugin)?),
            Err(_) if !entry.enabled => println!("{} (off)", entry.id),
            Err(error) => {
                println!("{}\n  cannot be loaded: {error}", entry.id);
                faults.push(entry.id.as_str());
            }
        }
    }
    if config.plugins.is_empty() {
        println!("no plugins: add a [[plugins]] entry to the configuration");
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(format!("these plugins cannot be loaded: {}", faults.join(", ")).into())
    }
}

fn describe(entry: &PluginConfig, plugin: &PluginFile) -> Result<String, std::fmt::Error> {
    let PluginFile { component, manifest, provenance } = plugin;
    let mut text = String::new();
    let off = if entry.enabled { "" } else { " (off)" };
    writeln!(text, "{} {} (SDK {}){off}", manifest.id, manifest.version, manifest.sdk_version)?;
    let trust = match (&provenance.signed_by, provenance.is_pinned) {
        (Some(publisher), true) => format!("signed by {publisher} and pinned"),
        (Some(publisher), false) => format!("signed by {publisher}"),
        (None, true) => "pinned".to_owned(),
        (None, false) => "neither signed nor pinned".to_owned(),
    };
    writeln!(text, "  {} KiB, sha256 {}, {trust}", component.len() / 1024, provenance.sha256)?;
    list(&mut text, "routes", manifest.routes.iter().map(|route| format!("{} {}", route.method, route.path)))?;
    list(&mut text, "before", manifest.before.iter().map(|hook| hook.pattern.clone()))?;
    list(&mut text, "after", manifest.after.iter().map(|hook| hook.pattern.clone()))?;
    list(&mut text, "session gate", manifest.is_gate.then_some("asked about every sign-in"))?;
    let grants = granted(entry);
    let missing = |name: &&String| !grants.contains(*name) && !crate::plugin_host::is_harmless(name);
    list(&mut text, "granted", grants)?;
    list(&mut text, "asks for, not granted", manifest.capabilities.iter().filter(missing))?;
    list(&mut text, "limits", limits(entry))?;
    list(&mut text, "on failure", failure(entry))?;
    Ok(text)
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
