//! `doorward top`: what plugins and scripts of the running server cost, from its metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use super::CommandResult;
use super::plugin::running;
use crate::config::Config;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What a metric says of one plugin or script.
type Sample = BTreeMap<(String, String), f64>;

/// Prints a table every two seconds until it is stopped, or once with the counts since the start.
///
/// # Errors
/// When the configuration has no management address, or no server answers there.
pub fn top(config: &Config, is_once: bool) -> CommandResult {
    let Some(management) = &config.management else {
        return Err("there is no [management] section: the counts of a server are read at its address".into());
    };
    let read = || {
        let text = running(&management.address);
        text.ok_or_else(|| format!("no server answers at {} (management.address)", management.address))
    };
    let mut before = sample(&read()?);
    if is_once {
        tell!("{}", table(&before, &Sample::new(), None).trim_end());
        return Ok(());
    }
    loop {
        std::thread::sleep(LOOK_EVERY);
        let now = sample(&read()?);
        tell!("{}", table(&now, &before, Some(LOOK_EVERY)));
        before = now;
    }
}

/// The metrics of plugins and scripts: by their name, and by what is counted.
fn sample(metrics: &str) -> Sample {
    let one = |line: &str| {
        let (name, rest) = line.split_once('{')?;
        let (kind, label) = match name.strip_prefix("doorward_plugin_") {
            Some(kind) => (kind, "plugin"),
            None => (name.strip_prefix("doorward_script_")?, "script"),
        };
        let (labels, number) = rest.rsplit_once("} ")?;
        let (_, owner) = labels.split_once('"')?;
        let (owner, more) = owner.split_once('"')?;
        // A count by limit or by outcome is a part of one that is shown.
        let kind = kind.trim_end_matches("_total");
        more.is_empty().then_some(())?;
        Some(((format!("{label} {owner}"), kind.to_owned()), number.parse().ok()?))
    };
    metrics.lines().filter_map(one).collect()
}

/// A line for each plugin and script, the one that takes most time first. With a span, what happened in it.
fn table(now: &Sample, before: &Sample, span: Option<Duration>) -> String {
    let mut owners: Vec<&String> = now.keys().map(|(owner, _)| owner).collect();
    owners.dedup();
    let value = |owner: &String, kind: &str| {
        let key = (owner.clone(), kind.to_owned());
        now.get(&key).map(|value| value - before.get(&key).unwrap_or(&0.0))
    };
    let micros = |owner: &String| value(owner, "microseconds").map(|micros| micros / 1_000_000.0);
    let secs = |owner: &String| value(owner, "seconds").or_else(|| micros(owner)).unwrap_or(0.0);
    owners.sort_by(|a, b| secs(b).total_cmp(&secs(a)));
    let per = span.map_or(1.0, |span| span.as_secs_f64());
    let head = if span.is_some() { ["calls/s", "failures/s"] } else { ["calls", "failures"] };
    let mut text = format!("{:<40} {:>10} {:>10} {:>10} {:>10}\n", "", head[0], head[1], "ms a call", "MiB");
    for owner in owners {
        let calls = value(owner, "calls").unwrap_or(0.0);
        let failures = value(owner, "failures").unwrap_or(0.0);
        let a_call = if calls > 0.0 { secs(owner) * 1000.0 / calls } else { 0.0 };
        let bytes = now.get(&(owner.clone(), "memory_peak_bytes".to_owned()));
        let memory = bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{:.1}", bytes / 1_048_576.0));
        text.push_str(&format!(
            "{owner:<40} {:>10.1} {:>10.1} {a_call:>10.2} {memory:>10}\n",
            calls / per,
            failures / per
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "# TYPE doorward_plugin_calls_total counter\n\
        doorward_requests_total{route=\"/ok\"} 9\n\
        doorward_plugin_calls_total{plugin=\"a\"} 10\ndoorward_plugin_calls_total{plugin=\"b\"} 2\n\
        doorward_plugin_seconds_total{plugin=\"a\"} 0.010000\ndoorward_plugin_seconds_total{plugin=\"b\"} 0.500000\n\
        doorward_plugin_memory_peak_bytes{plugin=\"a\"} 1048576\n\
        doorward_plugin_limit_hits_total{plugin=\"a\",limit=\"call_ms\"} 3\n\
        doorward_script_calls_total{script=\"hooks/x.rhai\"} 4\n";

    #[test]
    fn who_takes_most_time_stands_first() {
        let now = sample(METRICS);
        let shown = table(&now, &Sample::new(), None);
        let lines: Vec<Vec<&str>> = shown.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["plugin", "b", "2.0", "0.0", "250.00", "-"]);
        assert_eq!(lines[1], ["plugin", "a", "10.0", "0.0", "1.00", "1.0"]);
        assert_eq!(lines[2], ["script", "hooks/x.rhai", "4.0", "0.0", "0.00", "-"]);
        let none = table(&now, &now, Some(Duration::from_secs(2)));
        assert!(none.lines().nth(1).is_some_and(|line| line.contains(" 0.0 ")), "{none}");
    }
}
