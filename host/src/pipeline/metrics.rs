//! The numbers of a running server: answers by route, plugins, scripts, and what waits.
//!
//! Invariant: a label is a route's own pattern, a method of the route table, or a status: nothing a client chose.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Pipeline;
use super::probe::{JobCounts, Probe, Waiting};
use crate::exchange::Route;
use crate::hooks::ScriptCounts;
use crate::http::Mount;
use crate::log;
use crate::plugin_host::PluginCounters;
use crate::store::{ReplicaState, Standing};
use crate::telemetry::{Family, Histogram, Kind, Number, Sample};

/// The label of requests that met no route.
const NO_ROUTE: &str = "none";

/// The answers of one route by one method.
#[derive(Default)]
struct Answers {
    statuses: BTreeMap<u16, u64>,
    took: Histogram,
}

type ByMethod = HashMap<String, Answers>;
type ByRoute = HashMap<String, ByMethod>;

/// Route pattern → method → answers.
#[derive(Default)]
pub struct Metrics {
    answers: Mutex<ByRoute>,
    /// The same, of what stands at the server's root.
    at_root: Mutex<ByRoute>,
}

impl Metrics {
    /// Counts one answer, which took so long to make.
    pub fn count(&self, route: Option<&Route>, status: u16, took: Duration) {
        let (path, method) = route.map_or((NO_ROUTE, NO_ROUTE), |route| (&route.path, &route.method));
        let is_at_root = route.is_some_and(|route| route.mount == Mount::Root);
        let mut answers = locked(if is_at_root { &self.at_root } else { &self.answers });
        // Keys are made once, at the first answer of a route.
        if !answers.contains_key(path) {
            answers.insert(path.to_owned(), HashMap::new());
        }
        let Some(methods) = answers.get_mut(path) else { return };
        if !methods.contains_key(method) {
            methods.insert(method.to_owned(), Answers::default());
        }
        if let Some(answers) = methods.get_mut(method) {
            *answers.statuses.entry(status).or_default() += 1;
            answers.took.record(took);
        }
    }

    fn families(&self) -> [Family; 2] {
        let (mut total, mut took) = (Vec::new(), Vec::new());
        for (answers, is_at_root) in [(locked(&self.answers), false), (locked(&self.at_root), true)] {
            let methods = answers.iter().flat_map(|(path, methods)| methods.iter().map(move |each| (path, each)));
            for (path, (method, answers)) in methods {
                let labels = |status: Option<u16>| {
                    let mut labels = vec![("route", path.clone()), ("method", method.clone())];
                    labels.extend(status.map(|status| ("status", status.to_string())));
                    labels.extend(is_at_root.then(|| ("mount", "root".to_owned())));
                    labels
                };
                let statuses = answers.statuses.iter();
                total.extend(statuses.map(|(status, number)| whole(labels(Some(*status)), *number)));
                took.push(Sample { labels: labels(None), number: Number::Distribution(answers.took.read()) });
            }
        }
        total.sort_by(|a, b| a.labels.cmp(&b.labels));
        took.sort_by(|a, b| a.labels.cmp(&b.labels));
        [
            family("doorward_requests_total", Kind::Counter, "Answers by route, method and status.", total),
            family("doorward_request_seconds", Kind::Histogram, "How long answers took to make.", took),
        ]
    }
}

impl Pipeline {
    /// What was counted; without the database, what is known without it.
    pub async fn numbers(&self, probe: &Probe) -> Vec<Family> {
        let auth = self.auth();
        let gauge = |name, help, value| Family::of_one(name, Kind::Gauge, help, value);
        let kinds = self.extensions().plugins.background_kinds().into_iter().map(|known| known.kind).collect();
        let (waiting, secondary) = tokio::join!(probe.waiting(auth, kinds), probe.secondary(auth));
        let mut families = Vec::from(self.metrics.families());
        families.extend([
            gauge("doorward_database_up", "Whether the database answers.", u64::from(waiting.is_some())),
            gauge("doorward_hash_queue_depth", "Passwords that wait to be hashed.", auth.passwords.waiting() as u64),
            Family::of_one(
                "doorward_log_lines_lost_total",
                Kind::Counter,
                "Lines of the log that could not be written.",
                log::lost(),
            ),
        ]);
        if auth.secondary.is_some() {
            let is_up = u64::from(secondary.is_ok());
            families.push(gauge("doorward_secondary_storage_up", "Whether the secondary storage answers.", is_up));
        }
        if let Some(waiting) = waiting {
            let Waiting { deliveries, age_secs, jobs, failed_jobs, of_plugins, events, event_age_secs, failed_events } =
                waiting;
            families.extend([
                gauge("doorward_outbox_depth", "Mails that wait to be delivered.", deliveries),
                gauge("doorward_outbox_oldest_seconds", "How long the oldest of them has waited.", age_secs),
                gauge("doorward_jobs_waiting", "Jobs of plugins that wait, those with a schedule too.", jobs),
                gauge("doorward_jobs_failed", "Jobs of plugins that were given up.", failed_jobs),
                gauge("doorward_events_waiting", "Events that wait to be delivered to other systems.", events),
                gauge("doorward_events_oldest_seconds", "How long the oldest of them has waited.", event_age_secs),
                gauge("doorward_events_failed", "Events for other systems that were given up.", failed_events),
            ]);
            families.extend(of_jobs(&of_plugins));
        }
        if let Some(pool) = auth.store.pool() {
            families.extend([
                gauge("doorward_database_connections", "Connections that are open.", pool.open),
                gauge("doorward_database_connections_used", "Those of them that are used now.", pool.used),
                gauge("doorward_database_connections_most", "How many there may be.", pool.most),
                gauge("doorward_database_connections_wanted", "Requests that wait for one.", pool.wanted),
            ]);
        }
        families.extend(of_replicas(&auth.store.replicas()));
        families.extend(of_scripts(&self.script_counts()));
        families.extend(of_plugins(&self.plugin_counters()));
        families
    }
}

/// Families of which each tells one number of each thing: name, kind, help, and how the number is read. What has none is left
/// out.
type Told<T> = (&'static str, Kind, &'static str, fn(&T) -> Option<Number>);

/// The numbers of these things, each with the label that says which it is.
fn of_each<T>(things: &[T], told: &[Told<T>], label: impl Fn(usize, &T) -> (&'static str, String)) -> Vec<Family> {
    let each = |(name, kind, help, read): &Told<T>| {
        let numbers = things.iter().enumerate().filter_map(|(place, thing)| Some((label(place, thing), read(thing)?)));
        let samples = numbers.map(|(label, number)| Sample { labels: vec![label], number }).collect();
        family(name, *kind, help, samples)
    };
    told.iter().map(each).collect()
}

fn counted(number: u64) -> Option<Number> {
    Some(Number::Whole(number))
}

/// How the replicas of the database stand, in the order in which the configuration lists them.
fn of_replicas(replicas: &[ReplicaState]) -> Vec<Family> {
    const TOLD: [Told<ReplicaState>; 4] = [
        ("doorward_replica_up", Kind::Gauge, "Whether the replica serves.", |state| counted(u64::from(state.serves))),
        ("doorward_replica_lag_seconds", Kind::Gauge, "How far it is behind.", |state| match state.standing {
            Standing::Behind(lag) => Some(Number::Secs(lag.as_secs_f64())),
            _ => None,
        }),
        ("doorward_replica_reads_total", Kind::Counter, "Reads that it answered.", |state| counted(state.reads)),
        (
            "doorward_replica_failures_total",
            Kind::Counter,
            "Reads that the primary answered, because it could not.",
            |state| counted(state.failures),
        ),
    ];
    of_each(replicas, &TOLD, |place, _| ("replica", place.to_string()))
}

/// What each script did.
fn of_scripts(scripts: &[ScriptCounts]) -> Vec<Family> {
    const TOLD: [Told<ScriptCounts>; 6] = [
        ("doorward_script_calls_total", Kind::Counter, "Calls of the script's hooks.", |of| counted(of.calls)),
        ("doorward_script_outcomes_total", Kind::Counter, "Calls that refused, answered or stopped something.", |of| {
            counted(of.outcomes)
        }),
        ("doorward_script_failures_total", Kind::Counter, "Calls that failed.", |of| counted(of.failures)),
        ("doorward_script_slow_calls_total", Kind::Counter, "Calls on the threads for slow scripts.", |of| {
            counted(of.slow_calls)
        }),
        ("doorward_script_microseconds_total", Kind::Counter, "Time in calls.", |of| counted(of.micros())),
        ("doorward_script_call_seconds", Kind::Histogram, "How long calls took.", |of| {
            Some(Number::Distribution(of.took.clone()))
        }),
    ];
    of_each(scripts, &TOLD, |_, counts| ("script", counts.script.clone()))
}

/// What each plugin did.
fn of_plugins(plugins: &[PluginCounters]) -> Vec<Family> {
    const TOLD: [Told<PluginCounters>; 8] = [
        ("doorward_plugin_calls_total", Kind::Counter, "Calls that reached a plugin.", |of| counted(of.calls)),
        ("doorward_plugin_failures_total", Kind::Counter, "Calls that ended in a trap or at a limit.", |of| {
            counted(of.failures)
        }),
        ("doorward_plugin_paused_calls_total", Kind::Counter, "Calls not made because a plugin was paused.", |of| {
            counted(of.paused_calls)
        }),
        ("doorward_plugin_skipped_hooks_total", Kind::Counter, "Hooks without which a request went on.", |of| {
            counted(of.skipped_hooks)
        }),
        ("doorward_plugin_paused", Kind::Gauge, "Whether a plugin is paused.", |of| counted(u64::from(of.is_paused))),
        (
            "doorward_plugin_seconds_total",
            Kind::Counter,
            "Seconds in calls of a plugin, with what they waited for.",
            |of| Some(Number::Secs(of.took.sum_secs)),
        ),
        ("doorward_plugin_call_seconds", Kind::Histogram, "How long calls took that the plugin answered.", |of| {
            Some(Number::Distribution(of.took.clone()))
        }),
        ("doorward_plugin_memory_peak_bytes", Kind::Gauge, "Most memory that one instance of a plugin had.", |of| {
            counted(of.most_bytes)
        }),
    ];
    let label = |plugin: &PluginCounters| ("plugin", plugin.plugin.clone());
    let mut families = of_each(plugins, &TOLD, |_, plugin| label(plugin));
    let limits = plugins.iter().flat_map(|plugin| {
        let of_limit = |(limit, hits): (&&str, &u64)| whole(vec![label(plugin), ("limit", (*limit).to_owned())], *hits);
        plugin.limit_hits.iter().map(of_limit)
    });
    let help = "Calls that ended at a limit, by the option that sets it.";
    families.push(family("doorward_plugin_limit_hits_total", Kind::Counter, help, limits.collect()));
    families
}

/// The jobs of each plugin.
fn of_jobs(plugins: &[JobCounts]) -> Vec<Family> {
    const TOLD: [Told<JobCounts>; 2] = [
        ("doorward_plugin_jobs_waiting", Kind::Gauge, "Jobs of a plugin that wait.", |jobs| counted(jobs.waiting)),
        ("doorward_plugin_jobs_failed", Kind::Gauge, "Jobs of a plugin that were given up.", |jobs| {
            counted(jobs.failed)
        }),
    ];
    of_each(plugins, &TOLD, |_, jobs| ("plugin", jobs.plugin.clone()))
}

fn family(name: &'static str, kind: Kind, help: &'static str, samples: Vec<Sample>) -> Family {
    Family { name, help, kind, samples }
}

fn whole(labels: Vec<(&'static str, String)>, number: u64) -> Sample {
    Sample { labels, number: Number::Whole(number) }
}

fn locked(answers: &Mutex<ByRoute>) -> MutexGuard<'_, ByRoute> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::render;

    #[test]
    fn each_plugin_has_a_line_in_each_family() {
        let counters = |plugin: &str, failures| {
            let took = Histogram::default();
            took.record(Duration::from_millis(1500));
            PluginCounters {
                took: took.read(),
                most_bytes: 1 << 20,
                plugin: plugin.to_owned(),
                calls: 7,
                failures,
                paused_calls: 0,
                skipped_hooks: 1,
                limit_hits: (failures > 0).then_some(("call_ms", failures)).into_iter().collect(),
                is_paused: failures > 0,
            }
        };
        let text = render(&of_plugins(&[counters("a", 0), counters("b", 3)]));
        assert!(text.contains(
            "# TYPE doorward_plugin_failures_total counter\ndoorward_plugin_failures_total{plugin=\"a\"} 0\n"
        ));
        assert!(text.contains("doorward_plugin_failures_total{plugin=\"b\"} 3\n"));
        assert!(text.contains("doorward_plugin_paused{plugin=\"a\"} 0\ndoorward_plugin_paused{plugin=\"b\"} 1\n"));
        assert!(text.contains("doorward_plugin_seconds_total{plugin=\"b\"} 1.500000\n"));
        assert!(text.contains("doorward_plugin_call_seconds_bucket{plugin=\"b\",le=\"1\"} 0\n"));
        assert!(text.contains("doorward_plugin_call_seconds_bucket{plugin=\"b\",le=\"5\"} 1\n"));
        assert!(text.contains("doorward_plugin_memory_peak_bytes{plugin=\"a\"} 1048576\n"));
        assert!(text.ends_with("counter\ndoorward_plugin_limit_hits_total{plugin=\"b\",limit=\"call_ms\"} 3\n"));
        assert_eq!(render(&of_plugins(&[])), "");
    }
}
