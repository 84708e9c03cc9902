//! Numbers of one name, and how Prometheus reads them.

use std::fmt::Write as _;

use super::histogram::{BOUNDS, Distribution};

/// Numbers of one name, which differ in their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// As Prometheus names it.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// How its numbers change.
    pub kind: Kind,
    /// The numbers.
    pub samples: Vec<Sample>,
}

/// How numbers change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They grow.
    Counter,
    /// They go up and down.
    Gauge,
    /// They are distributions, which grow.
    Histogram,
}

/// One number.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names and values, none of which a client chose.
    pub labels: Vec<(&'static str, String)>,
    /// The number itself.
    pub number: Number,
}

/// A number of one of three forms.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// A count.
    Whole(u64),
    /// Seconds.
    Secs(f64),
    /// Of a [`Kind::Histogram`].
    Distribution(Distribution),
}

impl Family {
    /// One number without labels.
    pub fn of_one(name: &'static str, kind: Kind, help: &'static str, number: u64) -> Self {
        Self { name, help, kind, samples: vec![Sample { labels: Vec::new(), number: Number::Whole(number) }] }
    }
}

/// The text that Prometheus reads. Families without numbers are left out.
pub fn render(families: &[Family]) -> String {
    let mut text = String::new();
    for Family { name, help, kind, samples } in families.iter().filter(|family| !family.samples.is_empty()) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a string cannot fail.
        _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for Sample { labels, number } in samples {
            match number {
                Number::Whole(number) => _ = writeln!(text, "{name}{} {number}", written(labels, None)),
                Number::Secs(secs) => _ = writeln!(text, "{name}{} {secs:.6}", written(labels, None)),
                Number::Distribution(distribution) => write_distribution(&mut text, name, labels, distribution),
            }
        }
    }
    text
}

/// Prometheus counts what is no longer than a bound, shorter ones included.
fn write_distribution(text: &mut String, name: &str, labels: &[(&str, String)], distribution: &Distribution) {
    let mut sum = 0;
    for (place, count) in distribution.counts.iter().enumerate() {
        sum += count;
        let bound = BOUNDS.get(place).map_or_else(|| "+Inf".to_owned(), f64::to_string);
        _ = writeln!(text, "{name}_bucket{} {sum}", written(labels, Some(&bound)));
    }
    let labels = written(labels, None);
    _ = writeln!(text, "{name}_sum{labels} {:.6}\n{name}_count{labels} {sum}", distribution.sum_secs);
}

fn written(labels: &[(&str, String)], bound: Option<&str>) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    let labels: Vec<String> = labels.chain(bound.map(|bound| format!("le=\"{bound}\""))).collect();
    if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::Histogram;

    #[test]
    fn a_distribution_counts_up_to_all_of_them() {
        let histogram = Histogram::default();
        for millis in [2, 30, 9000] {
            histogram.record(Duration::from_millis(millis));
        }
        let labels = vec![("script", "a \"b\"\\c\n".to_owned())];
        let sample = Sample { labels, number: Number::Distribution(histogram.read()) };
        let empty = Family::of_one("empty", Kind::Gauge, "Nothing.", 0);
        let text = render(&[
            Family { name: "took", help: "Time.", kind: Kind::Histogram, samples: vec![sample] },
            Family { samples: Vec::new(), ..empty },
        ]);
        let label = r#"script="a \"b\"\\c\n""#;
        assert!(text.starts_with("# HELP took Time.\n# TYPE took histogram\n"), "{text}");
        for line in [
            format!("took_bucket{{{label},le=\"0.001\"}} 0\n"),
            format!("took_bucket{{{label},le=\"0.0025\"}} 1\n"),
            format!("took_bucket{{{label},le=\"0.05\"}} 2\n"),
            format!("took_bucket{{{label},le=\"+Inf\"}} 3\n"),
            format!("took_sum{{{label}}} 9.032000\n"),
            format!("took_count{{{label}}} 3\n"),
        ] {
            assert!(text.contains(&line), "{line} is not in {text}");
        }
        assert!(!text.contains("empty"));
    }
}
