//! `now`, `time`, `iso`, `date`, and durations: moments are whole seconds since 1970, UTC.

use std::sync::{Arc, LazyLock};

use jiff::tz::{TimeZone, TimeZoneDatabase};
use rhai::{Engine, Map};
use time::{OffsetDateTime, UtcOffset};

use super::ports::Ports;
use crate::clock::Timestamp;
use crate::hooks::check::meant;
use crate::hooks::language::native::Native;
use crate::hooks::language::running;

/// The zones of the IANA database that the server brings, so that every node knows the same.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Gives scripts the functions of time.
pub fn register(engine: &mut Engine, ports: &Ports) {
    let clock = Arc::clone(&ports.clock);
    engine.register_fn("now", move || running::once(|| clock.now().as_secs()));
    engine.register_fn("time", |text: &str| -> Native<i64> {
        let at = moment_from(text)
            .ok_or_else(|| format!("`{text}` is no date such as 2026-01-31 or 2026-01-31T12:00:00Z"))?;
        Ok(at.as_secs())
    });
    engine.register_fn("iso", |secs: i64| Timestamp(secs.saturating_mul(1000)).to_iso());
    engine.register_fn("date", |secs: i64| date(secs, UtcOffset::UTC));
    engine.register_fn("date", |secs: i64, place: &str| {
        let offset = match zone(place)? {
            Zone::Offset(offset) => offset,
            Zone::Named(zone) => offset_at(&zone, secs).ok_or_else(|| format!("{secs} is out of range"))?,
        };
        date(secs, offset)
    });
    for (name, secs) in [("seconds", 1), ("minutes", 60), ("hours", 3600), ("days", 86_400), ("weeks", 604_800)] {
        engine.register_fn(name, move |count: i64| -> Native<i64> {
            count.checked_mul(secs).ok_or_else(|| format!("{name}({count}) is too long").into())
        });
    }
}

/// Where a date is told.
enum Zone {
    Offset(UtcOffset),
    Named(TimeZone),
}

/// Reads an offset or the name of a time zone.
///
/// # Errors
/// What is neither, with the zone that looks most like it.
fn zone(place: &str) -> Native<Zone> {
    if let Some(offset) = offset_from(place) {
        return Ok(Zone::Offset(offset));
    }
    match ZONES.get(place) {
        Ok(zone) if ZONES.available().any(|known| known.as_str().eq_ignore_ascii_case(place)) => Ok(Zone::Named(zone)),
        _ => Err(unknown_zone(place).into()),
    }
}

/// Says what is wrong with the name of a time zone, if something is.
pub fn problem_of_zone(place: &str) -> Option<String> {
    zone(place).is_err().then(|| unknown_zone(place))
}

fn unknown_zone(place: &str) -> String {
    let known: Vec<String> = ZONES.available().map(|zone| zone.as_str().to_owned()).collect();
    let meant = meant(place, known.iter().map(String::as_str));
    format!("`{place}` is no time zone such as Europe/Berlin and no offset such as +01:00{meant}")
}

/// What clocks in the zone are ahead of UTC at this moment, summer time included.
fn offset_at(zone: &TimeZone, secs: i64) -> Option<UtcOffset> {
    let at = jiff::Timestamp::from_second(secs).ok()?;
    UtcOffset::from_whole_seconds(zone.to_offset(at).seconds()).ok()
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
    fn a_zone_has_its_summer_time() {
        let told = |at: &str, place: &str| {
            let at = moment_from(at).unwrap().as_secs();
            let Zone::Named(zone) = zone(place).unwrap() else { panic!("{place} is no zone") };
            let map = date(at, offset_at(&zone, at).unwrap()).unwrap();
            format!("{} {} {}", map["day"], map["hour"], map["weekday"])
        };
        assert_eq!(told("2026-01-15T23:30:00Z", "Europe/Berlin"), "16 0 friday");
        assert_eq!(told("2026-07-15T22:30:00Z", "Europe/Berlin"), "16 0 thursday");
        // The night of the change: from 2 o'clock to 3.
        assert_eq!(told("2026-03-29T00:59:59Z", "Europe/Berlin"), "29 1 sunday");
        assert_eq!(told("2026-03-29T01:00:00Z", "Europe/Berlin"), "29 3 sunday");
        assert_eq!(told("2026-11-01T05:59:59Z", "America/New_York"), "1 1 sunday");
        assert_eq!(told("2026-11-01T06:00:00Z", "America/New_York"), "1 1 sunday");
        assert_eq!(told("2026-07-15T12:00:00Z", "Asia/Kolkata"), "15 17 wednesday");
    }

    #[test]
    fn a_misspelt_zone_is_told_with_the_nearest() {
        assert_eq!(
            problem_of_zone("Europe/Belrin").unwrap(),
            "`Europe/Belrin` is no time zone such as Europe/Berlin and no offset such as +01:00; did you mean `Europe/Berlin`?"
        );
        for place in ["", "../etc/passwd", "/usr/share/zoneinfo/UTC", "Mars/Base"] {
            assert!(problem_of_zone(place).is_some(), "{place}");
        }
        for place in ["+01:00", "Z", "UTC", "America/New_York"] {
            assert!(problem_of_zone(place).is_none(), "{place}");
        }
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
