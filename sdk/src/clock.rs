//! The time, as the host keeps it.
//!
//! ```
//! use doorward_sdk::clock;
//! # doorward_sdk::fake::reset();
//! let in_an_hour = clock::iso_text(clock::now_millis() + 3_600_000);
//! assert!(in_an_hour > clock::iso_text(clock::now_millis()));
//! ```

use crate::host;

const DAY_MILLIS: u64 = 86_400_000;

/// Milliseconds since 1970-01-01 UTC.
///
/// ```
/// use doorward_sdk::{clock, fake};
/// # fake::reset();
/// let asked_at = clock::now_millis();
/// fake::pass_secs(90);
/// assert_eq!(clock::now_millis() - asked_at, 90_000);
/// ```
pub fn now_millis() -> u64 {
    host::clock::now_millis()
}

/// A moment as dates are written everywhere: `2026-11-22T08:41:23.051Z`. Until the year 9999 texts compare as their moments
/// do.
///
/// ```
/// use doorward_sdk::clock;
/// assert_eq!(clock::iso_text(1_795_336_883_051), "2026-11-22T08:41:23.051Z");
/// ```
pub fn iso_text(millis: u64) -> String {
    let (days, rest) = (millis / DAY_MILLIS, millis % DAY_MILLIS);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1000)
}

/// Year, month and day of a count of days since 1970-01-01, by Howard Hinnant's `civil_from_days`: years begin in March, so
/// that the leap day is the last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_dates() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (1_795_336_883_051, "2026-11-22T08:41:23.051Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso_text(millis), expected);
        }
    }
}
