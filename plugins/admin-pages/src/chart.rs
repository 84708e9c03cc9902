//! The chart of sign-ins by the hour, drawn here as SVG.

use doorward_sdk::prelude::*;
use std::fmt::Write as _;

const WIDTH: u64 = 720;
const HEIGHT: u64 = 168;
/// Room for the hours below the bars.
const FOOT: u64 = 22;
/// Room for numbers on the left.
const SIDE: u64 = 34;

/// One hour.
struct Hour {
    /// `14:00`
    label: String,
    done: u64,
    refused: u64,
}

/// The chart, with `title` for each bar from `say(hour, sign-ins, failures)`; none when there is nothing to draw.
pub fn chart(counts: &Value, say: &impl Fn(&str, u64, u64) -> String) -> Option<Value> {
    let hours: Vec<Hour> = counts.get("hours")?.as_array()?.iter().filter_map(hour).collect();
    let last = u64::try_from(hours.len()).ok().filter(|count| *count > 0)?;
    let top = step(hours.iter().map(|hour| hour.done + hour.refused).max().unwrap_or(0));
    let step = (WIDTH - SIDE) / last;
    let plot = HEIGHT - FOOT;
    let tall = |count: u64| count * (plot - 12) / top;
    let mut drawn = String::new();
    for part in 0..=2 {
        let (y, number) = (plot - part * (plot - 12) / 2, top * part / 2);
        _ = write!(drawn, r#"<line class="grid" x1="{SIDE}" x2="{WIDTH}" y1="{y}" y2="{y}"/>"#);
        if part == 0 || number * 2 == top * part {
            _ = write!(drawn, r#"<text class="tick" x="{}" y="{}" text-anchor="end">{number}</text>"#, SIDE - 8, y + 4);
        }
    }
    for (place, hour) in (0..).zip(&hours) {
        let x = SIDE + place * step + 3;
        let (width, done, refused) = (step - 6, tall(hour.done), tall(hour.refused));
        let title = escaped(&say(&hour.label, hour.done, hour.refused));
        _ = write!(
            drawn,
            r#"<g class="hour"><title>{title}</title><rect class="hit" x="{}" y="0" width="{step}" height="{plot}"/>"#,
            x - 3
        );
        bar(&mut drawn, "done", (x, plot - done), (width, done));
        bar(&mut drawn, "refused", (x, plot - done - refused), (width, refused));
        drawn.push_str("</g>");
        if place % 4 == 0 {
            let middle = x + width / 2;
            _ = write!(
                drawn,
                r#"<text class="tick" x="{middle}" y="{}" text-anchor="middle">{}</text>"#,
                HEIGHT - 4,
                hour.label
            );
        }
    }
    let sum = |part: fn(&Hour) -> u64| hours.iter().map(part).sum::<u64>();
    let rows: Vec<Value> =
        hours.iter().map(|hour| json!({ "label": hour.label, "done": hour.done, "refused": hour.refused })).collect();
    Some(json!({
        "width": WIDTH, "height": HEIGHT, "inner": drawn, "rows": rows,
        "done": sum(|hour| hour.done), "refused": sum(|hour| hour.refused),
    }))
}

fn hour(value: &Value) -> Option<Hour> {
    let from = value.get("from")?.as_str()?;
    let number = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or(0);
    Some(Hour { label: from.get(11..16)?.to_owned(), done: number("signIns"), refused: number("failures") })
}

fn bar(drawn: &mut String, class: &str, (x, y): (u64, u64), (width, height): (u64, u64)) {
    if height > 0 {
        _ = write!(drawn, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="2"/>"#);
    }
}

/// The number at the top of the chart: even, and easy to read.
fn step(most: u64) -> u64 {
    let mut size = 2;
    while size < most {
        size = match size.to_string().chars().next() {
            Some('2') if size >= 20 => size / 2 * 5,
            Some('2') => size * 2,
            Some('4') => 10,
            _ => size * 2,
        };
    }
    size
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(u64, u64)]) -> Value {
        let hours: Vec<Value> = (0..)
            .zip(pairs)
            .map(|(hour, (done, refused))| json!({ "from": format!("2026-01-01T{hour:02}:00:00.000Z"), "signIns": done, "failures": refused }))
            .collect();
        json!({ "hours": hours })
    }

    #[test]
    fn the_top_is_a_round_number_that_halves() {
        for (most, top) in
            [(0, 2), (2, 2), (3, 4), (5, 10), (11, 20), (21, 50), (51, 100), (101, 200), (201, 500), (900, 1000)]
        {
            assert_eq!(step(most), top, "{most}");
        }
    }

    #[test]
    fn bars_stand_on_each_other_and_sums_are_told() {
        let drawn =
            chart(&counts(&[(8, 2), (0, 0), (4, 0)]), &|hour, done, _| format!("{hour} <{done}>")).expect("a chart");
        let inner = drawn["inner"].as_str().expect("text");
        assert_eq!((inner.matches("class=\"done\"").count(), inner.matches("class=\"refused\"").count()), (2, 1));
        assert!(inner.contains("<title>00:00 &lt;8&gt;</title>"), "{inner}");
        assert_eq!((&drawn["done"], &drawn["refused"]), (&json!(12), &json!(2)));
        assert!(chart(&json!({ "hours": [] }), &|_, _, _| String::new()).is_none());
    }
}
