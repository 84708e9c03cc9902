//! Time as a value: milliseconds since the Unix epoch, and the port that tells the present.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment as ISO-8601 in UTC with milliseconds: `2026-11-22T08:41:23.051Z`.
    pub fn to_iso(self) -> String {
        let nanos = i128::from(self.0) * 1_000_000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let date =
            [(at.year().unsigned_abs(), 4, '-'), (u8::from(at.month()).into(), 2, '-'), (at.day().into(), 2, 'T')];
        let time = [(at.hour().into(), 2, ':'), (at.minute().into(), 2, ':'), (at.second().into(), 2, '.')];
        // Each session check writes five of them, and `format!` was 3 % of all it costs.
        let mut text = String::with_capacity(24);
        for (number, digits, end) in date.into_iter().chain(time).chain([(at.millisecond().into(), 3, 'Z')]) {
            let digit = |place| char::from_digit(number / 10_u32.pow(place) % 10, 10).unwrap_or('0');
            text.extend((0..digits).rev().map(digit));
            text.push(end);
        }
        text
    }

    /// Reads an ISO-8601 date with a time zone; fractions below a millisecond are cut.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self)
    }

    /// The moment `secs` seconds later (earlier when negative).
    #[must_use]
    pub fn plus_secs(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs.saturating_mul(1000)))
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// Tells the present moment. Injected, so that tests can move time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// How long this thread has had a processor, whatever else the machine did.
#[cfg(unix)]
pub fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (secs, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(secs.unwrap_or_default(), nanos.unwrap_or_default())
}

/// Where the system does not tell, all time counts.
#[cfg(not(unix))]
pub fn processor_time() -> Duration {
    static BEGIN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGIN.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_round_trip() {
        for text in ["2026-11-22T08:41:23.051Z", "1970-01-01T00:00:00.000Z", "2038-01-19T03:14:08.999Z"] {
            assert_eq!(Timestamp::parse_iso(text).unwrap().to_iso(), text);
        }
        assert_eq!(Timestamp::parse_iso("2026-11-22T10:41:23+02:00").unwrap().to_iso(), "2026-11-22T08:41:23.000Z");
        assert!(Timestamp::parse_iso("yesterday").is_none());
    }
}
