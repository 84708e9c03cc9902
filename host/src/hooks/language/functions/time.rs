//! `now`, `time`, `iso`, `date`, and durations: moments are whole seconds since 1970, UTC.

use std::sync::Arc;

use rhai::{Engine, Map};
use time::{OffsetDateTime, UtcOffset};

use super::ports::Ports;
use crate::clock::Timestamp;
use crate::hooks::language::native::Native;

/// Gives scripts the functions of time.
pub fn register(engine: &mut Engine, ports: &Ports) {
    let clock = Arc::clone(&ports.clock);
    engine.register_fn("now", move || clock.now().as_secs());
    engine.register_fn("time", |text: &str| -> Native<i64> {
        let at = moment_from(text)
            .ok_or_else(|| format!("`{text}` is no date such as 2026-01-31 or 2026-01-31T12:00:00Z"))?;
        Ok(at.as_secs())
    });
    engine.register_fn("iso", |secs: i64| Timestamp(secs.saturating_mul(1000)).to_iso());
    engine.register_fn("date", |secs: i64| date(secs, UtcOffset::UTC));
    engine.register_fn("date", |secs: i64, offset: &str| {
        let offset = offset_from(offset).ok_or_else(|| format!("`{offset}` is no offset such as +01:00"))?;
        date(secs, offset)
    });
    for (name, secs) in [("seconds", 1), ("minutes", 60), ("hours", 3600), ("days", 86_400), ("weeks", 604_800)] {
        engine.register_fn(name, move |count: i64| -> Native<i64> {
            count.checked_mul(secs).ok_or_else(|| format!("{name}({count}) is too long").into())
        });
    }
}

/// Reads an ISO-8601 date with a time and a time zone, or a date alone: its first moment, UTC.
fn moment_from(text: &str) -> Option<Timestamp> {
    Timestamp::parse_iso(text).or_else(|| Timestamp::parse_iso(&format!("{text}T00:00:00Z")))
}

fn offset_from(text: &str) -> Option<UtcOffset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return (text == "Z").then_some(UtcOffset::UTC),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |text: &str| if text.len() == 2 { text.parse::<i8>().ok().filter(|it| *it >= 0) } else { None };
    UtcOffset::from_hms(sign * number(hours)?, sign * number(minutes)?, 0).ok()
}

fn date(secs: i64, offset: UtcOffset) -> Native<Map> {
    let at = OffsetDateTime::from_unix_timestamp(secs).ok().and_then(|at| at.checked_to_offset(offset));
    let at = at.ok_or_else(|| format!("{secs} is out of range"))?;
    let numbers = [
        ("year", i64::from(at.year())),
        ("month", i64::from(u8::from(at.month()))),
        ("day", i64::from(at.day())),
        ("hour", i64::from(at.hour())),
        ("minute", i64::from(at.minute())),
        ("second", i64::from(at.second())),
    ];
    let mut map: Map = numbers.into_iter().map(|(name, number)| (name.into(), number.into())).collect();
    map.insert("weekday".into(), at.weekday().to_string().to_lowercase().into());
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_told_in_the_zone_that_is_asked_for() {
        let at = moment_from("2026-12-31T23:30:15Z").unwrap().as_secs();
        let told = |offset: &str| {
            let map = date(at, offset_from(offset).unwrap()).unwrap();
            let number = |name: &str| map[name].as_int().unwrap();
            format!("{} {}:{} {}", number("day"), number("hour"), number("minute"), map["weekday"])
        };
        assert_eq!(told("Z"), "31 23:30 thursday");
        assert_eq!(told("+01:00"), "1 0:30 friday");
        assert_eq!(told("-05:30"), "31 18:0 thursday");
    }

    #[test]
    fn a_date_alone_is_its_first_moment() {
        assert_eq!(moment_from("1990-01-01"), moment_from("1990-01-01T00:00:00Z"));
        assert_eq!(moment_from("1990-01-01").unwrap().as_secs(), 631_152_000);
        for text in ["", "1990", "1990-01", "1990-13-01", "01/01/1990", "1990-01-01T"] {
            assert!(moment_from(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_no_offset_is_refused() {
        for text in ["", "+", "1:00", "+1:00", "+25:61", "+99:00", "+-1:00", "é", "+01:00:00", "Europe/Paris"] {
            assert!(offset_from(text).is_none(), "{text}");
        }
        assert!(date(i64::MAX, UtcOffset::UTC).is_err());
    }
}
