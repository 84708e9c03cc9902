//! Time as a value: milliseconds since the Unix epoch, and the port that tells the present.

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// A moment: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment as ISO-8601 in UTC with milliseconds: `2026-11-22T08:41:23.051Z`.
    pub fn to_iso(self) -> String {
        let nanos = i128::from(self.0) * 1_000_000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        // Each session check writes five of them: as text that grows they were a tenth of all it computes.
        let mut write = |place: Range<usize>, mut number: u32| {
            for digit in text.get_mut(place).into_iter().flatten().rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        };
        write(0..4, at.year().unsigned_abs());
        write(5..7, u8::from(at.month()).into());
        write(8..10, at.day().into());
        write(11..13, at.hour().into());
        write(14..16, at.minute().into());
        write(17..19, at.second().into());
        write(20..23, at.millisecond().into());
        str::from_utf8(&text).unwrap_or_default().to_owned()
    }

    /// Reads an ISO-8601 date with a time zone; fractions below a millisecond are cut.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let at = parse_own(text).or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok())?;
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

/// Reads the form that [`Timestamp::to_iso`] writes, which is what the database holds.
fn parse_own(text: &str) -> Option<OffsetDateTime> {
    let bytes: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let is_it = bytes.iter().zip(b"0000-00-00T00:00:00.000Z").all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        sign => byte == sign,
    });
    let number = |place: Range<usize>| {
        let digits = bytes.get(place).filter(|_| is_it)?;
        Some(digits.iter().fold(0_u16, |number, digit| number * 10 + u16::from(digit - b'0')))
    };
    let short = |place| number(place).and_then(|number| u8::try_from(number).ok());
    let month = Month::try_from(short(5..7)?).ok()?;
    let date = Date::from_calendar_date(number(0..4)?.into(), month, short(8..10)?).ok()?;
    let time = Time::from_hms_milli(short(11..13)?, short(14..16)?, short(17..19)?, number(20..23)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
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

/// Keeps this thread at work, as an interruption does by the thread's clock.
#[cfg(test)]
pub fn work(how_long: Duration) {
    let begin = processor_time();
    while processor_time() - begin < how_long {
        std::hint::spin_loop();
    }
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
        for text in ["yesterday", "2026-13-01T00:00:00.000Z", "2026-02-29T00:00:00.000Z", "2026-11-22T24:00:00.000Z"] {
            assert!(Timestamp::parse_iso(text).is_none(), "{text}");
        }
        let written = |secs: i64| Timestamp(secs * 1000 + 7).to_iso();
        for secs in (0..4_000_000_000).step_by(9_999_991) {
            let at = Timestamp::parse_iso(&written(secs)).unwrap();
            assert_eq!(at.0, secs * 1000 + 7, "{}", written(secs));
            assert_eq!(
                Some(at),
                Timestamp::parse_iso(&written(secs).replace('Z', "+00:00")),
                "as the library reads it"
            );
        }
    }
}
