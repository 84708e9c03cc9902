//! Counts of answers by route and status, and of the calls of plugins, as Prometheus text.
//!
//! Invariant: a label is a route's own pattern, a method of the route table, or a status: nothing a client chose.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::probe::JobCounts;
use crate::exchange::Route;
use crate::hooks::ScriptCounts;
use crate::http::Mount;
use crate::plugin_host::PluginCounters;

/// The label of requests that met no route.
const NO_ROUTE: &str = "none";

type ByMethod = HashMap<String, BTreeMap<u16, u64>>;
type ByRoute = HashMap<String, ByMethod>;

/// One number of the server.
pub struct Value {
    /// As Prometheus names it.
    pub name: &'static str,
    /// `gauge` or `counter`.
    pub kind: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// The number.
    pub value: u64,
}

/// Route pattern → method → status → number of answers.
#[derive(Default)]
pub struct Metrics {
    answers: Mutex<ByRoute>,
    /// The same, of what stands at the server's root.
    at_root: Mutex<ByRoute>,
}

impl Metrics {
    /// Counts one answer.
    pub fn count(&self, route: Option<&Route>, status: u16) {
        let (path, method) = route.map_or((NO_ROUTE, NO_ROUTE), |route| (&route.path, &route.method));
        let is_at_root = route.is_some_and(|route| route.mount == Mount::Root);
        let mut answers = locked(if is_at_root { &self.at_root } else { &self.answers });
        // Keys are made once, at the first answer of a route.
        if !answers.contains_key(path) {
            answers.insert(path.to_owned(), HashMap::new());
        }
        let Some(methods) = answers.get_mut(path) else { return };
        if !methods.contains_key(method) {
            methods.insert(method.to_owned(), BTreeMap::new());
        }
        if let Some(statuses) = methods.get_mut(method) {
            *statuses.entry(status).or_default() += 1;
        }
    }

    /// The text that Prometheus reads.
    pub fn render(&self, values: &[Value]) -> String {
        let mut text = String::from(
            "# HELP doorward_requests_total Answers by route, method and status.\n# TYPE doorward_requests_total counter\n",
        );
        for line in self.lines() {
            text.push_str(&line);
        }
        for Value { name, kind, help, value } in values {
            // Writing to a string cannot fail.
            _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
        text
    }

    /// What each script did, as [`Metrics::render`] writes the rest.
    pub fn render_scripts(scripts: &[ScriptCounts]) -> String {
        type Counter = (&'static str, &'static str, fn(&ScriptCounts) -> u64);
        const COUNTERS: [Counter; 5] = [
            ("calls", "Calls of the script's hooks.", |counts| counts.calls),
            ("outcomes", "Calls that refused, answered or stopped something.", |counts| counts.outcomes),
            ("failures", "Calls that failed.", |counts| counts.failures),
            ("slow_calls", "Calls on the threads for slow scripts.", |counts| counts.slow_calls),
            ("microseconds", "Time in calls.", |counts| counts.micros),
        ];
        let mut text = String::new();
        for (name, help, read) in COUNTERS.iter().filter(|_| !scripts.is_empty()) {
            let name = format!("doorward_script_{name}_total");
            _ = write!(text, "# HELP {name} {help}\n# TYPE {name} counter\n");
            for counts in scripts {
                let script = counts.script.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                _ = writeln!(text, "{name}{{script=\"{script}\"}} {}", read(counts));
            }
        }
        text
    }

    /// What was counted of the calls of plugins, in the same form.
    pub fn render_plugins(plugins: &[PluginCounters]) -> String {
        type Read = fn(&PluginCounters) -> u64;
        let families: [(&str, &str, &str, Read); 5] = [
            ("doorward_plugin_calls_total", "counter", "Calls that reached a plugin.", |plugin| plugin.calls),
            ("doorward_plugin_failures_total", "counter", "Calls that ended in a trap or at a limit.", |plugin| {
                plugin.failures
            }),
            (
                "doorward_plugin_paused_calls_total",
                "counter",
                "Calls not made because a plugin was paused.",
                |plugin| plugin.paused_calls,
            ),
            ("doorward_plugin_skipped_hooks_total", "counter", "Hooks without which a request went on.", |plugin| {
                plugin.skipped_hooks
            }),
            ("doorward_plugin_paused", "gauge", "Whether a plugin is paused.", |plugin| u64::from(plugin.is_paused)),
        ];
        let mut text = String::new();
        for (name, kind, help, value) in families.into_iter().filter(|_| !plugins.is_empty()) {
            // Writing to a string cannot fail. A plugin's id has no letters that a label would have to escape.
            _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for plugin in plugins {
                _ = writeln!(text, "{name}{{plugin=\"{}\"}} {}", plugin.plugin, value(plugin));
            }
        }
        text.push_str(&costs(plugins));
        text.push_str(&limit_hits(plugins));
        text
    }

    /// The jobs of each plugin, in the same form.
    pub fn render_jobs(plugins: &[JobCounts]) -> String {
        type Read = fn(&JobCounts) -> u64;
        let families: [(&str, &str, Read); 2] = [
            ("doorward_plugin_jobs_waiting", "Jobs of a plugin that wait.", |jobs| jobs.waiting),
            ("doorward_plugin_jobs_failed", "Jobs of a plugin that were given up.", |jobs| jobs.failed),
        ];
        let mut text = String::new();
        for (name, help, value) in families.into_iter().filter(|_| !plugins.is_empty()) {
            // Writing to a string cannot fail.
            _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
            for jobs in plugins {
                _ = writeln!(text, "{name}{{plugin=\"{}\"}} {}", jobs.plugin, value(jobs));
            }
        }
        text
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self::lines(&locked(&self.answers), "");
        lines.extend(self::lines(&locked(&self.at_root), ",mount=\"root\""));
        lines.sort();
        lines
    }
}

/// Time and memory of plugins.
fn costs(plugins: &[PluginCounters]) -> String {
    if plugins.is_empty() {
        return String::new();
    }
    let seconds = "doorward_plugin_seconds_total";
    let bytes = "doorward_plugin_memory_peak_bytes";
    let mut text = format!(
        "# HELP {seconds} Seconds in calls of a plugin, with what they waited for.\n# TYPE {seconds} counter\n"
    );
    for plugin in plugins {
        // Writing to a string cannot fail.
        _ = writeln!(text, "{seconds}{{plugin=\"{}\"}} {:.6}", plugin.plugin, plugin.spent.as_secs_f64());
    }
    _ = writeln!(text, "# HELP {bytes} Most memory that one instance of a plugin had.\n# TYPE {bytes} gauge");
    for plugin in plugins {
        _ = writeln!(text, "{bytes}{{plugin=\"{}\"}} {}", plugin.plugin, plugin.most_bytes);
    }
    text
}

fn locked(answers: &Mutex<ByRoute>) -> MutexGuard<'_, ByRoute> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `more` are labels, each behind a comma.
fn lines(answers: &ByRoute, more: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, methods) in answers {
        let path = path.replace('\\', "\\\\").replace('"', "\\\"");
        for (method, statuses) in methods {
            lines.extend(statuses.iter().map(|(status, number)| {
                let labels = format!("route=\"{path}\",method=\"{method}\",status=\"{status}\"{more}");
                format!("doorward_requests_total{{{labels}}} {number}\n")
            }));
        }
    }
    lines
}

/// Failures at limits, by plugin and by the option that sets the limit; nothing while there were none.
fn limit_hits(plugins: &[PluginCounters]) -> String {
    const NAME: &str = "doorward_plugin_limit_hits_total";
    let of = |plugin: &PluginCounters| {
        let line = |(limit, hits)| format!("{NAME}{{plugin=\"{}\",limit=\"{limit}\"}} {hits}\n", plugin.plugin);
        plugin.limit_hits.iter().map(line).collect::<String>()
    };
    let lines: String = plugins.iter().map(of).collect();
    if lines.is_empty() {
        return lines;
    }
    format!("# HELP {NAME} Calls that ended at a limit, by the option that sets it.\n# TYPE {NAME} counter\n{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_plugin_has_a_line_in_each_family() {
        let counters = |plugin: &str, failures| PluginCounters {
            spent: std::time::Duration::from_millis(1500),
            most_bytes: 1 << 20,
            plugin: plugin.to_owned(),
            calls: 7,
            failures,
            paused_calls: 0,
            skipped_hooks: 1,
            limit_hits: (failures > 0).then_some(("call_ms", failures)).into_iter().collect(),
            is_paused: failures > 0,
        };
        let text = Metrics::render_plugins(&[counters("a", 0), counters("b", 3)]);
        assert!(text.contains(
            "# TYPE doorward_plugin_failures_total counter\ndoorward_plugin_failures_total{plugin=\"a\"} 0\n"
        ));
        assert!(text.contains("doorward_plugin_failures_total{plugin=\"b\"} 3\n"));
        assert!(text.contains("doorward_plugin_paused{plugin=\"a\"} 0\ndoorward_plugin_paused{plugin=\"b\"} 1\n"));
        assert!(text.contains("doorward_plugin_seconds_total{plugin=\"b\"} 1.500000\n"));
        assert!(text.contains("doorward_plugin_memory_peak_bytes{plugin=\"a\"} 1048576\n"));
        assert!(text.ends_with("counter\ndoorward_plugin_limit_hits_total{plugin=\"b\",limit=\"call_ms\"} 3\n"));
        assert_eq!(Metrics::render_plugins(&[]), "");
    }
}
