//! Spans of time as people write them: `15m`, `1 hour`, `7 days`.
//!
//! Source: the reference's format, which its option `expirationTime` and the `exp` of a payload share.

const MINUTE: f64 = 60.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

/// Longer spans than this many seconds are no spans.
const LONGEST: f64 = 1e11;

/// Seconds, rounded; negative for `-5m` and `5m ago`. None for anything that is no span.
pub fn seconds(text: &str) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    let ago = text.strip_suffix(" ago");
    let directed = ago.or_else(|| text.strip_suffix(" from now"));
    let signed = text.strip_prefix(['+', '-']).map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
    if directed.is_some() && signed.is_some() {
        return None;
    }
    let is_negative = ago.is_some() || text.starts_with('-');
    let span = magnitude(directed.or(signed).unwrap_or(&text))?.round();
    (span <= LONGEST).then_some(if is_negative { -span as i64 } else { span as i64 })
}

fn magnitude(text: &str) -> Option<f64> {
    let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?);
    let is_number = number.split('.').count() <= 2 && number.split('.').all(|digits| !digits.is_empty());
    let amount: f64 = number.parse().ok().filter(|_| is_number)?;
    Some(amount * unit_seconds(unit.strip_prefix(' ').unwrap_or(unit))?)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7.0 * DAY,
        "mo" | "month" | "months" => 30.0 * DAY,
        "y" | "yr" | "yrs" | "year" | "years" => 365.25 * DAY,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn spans_are_read() {
        let cases = [
            ("15m", Some(900)),
            ("1h", Some(3600)),
            ("1 Hour", Some(3600)),
            ("7d", Some(604_800)),
            ("1.5 hours", Some(5400)),
            ("+ 30s", Some(30)),
            ("-30s", Some(-30)),
            ("2 hours ago", Some(-7200)),
            ("2 weeks from now", Some(1_209_600)),
            ("1y", Some(31_557_600)),
            ("1mo", Some(2_592_000)),
            ("-1h ago", None),
            ("15", None),
            ("m", None),
            ("1..5h", None),
            ("1.h", None),
            ("1  h", None),
            ("99999999999999y", None),
            ("", None),
            ("1 fortnight", None),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), expected, "{text:?}");
        }
    }
}
